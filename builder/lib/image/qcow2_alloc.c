#include "image/qcow2_alloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

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

/* Nothing can follow in the next cluster: what is free after the tail becomes a gap. When there
 * are too many, the smallest is given up. */
static void close_tail(struct qcow2_alloc *a)
{
	struct qcow2_gap gap = {a->tail, (size_t)(a->clusters * a->cluster_size - a->tail)};

	if (a->tail % a->cluster_size == 0)
		return;
	a->tail = 0;
	if (a->n_gaps < QCOW2_GAPS_MAX) {
		a->gaps[a->n_gaps++] = gap;
		return;
	}
	struct qcow2_gap *smallest = &a->gaps[0];
	for (size_t i = 1; i < a->n_gaps; i++) {
		if (a->gaps[i].len < smallest->len)
			smallest = &a->gaps[i];
	}
	if (gap.len > smallest->len)
		*smallest = gap;
}

static bool take_gap(struct qcow2_alloc *a, size_t len, uint64_t *offset)
{
	struct qcow2_gap *best = NULL;

	for (size_t i = 0; i < a->n_gaps; i++) {
		if (a->gaps[i].len >= len && (!best || a->gaps[i].len < best->len))
			best = &a->gaps[i];
	}
	if (!best)
		return false;
	*offset = best->offset;
	best->offset += len;
	best->len -= len;
	if (best->len == 0)
		*best = a->gaps[--a->n_gaps];
	return true;
}

int qcow2_alloc_clusters(struct qcow2_alloc *a, uint64_t n, uint64_t *offset, struct err *e)
{
	uint64_t first = a->clusters;

	close_tail(a);
	if (grow(a, first + n, e) < 0)
		return -1;
	for (uint64_t c = first; c < first + n; c++)
		a->refcounts[c] = 1;
	*offset = first * a->cluster_size;
	return 0;
}

int qcow2_alloc_bytes(struct qcow2_alloc *a, size_t len, uint64_t *offset, struct err *e)
{
	uint64_t start;

	if (!take_gap(a, len, &start)) {
		if (a->tail % a->cluster_size == 0)
			a->tail = a->clusters * a->cluster_size;
		start = a->tail;
		a->tail += len;
	}
	uint64_t last = (start + len - 1) / a->cluster_size;
	if (last >= a->clusters && grow(a, last + 1, e) < 0)
		return -1;
	for (uint64_t c = start / a->cluster_size; c <= last; c++) {
		if (a->refcounts[c] == UINT16_MAX)
			return err_set(e, ERR_INTERNAL, "refcount overflow");
		a->refcounts[c]++;
	}
	*offset = start;
	return 0;
}

bool qcow2_alloc_share(struct qcow2_alloc *a, uint64_t offset, size_t len)
{
	uint64_t first = offset / a->cluster_size;
	uint64_t last = (offset + len - 1) / a->cluster_size;

	for (uint64_t c = first; c <= last; c++) {
		if (a->refcounts[c] >= QCOW2_SHARE_MAX)
			return false;
	}
	for (uint64_t c = first; c <= last; c++)
		a->refcounts[c]++;
	return true;
}
