#include "image/qcow2_alloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/qcow2_format.h"

void qcow2_alloc_release(struct qcow2_alloc *a)
{
	free(a->refcounts);
	memset(a, 0, sizeof(*a));
}

/* Make the file `clusters` long; the new ones have no references. */
static int grow(struct qcow2_alloc *a, uint64_t clusters, struct err *e)
{
	if (clusters > a->capacity) {
		size_t capacity = a->capacity ? a->capacity : 1024;
		while (capacity < clusters)
			capacity *= 2;
		uint16_t *refcounts = mem_resize(a->refcounts, capacity, sizeof(*a->refcounts), e);
		if (!refcounts)
			return -1;
		a->refcounts = refcounts;
		a->capacity = capacity;
	}
	for (; a->clusters < clusters; a->clusters++)
		a->refcounts[a->clusters] = 0;
	return 0;
}

int qcow2_alloc_clusters(struct qcow2_alloc *a, uint64_t n, uint64_t *offset, struct err *e)
{
	uint64_t first = a->clusters;

	if (grow(a, first + n, e) < 0)
		return -1;
	for (uint64_t c = first; c < first + n; c++)
		a->refcounts[c] = 1;
	*offset = first * QCOW2_CLUSTER_SIZE;
	return 0;
}

int qcow2_alloc_bytes(struct qcow2_alloc *a, size_t len, uint64_t *offset, struct err *e)
{
	uint64_t end = a->clusters * QCOW2_CLUSTER_SIZE;
	size_t used = a->tail % QCOW2_CLUSTER_SIZE;
	size_t room = used ? QCOW2_CLUSTER_SIZE - used : 0;

	/* Past the tail's cluster it goes on only when nothing else was put there meanwhile. */
	bool fits = len <= room || (room && a->tail + room == end);
	uint64_t start = fits ? a->tail : end;
	uint64_t first = start / QCOW2_CLUSTER_SIZE;
	uint64_t last = (start + len - 1) / QCOW2_CLUSTER_SIZE;

	if (last >= a->clusters && grow(a, last + 1, e) < 0)
		return -1;
	for (uint64_t c = first; c <= last; c++) {
		if (a->refcounts[c] == UINT16_MAX)
			return err_set(e, ERR_INTERNAL, "refcount overflow");
		a->refcounts[c]++;
	}
	a->tail = start + len;
	*offset = start;
	return 0;
}
