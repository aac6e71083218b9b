#include "image/qcow2_read.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/mem.h"

/* Bits that must be 0: of an L1 entry, and of an L2 entry that is not compressed. */
#define L1_RESERVED (~(QCOW2_COPIED | QCOW2_OFFSET_MASK))
#define L2_RESERVED (~(QCOW2_COPIED | QCOW2_OFFSET_MASK | QCOW2_L2_ZERO))

void qcow2_image_release(struct qcow2_image *img)
{
	free(img->l1);
	memset(img, 0, sizeof(*img));
}

int qcow2_image_bounds(const struct qcow2_image *img, uint64_t offset, uint64_t len,
	const char *what, struct err *e)
{
	if (offset <= img->file_size && len <= img->file_size - offset)
		return 0;
	return err_set(e, ERR_INTEGRITY,
		"cut off or malformed: the file ends at byte %llu, %s lies at %llu, %llu bytes",
		(unsigned long long)img->file_size, what, (unsigned long long)offset,
		(unsigned long long)len);
}

static int load_header(struct qcow2_image *img, struct err *e)
{
	cleanup_free unsigned char *data = mem_zalloc(QCOW2_CLUSTER_SIZE, e);
	size_t got;

	if (!data || io_size(img->fd, &img->file_size, e) < 0 ||
		io_pread(img->fd, data, QCOW2_CLUSTER_SIZE, 0, &got, e) < 0)
		return -1;
	return qcow2_header_parse(&img->header, data, got, e);
}

int qcow2_image_open(struct qcow2_image *img, int fd, struct err *e)
{
	img->fd = fd;
	if (load_header(img, e) < 0)
		return -1;

	const struct qcow2_header *h = &img->header;
	uint64_t l1_len = (uint64_t)h->l1_entries * 8;
	uint64_t reftable_len = (uint64_t)h->reftable_clusters * QCOW2_CLUSTER_SIZE;
	if (qcow2_image_bounds(img, h->l1_offset, l1_len, "the L1 table", e) < 0 ||
		qcow2_image_bounds(img, h->reftable_offset, reftable_len, "the refcount table", e) <
			0)
		return -1;
	img->l1 = mem_zalloc(l1_len, e);
	if (!img->l1 || io_pread_full(fd, img->l1, l1_len, h->l1_offset, e) < 0)
		return -1;

	uint64_t needed = (h->size_bytes - 1) / QCOW2_L2_SPAN + 1;
	for (uint64_t i = needed; i < h->l1_entries; i++) {
		if (qcow2_get64(img->l1 + i * 8))
			return err_set(e, ERR_FORMAT, "L1 entry %llu lies beyond the disk's end",
				(unsigned long long)i);
	}
	return 0;
}

int qcow2_image_l2_offset(
	const struct qcow2_image *img, uint32_t l1_index, uint64_t *offset, struct err *e)
{
	uint64_t entry = qcow2_get64(img->l1 + (size_t)l1_index * 8);

	*offset = entry & QCOW2_OFFSET_MASK;
	if (entry == 0)
		return 0;
	if (entry & L1_RESERVED || *offset == 0 || *offset % QCOW2_CLUSTER_SIZE)
		return err_set(e, ERR_FORMAT, "L1 entry %u is malformed: 0x%llx", l1_index,
			(unsigned long long)entry);
	if (!(entry & QCOW2_COPIED))
		return err_set(e, ERR_FORMAT, "L1 entry %u: an L2 table that is shared", l1_index);
	return qcow2_image_bounds(img, *offset, QCOW2_CLUSTER_SIZE, "an L2 table", e);
}

int qcow2_image_load_l2(
	const struct qcow2_image *img, uint32_t l1_index, unsigned char *table, struct err *e)
{
	uint64_t offset;

	if (qcow2_image_l2_offset(img, l1_index, &offset, e) < 0)
		return -1;
	if (offset == 0) {
		memset(table, 0, QCOW2_CLUSTER_SIZE);
		return 0;
	}
	return io_pread_full(img->fd, table, QCOW2_CLUSTER_SIZE, offset, e);
}

static int decode_compressed(const struct qcow2_image *img, uint64_t entry, uint64_t guest,
	struct qcow2_cluster *c, struct err *e)
{
	uint64_t more_sectors = entry >> QCOW2_CSIZE_SHIFT & QCOW2_CSIZE_MASK;

	c->kind = QCOW2_KIND_COMPRESSED;
	c->offset = entry & ((1ull << QCOW2_CSIZE_SHIFT) - 1);
	c->len = (size_t)((more_sectors + 1) * QCOW2_SECTOR_SIZE - c->offset % QCOW2_SECTOR_SIZE);
	if (entry & QCOW2_COPIED)
		return err_set(e, ERR_FORMAT,
			"L2 entry of guest byte %llu: compressed, yet marked as not shared",
			(unsigned long long)guest);
	return qcow2_image_bounds(img, c->offset, c->len, "a compressed cluster", e);
}

int qcow2_image_decode(const struct qcow2_image *img, uint64_t entry, uint64_t guest,
	struct qcow2_cluster *c, struct err *e)
{
	*c = (struct qcow2_cluster){.kind = QCOW2_KIND_HOLE};
	if (entry == 0)
		return 0;
	if (entry & QCOW2_COMPRESSED)
		return decode_compressed(img, entry, guest, c, e);

	c->copied = (entry & QCOW2_COPIED) != 0;
	c->offset = entry & QCOW2_OFFSET_MASK;
	c->kind = entry & QCOW2_L2_ZERO ? QCOW2_KIND_ZERO : QCOW2_KIND_PLAIN;
	if (entry & L2_RESERVED || c->offset % QCOW2_CLUSTER_SIZE ||
		(c->offset == 0 && entry != QCOW2_L2_ZERO))
		return err_set(e, ERR_FORMAT, "L2 entry of guest byte %llu is malformed: 0x%llx",
			(unsigned long long)guest, (unsigned long long)entry);
	if (c->offset == 0)
		return 0;
	if (!c->copied)
		return err_set(e, ERR_FORMAT,
			"L2 entry of guest byte %llu: a plain cluster that is shared",
			(unsigned long long)guest);
	return qcow2_image_bounds(img, c->offset, QCOW2_CLUSTER_SIZE, "a cluster", e);
}
