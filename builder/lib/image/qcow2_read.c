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
	qcow2_snapshots_release(&img->snapshots);
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
	cleanup_free unsigned char *data = mem_zalloc(QCOW2_HEAD_SIZE, e);
	size_t got;

	if (!data || io_size(img->fd, &img->file_size, e) < 0 ||
		io_pread(img->fd, data, QCOW2_HEAD_SIZE, 0, &got, e) < 0)
		return -1;
	return qcow2_header_parse(&img->header, data, got, img->rule, e);
}

/* By the rule there is nothing beyond the disk's end; others may have been larger once. */
static int check_l1_rest(const struct qcow2_image *img, struct err *e)
{
	if (img->rule != QCOW2_RULE_LIMA)
		return 0;
	for (uint64_t i = img->l1_used; i < img->header.l1_entries; i++) {
		if (qcow2_get64(img->l1 + i * 8))
			return err_set(e, ERR_FORMAT, "L1 entry %llu lies beyond the disk's end",
				(unsigned long long)i);
	}
	return 0;
}

int qcow2_image_open(struct qcow2_image *img, int fd, enum qcow2_rule rule, struct err *e)
{
	const struct qcow2_header *h = &img->header;

	img->fd = fd;
	img->rule = rule;
	if (load_header(img, e) < 0)
		return -1;
	img->cluster_size = (size_t)1 << h->cluster_bits;
	img->l2_entries = (uint32_t)(img->cluster_size / 8);
	img->l2_span = (uint64_t)img->l2_entries * img->cluster_size;
	img->l1_used = (uint32_t)((h->size_bytes - 1) / img->l2_span + 1);

	uint64_t l1_len = (uint64_t)h->l1_entries * 8;
	uint64_t reftable_len = (uint64_t)h->reftable_clusters * img->cluster_size;
	if (qcow2_image_bounds(img, h->l1_offset, l1_len, "the L1 table", e) < 0 ||
		qcow2_image_bounds(img, h->reftable_offset, reftable_len, "the refcount table", e) <
			0)
		return -1;
	img->l1 = mem_zalloc(l1_len, e);
	if (!img->l1 || io_pread_full(fd, img->l1, l1_len, h->l1_offset, e) < 0 ||
		check_l1_rest(img, e) < 0)
		return -1;
	return h->snapshots ? qcow2_snapshots_load(&img->snapshots, fd, img->file_size, h, e) : 0;
}

int qcow2_image_load_l1(const struct qcow2_image *img, const struct qcow2_snapshot *snapshot,
	unsigned char **l1, struct err *e)
{
	cleanup_free unsigned char *table = mem_array(snapshot->l1_entries, 8, e);

	if (!table || io_pread_full(img->fd, table, (size_t)snapshot->l1_entries * 8,
			      snapshot->l1_offset, e) < 0)
		return -1;
	*l1 = steal_ptr(&table);
	return 0;
}

int qcow2_image_choose(struct qcow2_image *img, const char *id_or_name, struct err *e)
{
	const struct qcow2_snapshot *snapshot;
	unsigned char *l1;

	if (strcmp(id_or_name, "current") == 0)
		return 0;
	snapshot = qcow2_snapshots_find(&img->snapshots, id_or_name);
	if (!snapshot)
		return qcow2_snapshots_unknown(&img->snapshots, id_or_name, e);
	if (qcow2_image_load_l1(img, snapshot, &l1, e) < 0)
		return -1;
	free(img->l1);
	img->l1 = l1;
	img->header.l1_entries = snapshot->l1_entries;
	img->header.size_bytes = snapshot->size_bytes;
	img->l1_used = (uint32_t)((snapshot->size_bytes - 1) / img->l2_span + 1);
	return 0;
}

