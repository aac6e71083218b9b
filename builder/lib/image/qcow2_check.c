#include "image/qcow2_check.h"

#include "base/io.h"
#include "base/mem.h"

/* Marks a host cluster with one owner, which nothing else may refer to. */
#define OWNED (1u << 31)

struct check {
	const struct qcow2_image *img;
	uint32_t *counts; /* one a host cluster: references, or OWNED | 1 */
	uint64_t clusters;
	unsigned char table[QCOW2_CLUSTER_SIZE];
};

static int two_owners(uint64_t cluster, struct err *e)
{
	return err_set(e, ERR_FORMAT, "overlap: the cluster at host byte %llu has two uses",
		(unsigned long long)cluster * QCOW2_CLUSTER_SIZE);
}

/* Note the one owner of the clusters that [offset, offset + len) touches. */
static int own(struct check *c, uint64_t offset, uint64_t len, struct err *e)
{
	uint64_t last = (offset + len - 1) / QCOW2_CLUSTER_SIZE;

	for (uint64_t i = offset / QCOW2_CLUSTER_SIZE; i <= last; i++) {
		if (c->counts[i])
			return two_owners(i, e);
		c->counts[i] = OWNED | 1;
	}
	return 0;
}

static int share(struct check *c, uint64_t offset, uint64_t len, struct err *e)
{
	uint64_t last = (offset + len - 1) / QCOW2_CLUSTER_SIZE;

	for (uint64_t i = offset / QCOW2_CLUSTER_SIZE; i <= last; i++) {
		if (c->counts[i] & OWNED)
			return two_owners(i, e);
		if (c->counts[i] == UINT16_MAX)
			return err_set(e, ERR_FORMAT,
				"the cluster at host byte %llu has too many uses",
				(unsigned long long)i * QCOW2_CLUSTER_SIZE);
		c->counts[i]++;
	}
	return 0;
}

static int count_cluster(
	struct check *c, const struct qcow2_cluster *cluster, uint64_t guest, struct err *e)
{
	switch (cluster->kind) {
	case QCOW2_KIND_HOLE:
		return 0;
	case QCOW2_KIND_ZERO:
		return err_set(e, ERR_UNSUPPORTED,
			"guest byte %llu: a cluster marked as zeros; a new image leaves it out",
			(unsigned long long)guest);
	case QCOW2_KIND_PLAIN:
		return own(c, cluster->offset, QCOW2_CLUSTER_SIZE, e);
	case QCOW2_KIND_COMPRESSED:
		return share(c, cluster->offset, cluster->len, e);
	}
	return err_set(e, ERR_INTERNAL, "cluster of no kind");
}

static int count_l2(struct check *c, uint32_t l1_index, struct err *e)
{
	uint64_t offset;
	uint64_t guest = l1_index * QCOW2_L2_SPAN;

	if (qcow2_image_l2_offset(c->img, l1_index, &offset, e) < 0)
		return -1;
	if (offset == 0)
		return 0;
	if (own(c, offset, QCOW2_CLUSTER_SIZE, e) < 0 ||
		qcow2_image_load_l2(c->img, l1_index, c->table, e) < 0)
		return -1;
	for (uint32_t i = 0; i < QCOW2_L2_ENTRIES; i++, guest += QCOW2_CLUSTER_SIZE) {
		uint64_t entry = qcow2_get64(c->table + (size_t)i * 8);
		struct qcow2_cluster cluster;

		if (entry && guest >= c->img->header.size_bytes)
			return err_set(e, ERR_FORMAT,
				"L2 entry of guest byte %llu: beyond the disk's end",
				(unsigned long long)guest);
		if (qcow2_image_decode(c->img, entry, guest, &cluster, e) < 0)
			return -1;
		if (count_cluster(c, &cluster, guest, e) < 0)
			return -1;
	}
	return 0;
}

static int refblock_offset(const struct check *c, const unsigned char *reftable, uint64_t i,
	uint64_t *offset, struct err *e)
{
	*offset = qcow2_get64(reftable + i * 8);
	if (*offset % QCOW2_CLUSTER_SIZE)
		return err_set(e, ERR_FORMAT, "refcount table entry %llu is malformed: 0x%llx",
			(unsigned long long)i, (unsigned long long)*offset);
	if (*offset == 0)
		return 0;
	return qcow2_image_bounds(c->img, *offset, QCOW2_CLUSTER_SIZE, "a refcount block", e);
}

