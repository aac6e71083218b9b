#include "image/qcow2_check.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/mem.h"

/* Marks a host cluster with one owner, which nothing else may refer to. */
#define OWNED (1u << 31)

struct check {
	const struct qcow2_image *img;
	uint32_t *counts; /* one a host cluster: references, or OWNED | 1 */
	uint64_t clusters;
	unsigned char *table;    /* a cluster: the L2 table or refcount block at hand */
	unsigned char *reftable; /* the whole of it */
};

static int two_owners(const struct check *c, uint64_t cluster, struct err *e)
{
	return err_set(e, ERR_FORMAT, "overlap: the cluster at host byte %llu has two uses",
		(unsigned long long)cluster * c->img->cluster_size);
}

/* Note the one owner of the clusters that [offset, offset + len) touches. */
static int own(struct check *c, uint64_t offset, uint64_t len, struct err *e)
{
	uint64_t last = (offset + len - 1) / c->img->cluster_size;

	for (uint64_t i = offset / c->img->cluster_size; i <= last; i++) {
		if (c->counts[i])
			return two_owners(c, i, e);
		c->counts[i] = OWNED | 1;
	}
	return 0;
}

static int share(struct check *c, uint64_t offset, uint64_t len, struct err *e)
{
	uint64_t last = (offset + len - 1) / c->img->cluster_size;

	for (uint64_t i = offset / c->img->cluster_size; i <= last; i++) {
		if (c->counts[i] & OWNED)
			return two_owners(c, i, e);
		if (c->counts[i] == UINT16_MAX)
			return err_set(e, ERR_FORMAT,
				"the cluster at host byte %llu has too many uses",
				(unsigned long long)i * c->img->cluster_size);
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
		if (c->img->rule == QCOW2_RULE_LIMA)
			return err_set(e, ERR_UNSUPPORTED,
				"guest byte %llu: a cluster marked as zeros; a new image leaves it "
				"out",
				(unsigned long long)guest);
		return cluster->offset ? own(c, cluster->offset, c->img->cluster_size, e) : 0;
	case QCOW2_KIND_PLAIN:
		return own(c, cluster->offset, c->img->cluster_size, e);
	case QCOW2_KIND_COMPRESSED:
		return share(c, cluster->offset, cluster->len, e);
	}
	return err_set(e, ERR_INTERNAL, "cluster of no kind");
}

static int count_l2(struct check *c, uint32_t l1_index, struct err *e)
{
	const struct qcow2_image *img = c->img;
	uint64_t guest = l1_index * img->l2_span;
	uint64_t offset;

	if (qcow2_image_l2_offset(img, l1_index, &offset, e) < 0)
		return -1;
	if (offset == 0)
		return 0;
	if (own(c, offset, img->cluster_size, e) < 0 ||
		qcow2_image_load_l2(img, l1_index, c->table, e) < 0)
		return -1;
	for (uint32_t i = 0; i < img->l2_entries; i++, guest += img->cluster_size) {
		uint64_t entry = qcow2_get64(c->table + (size_t)i * 8);
		struct qcow2_cluster cluster;

		if (guest >= img->header.size_bytes) {
			if (entry && img->rule == QCOW2_RULE_LIMA)
				return err_set(e, ERR_FORMAT,
					"L2 entry of guest byte %llu: beyond the disk's end",
					(unsigned long long)guest);
			continue;
		}
		if (qcow2_image_decode(img, entry, guest, &cluster, e) < 0 ||
			count_cluster(c, &cluster, guest, e) < 0)
			return -1;
	}
	return 0;
}

static int refblock_offset(const struct check *c, uint64_t i, uint64_t *offset, struct err *e)
{
	*offset = qcow2_get64(c->reftable + i * 8);
	if (*offset % c->img->cluster_size)
		return err_set(e, ERR_FORMAT, "refcount table entry %llu is malformed: 0x%llx",
			(unsigned long long)i, (unsigned long long)*offset);
	if (*offset == 0)
		return 0;
	return qcow2_image_bounds(c->img, *offset, c->img->cluster_size, "a refcount block", e);
}

static int count_all(struct check *c, struct err *e)
{
	const struct qcow2_header *h = &c->img->header;
	uint64_t reftable_len = (uint64_t)h->reftable_clusters * c->img->cluster_size;

	if (own(c, 0, c->img->cluster_size, e) < 0 ||
		own(c, h->l1_offset, (uint64_t)h->l1_entries * 8, e) < 0 ||
		own(c, h->reftable_offset, reftable_len, e) < 0)
		return -1;
	for (uint64_t i = 0; i < reftable_len / 8; i++) {
		uint64_t offset;

		if (refblock_offset(c, i, &offset, e) < 0)
			return -1;
		if (offset && own(c, offset, c->img->cluster_size, e) < 0)
			return err_prefix(e, "refcount block %llu", (unsigned long long)i);
	}
	for (uint32_t i = 0; i < c->img->l1_used; i++) {
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

static int compare_all(struct check *c, struct err *e)
{
	uint64_t n = (uint64_t)c->img->header.reftable_clusters * QCOW2_REFTABLE_ENTRIES;
	uint64_t needed = (c->clusters - 1) / QCOW2_REFBLOCK_ENTRIES + 1;

	if (n < needed)
		return err_set(e, ERR_FORMAT, "refcount table too small for the file");
	for (uint64_t i = 0; i < n; i++) {
		uint64_t offset;

		if (refblock_offset(c, i, &offset, e) < 0)
			return -1;
		if ((offset || i < needed) && compare_block(c, i, offset, e) < 0)
			return -1;
	}
	return 0;
}

/* A file this much larger than the disk and all tables is refused before memory is asked for. */
static int check_file_size(const struct qcow2_image *img, uint64_t clusters, struct err *e)
{
	uint64_t guest = img->header.size_bytes / img->cluster_size;

	if (clusters > 2 * guest + 2 * (uint64_t)img->header.l1_entries + 1024)
		return err_set(e, ERR_FORMAT, "the file is far larger than its disk can need");
	return 0;
}

static void release(struct check *c)
{
	free(c->counts);
	free(c->table);
	free(c->reftable);
}

/* Count all references. Release c in any case. */
static int count(struct check *c, const struct qcow2_image *img, struct err *e)
{
	size_t reftable_len = img->header.reftable_clusters * img->cluster_size;

	c->img = img;
	c->clusters = (img->file_size - 1) / img->cluster_size + 1;
	if (check_file_size(img, c->clusters, e) < 0)
		return -1;
	c->counts = mem_array(c->clusters, sizeof(*c->counts), e);
	c->table = mem_zalloc(img->cluster_size, e);
	c->reftable = mem_zalloc(reftable_len, e);
	if (!c->counts || !c->table || !c->reftable ||
		io_pread_full(img->fd, c->reftable, reftable_len, img->header.reftable_offset, e) <
			0)
		return -1;
	return count_all(c, e);
}

int qcow2_check_owners(const struct qcow2_image *img, struct err *e)
{
	struct check c = {0};
	int rc = count(&c, img, e);

	release(&c);
	return rc;
}

int qcow2_check_refcounts(const struct qcow2_image *img, struct err *e)
{
	struct check c = {0};
	int rc = count(&c, img, e);

	if (rc == 0)
		rc = compare_all(&c, e);
	release(&c);
	return rc;
}