int qcow2_image_l1_decode(const struct qcow2_image *img, uint64_t entry, uint32_t l1_index,
	uint64_t *offset, struct err *e)
{
	*offset = entry & QCOW2_OFFSET_MASK;
	if (entry == 0)
		return 0;
	if (entry & L1_RESERVED || *offset == 0 || *offset % img->cluster_size)
		return err_set(e, ERR_FORMAT, "L1 entry %u is malformed: 0x%llx", l1_index,
			(unsigned long long)entry);
	if (img->rule == QCOW2_RULE_LIMA && !(entry & QCOW2_COPIED))
		return err_set(e, ERR_FORMAT, "L1 entry %u: an L2 table that is shared", l1_index);
	return qcow2_image_bounds(img, *offset, img->cluster_size, "an L2 table", e);
}

int qcow2_image_l2_offset(
	const struct qcow2_image *img, uint32_t l1_index, uint64_t *offset, struct err *e)
{
	return qcow2_image_l1_decode(
		img, qcow2_get64(img->l1 + (size_t)l1_index * 8), l1_index, offset, e);
}

int qcow2_image_load_l2(
	const struct qcow2_image *img, uint32_t l1_index, unsigned char *table, struct err *e)
{
	uint64_t offset;

	if (qcow2_image_l2_offset(img, l1_index, &offset, e) < 0)
		return -1;
	if (offset == 0) {
		memset(table, 0, img->cluster_size);
		return 0;
	}
	return io_pread_full(img->fd, table, img->cluster_size, offset, e);
}

static int decode_compressed(const struct qcow2_image *img, uint64_t entry, uint64_t guest,
	struct qcow2_cluster *c, struct err *e)
{
	unsigned shift = QCOW2_CSIZE_SHIFT(img->header.cluster_bits);
	uint64_t more_sectors = entry >> shift & QCOW2_CSIZE_MASK(img->header.cluster_bits);

	c->kind = QCOW2_KIND_COMPRESSED;
	c->offset = entry & ((1ull << shift) - 1);
	c->len = (size_t)((more_sectors + 1) * QCOW2_SECTOR_SIZE - c->offset % QCOW2_SECTOR_SIZE);
	if (entry & QCOW2_COPIED)
		return err_set(e, ERR_FORMAT,
			"L2 entry of guest byte %llu: compressed, yet marked as not shared",
			(unsigned long long)guest);
	if (img->rule != QCOW2_RULE_LIMA && c->offset < img->file_size &&
		img->file_size - c->offset < c->len &&
		c->len - (img->file_size - c->offset) < QCOW2_SECTOR_SIZE)
		c->len = (size_t)(img->file_size - c->offset);
	return qcow2_image_bounds(img, c->offset, c->len, "a compressed cluster", e);
}

int qcow2_image_decode(const struct qcow2_image *img, uint64_t entry, uint64_t guest,
	struct qcow2_cluster *c, struct err *e)
{
	bool zero = entry & QCOW2_L2_ZERO && img->header.version != 2;

	*c = (struct qcow2_cluster){.kind = QCOW2_KIND_HOLE};
	if (entry == 0)
		return 0;
	if (entry & QCOW2_COMPRESSED)
		return decode_compressed(img, entry, guest, c, e);

	c->offset = entry & QCOW2_OFFSET_MASK;
	c->kind = zero ? QCOW2_KIND_ZERO : QCOW2_KIND_PLAIN;
	if (entry & (zero ? L2_RESERVED : L2_RESERVED | QCOW2_L2_ZERO) ||
		c->offset % img->cluster_size || (c->offset == 0 && entry != QCOW2_L2_ZERO))
		return err_set(e, ERR_FORMAT, "L2 entry of guest byte %llu is malformed: 0x%llx",
			(unsigned long long)guest, (unsigned long long)entry);
	if (c->offset == 0)
		return 0;
	if (img->rule == QCOW2_RULE_LIMA && !(entry & QCOW2_COPIED))
		return err_set(e, ERR_FORMAT,
			"L2 entry of guest byte %llu: a plain cluster that is shared",
			(unsigned long long)guest);
	return qcow2_image_bounds(img, c->offset, img->cluster_size, "a cluster", e);
}
