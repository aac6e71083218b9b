#include "image/qcow2_refcount.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/mem.h"

static int check_offset(const struct qcow2_refcounts *r, uint64_t i, struct err *e)
{
	uint64_t offset = qcow2_refcounts_offset(r, i);

	if (offset % r->img->cluster_size)
		return err_set(e, ERR_FORMAT, "refcount table entry %llu is malformed: 0x%llx",
			(unsigned long long)i, (unsigned long long)offset);
	if (offset == 0)
		return 0;
	return qcow2_image_bounds(r->img, offset, r->img->cluster_size, "a refcount block", e);
}

int qcow2_refcounts_init(struct qcow2_refcounts *r, const struct qcow2_image *img, struct err *e)
{
	size_t len = img->header.reftable_clusters * img->cluster_size;

	*r = (struct qcow2_refcounts){.img = img,
		.entries = len / 8,
		.block_entries = (uint64_t)img->cluster_size * 8 / img->header.refcount_bits};
	r->table = mem_zalloc(len, e);
	r->block = mem_zalloc(img->cluster_size, e);
	if (!r->table || !r->block ||
		io_pread_full(img->fd, r->table, len, img->header.reftable_offset, e) < 0)
		return -1;
	for (uint64_t i = 0; i < r->entries; i++) {
		if (check_offset(r, i, e) < 0)
			return -1;
	}
	return 0;
}

void qcow2_refcounts_release(struct qcow2_refcounts *r)
{
	free(r->table);
	free(r->block);
	*r = (struct qcow2_refcounts){0};
}

uint64_t qcow2_refcounts_offset(const struct qcow2_refcounts *r, uint64_t i)
{
	return qcow2_get64(r->table + i * 8);
}

int qcow2_refcounts_load(struct qcow2_refcounts *r, uint64_t i, struct err *e)
{
	uint64_t offset = qcow2_refcounts_offset(r, i);

	if (offset)
		return io_pread_full(r->img->fd, r->block, r->img->cluster_size, offset, e);
	memset(r->block, 0, r->img->cluster_size);
	return 0;
}

/* Widths below a byte fill it from its lowest bit on. */
uint64_t qcow2_refcounts_get(const struct qcow2_refcounts *r, uint64_t n)
{
	unsigned bits = r->img->header.refcount_bits;

	switch (bits) {
	case 64:
		return qcow2_get64(r->block + n * 8);
	case 32:
		return qcow2_get32(r->block + n * 4);
	case 16:
		return qcow2_get16(r->block + n * 2);
	default:
		return (unsigned)r->block[n * bits / 8] >> (n * bits % 8) & ((1u << bits) - 1);
	}
}