static int count_all(struct check *c, const unsigned char *reftable, struct err *e)
{
	const struct qcow2_header *h = &c->img->header;
	uint64_t reftable_len = (uint64_t)h->reftable_clusters * QCOW2_CLUSTER_SIZE;

	if (own(c, 0, QCOW2_CLUSTER_SIZE, e) < 0 ||
		own(c, h->l1_offset, (uint64_t)h->l1_entries * 8, e) < 0 ||
		own(c, h->reftable_offset, reftable_len, e) < 0)
		return -1;
	for (uint64_t i = 0; i < reftable_len / 8; i++) {
		uint64_t offset;

		if (refblock_offset(c, reftable, i, &offset, e) < 0)
			return -1;
		if (offset && own(c, offset, QCOW2_CLUSTER_SIZE, e) < 0)
			return err_prefix(e, "refcount block %llu", (unsigned long long)i);
	}
	for (uint32_t i = 0; i < h->l1_entries; i++) {
		if (count_l2(c, i, e) < 0)
			return -1;
	}
	return 0;
}

/* Compare with one refcount block's numbers, or with zeros where there is no block. */
static int compare_block(struct check *c, uint64_t block, uint64_t offset, struct err *e)
{
	uint64_t first = block * QCOW2_REFBLOCK_ENTRIES;

	memset(c->table, 0, QCOW2_CLUSTER_SIZE);
	if (offset && io_pread_full(c->img->fd, c->table, QCOW2_CLUSTER_SIZE, offset, e) < 0)
		return -1;
	for (uint32_t i = 0; i < QCOW2_REFBLOCK_ENTRIES; i++) {
		uint32_t want = first + i < c->clusters ? c->counts[first + i] & ~OWNED : 0;
		uint32_t stored = qcow2_get16(c->table + (size_t)i * 2);

		if (stored != want)
			return err_set(e, ERR_FORMAT,
				"refcount of the cluster at host byte %llu is %u, but it has %u "
				"use%s%s",
				(unsigned long long)(first + i) * QCOW2_CLUSTER_SIZE, stored, want,
				want == 1 ? "" : "s", stored > want ? " (leak)" : "");
	}
	return 0;
}

static int compare_all(struct check *c, const unsigned char *reftable, struct err *e)
{
	uint64_t n = (uint64_t)c->img->header.reftable_clusters * QCOW2_REFTABLE_ENTRIES;
	uint64_t needed = (c->clusters - 1) / QCOW2_REFBLOCK_ENTRIES + 1;

	if (n < needed)
		return err_set(e, ERR_FORMAT, "refcount table too small for the file");
	for (uint64_t i = 0; i < n; i++) {
		uint64_t offset;

		if (refblock_offset(c, reftable, i, &offset, e) < 0)
			return -1;
		if ((offset || i < needed) && compare_block(c, i, offset, e) < 0)
			return -1;
	}
	return 0;
}

/* A file this much larger than the disk and all tables is refused before memory is asked for. */
static int check_file_size(const struct qcow2_image *img, uint64_t clusters, struct err *e)
{
	uint64_t guest = img->header.size_bytes / QCOW2_CLUSTER_SIZE;

	if (clusters > 2 * guest + 2 * (uint64_t)img->header.l1_entries + 1024)
		return err_set(e, ERR_FORMAT, "the file is far larger than its disk can need");
	return 0;
}

int qcow2_check_refcounts(const struct qcow2_image *img, struct err *e)
{
	size_t reftable_len = (size_t)img->header.reftable_clusters * QCOW2_CLUSTER_SIZE;
	uint64_t clusters = (img->file_size - 1) / QCOW2_CLUSTER_SIZE + 1;

	if (check_file_size(img, clusters, e) < 0)
		return -1;
	cleanup_free struct check *c = mem_zalloc(sizeof(*c), e);
	cleanup_free uint32_t *counts = mem_array(clusters, sizeof(*counts), e);
	cleanup_free unsigned char *reftable = mem_zalloc(reftable_len, e);
	if (!c || !counts || !reftable)
		return -1;
	c->img = img;
	c->counts = counts;
	c->clusters = clusters;
	if (io_pread_full(img->fd, reftable, reftable_len, img->header.reftable_offset, e) < 0 ||
		count_all(c, reftable, e) < 0)
		return -1;
	return compare_all(c, reftable, e);
}
