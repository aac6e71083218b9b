#include "image/qcow2_check.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/qcow2_refcount.h"

/* What a host cluster is used for, in the highest bits of its number of uses. */
enum { FREE, METADATA, L2_TABLE, PLAIN, COMPRESSED };
#define USE_SHIFT 29
/* The disk as it is now refers to it, and says that it is not shared. */
#define NOW (1u << 28)
#define NOT_SHARED (1u << 27)
/* The entries of this L2 table have been counted. */
#define WALKED (1u << 26)
#define USES_MAX ((1u << 26) - 1)

/* Blocks of refcounts beyond the file's end that are looked at. */
#define SPARE_BLOCKS 1024

/* An L1 table: of the disk as it is now, or of a snapshot. */
struct tree {
	const unsigned char *l1;
	uint32_t l1_entries;
	uint64_t size_bytes;
	bool now;
};

struct check {
	const struct qcow2_image *img;
	uint32_t *uses;   /* one a host cluster */
	uint64_t *places; /* with snapshots: the L1 index or guest cluster that it is used for */
	uint64_t clusters;
	unsigned char *table; /* the L2 table at hand */
	struct qcow2_refcounts refcounts;
	struct tree *trees;
	unsigned char **l1; /* those of the snapshots */
	size_t n_trees;
	bool strict;              /* the first refcount that is wrong is an error */
	struct qcow2_usage usage; /* else it is counted */
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
		if (c->uses[i])
			return two_owners(c, i, e);
		c->uses[i] = (uint32_t)METADATA << USE_SHIFT | 1;
	}
	return 0;
}

/* Note n more uses of a cluster. Snapshots may share it, at the same place. */
static int use(struct check *c, uint64_t i, unsigned kind, uint64_t place, uint32_t n,
	uint32_t marks, struct err *e)
{
	uint32_t old = c->uses[i];
	bool again = old >> USE_SHIFT == kind &&
		     (kind == COMPRESSED || (c->places && c->places[i] == place));

	if (old && !again)
		return two_owners(c, i, e);
	if ((old & USES_MAX) + n > USES_MAX)
		return err_set(e, ERR_FORMAT, "the cluster at host byte %llu has too many uses",
			(unsigned long long)i * c->img->cluster_size);
	c->uses[i] = (old | (uint32_t)kind << USE_SHIFT | marks) + n;
	if (c->places)
		c->places[i] = place;
	return 0;
}

/* The marks of a cluster to which an entry of an L1 or L2 table refers. */
static uint32_t marks_of(bool now, uint64_t entry)
{
	return now ? NOW | (entry & QCOW2_COPIED ? NOT_SHARED : 0) : 0;
}

static int use_compressed(
	struct check *c, const struct qcow2_cluster *cluster, uint32_t n, struct err *e)
{
	uint64_t last = (cluster->offset + cluster->len - 1) / c->img->cluster_size;

	for (uint64_t i = cluster->offset / c->img->cluster_size; i <= last; i++) {
		if (use(c, i, COMPRESSED, 0, n, 0, e) < 0)
			return -1;
	}
	return 0;
}

/* Count what an L2 entry refers to: n times, once for each tree that has the table. */
static int use_entry(
	struct check *c, uint64_t entry, uint64_t guest, bool now, uint32_t n, struct err *e)
{
	struct qcow2_cluster cluster;

	if (qcow2_image_decode(c->img, entry, guest, &cluster, e) < 0)
		return -1;
	if (cluster.kind == QCOW2_KIND_COMPRESSED)
		return use_compressed(c, &cluster, n, e);
	if (cluster.kind == QCOW2_KIND_ZERO && c->img->rule == QCOW2_RULE_LIMA)
		return err_set(e, ERR_UNSUPPORTED,
			"guest byte %llu: a cluster marked as zeros; a new image leaves it out",
			(unsigned long long)guest);
	if (!cluster.offset)
		return 0;
	return use(c, cluster.offset / c->img->cluster_size, PLAIN, guest / c->img->cluster_size, n,
		marks_of(now, entry), e);
}

/* Tables that several trees share are walked once. */
static int use_l2(
	struct check *c, uint32_t l1_index, uint64_t offset, uint64_t size_bytes, struct err *e)
{
	const struct qcow2_image *img = c->img;
	uint32_t *uses = &c->uses[offset / img->cluster_size];
	uint64_t guest = l1_index * img->l2_span;

	if (*uses & WALKED)
		return 0;
	*uses |= WALKED;
	if (io_pread_full(img->fd, c->table, img->cluster_size, offset, e) < 0)
		return -1;
	for (uint32_t i = 0; i < img->l2_entries; i++, guest += img->cluster_size) {
		uint64_t entry = qcow2_get64(c->table + (size_t)i * 8);

		if (entry == 0)
			continue;
		if (guest >= size_bytes && img->rule == QCOW2_RULE_LIMA)
			return err_set(e, ERR_FORMAT,
				"L2 entry of guest byte %llu: beyond the disk's end",
				(unsigned long long)guest);
		if (use_entry(c, entry, guest, *uses & NOW, *uses & USES_MAX, e) < 0)
			return -1;
	}
	return 0;
}

/* The L2 tables of all trees are counted before the first is walked. */
static int use_trees(struct check *c, bool walk, struct err *e)
{
	for (size_t t = 0; t < c->n_trees; t++) {
		const struct tree *tree = &c->trees[t];

		for (uint32_t i = 0; i < tree->l1_entries; i++) {
			uint64_t entry = qcow2_get64(tree->l1 + (size_t)i * 8);
			uint64_t offset;

			if (entry == 0)
				continue;
			if (qcow2_image_l1_decode(c->img, entry, i, &offset, e) < 0)
				return -1;
			if ((walk ? use_l2(c, i, offset, tree->size_bytes, e)
				  : use(c, offset / c->img->cluster_size, L2_TABLE, i, 1,
					    marks_of(tree->now, entry), e)) < 0)
				return -1;
		}
	}
	return 0;
}

static int own_metadata(struct check *c, struct err *e)
{
	const struct qcow2_header *h = &c->img->header;
	const struct qcow2_snapshots *s = &c->img->snapshots;
	size_t size = c->img->cluster_size;

	if (own(c, 0, size, e) < 0 || own(c, h->l1_offset, (uint64_t)h->l1_entries * 8, e) < 0 ||
		own(c, h->reftable_offset, h->reftable_clusters * size, e) < 0)
		return -1;
	if (s->n && own(c, h->snapshots_offset, s->table_len, e) < 0)
		return err_prefix(e, "snapshot table");
	for (size_t i = 0; i < s->n; i++) {
		if (own(c, s->list[i].l1_offset, (uint64_t)s->list[i].l1_entries * 8, e) < 0)
			return err_prefix(e, "snapshot %zu", i + 1);
	}
	for (uint64_t i = 0; i < c->refcounts.entries; i++) {
		uint64_t offset = qcow2_refcounts_offset(&c->refcounts, i);

		if (offset && own(c, offset, size, e) < 0)
			return err_prefix(e, "refcount block %llu", (unsigned long long)i);
	}
	return 0;
}

static int check_cluster(struct check *c, uint64_t i, uint64_t stored, struct err *e)
{
	uint32_t uses = i < c->clusters ? c->uses[i] : 0;
	uint32_t kind = uses >> USE_SHIFT, want = uses & USES_MAX;
	bool marked = uses & NOT_SHARED;
	unsigned long long at = i * c->img->cluster_size;

	if (stored != want) {
		*(stored > want ? &c->usage.leaked : &c->usage.wrong) += 1;
		c->usage.unused -= uses == 0 && i < c->clusters;
		if (!c->strict)
			return 0;
		return err_set(e, ERR_FORMAT,
			"refcount of the cluster at host byte %llu is %llu, but it has %u use%s%s",
			at, (unsigned long long)stored, want, want == 1 ? "" : "s",
			stored > want ? " (leak)" : "");
	}
	if ((kind == L2_TABLE || kind == PLAIN) && uses & NOW && marked != (want == 1)) {
		c->usage.wrong++;
		if (c->strict)
			return err_set(e, ERR_FORMAT,
				"the cluster at host byte %llu is %smarked as not shared, but has "
				"%u use%s",
				at, marked ? "" : "not ", want, want == 1 ? "" : "s");
	}
	return 0;
}

/* Compare with one refcount block's numbers, or with zeros where there is no block. */
static int check_block(struct check *c, uint64_t block, struct err *e)
{
	uint64_t first = block * c->refcounts.block_entries;

	if (qcow2_refcounts_load(&c->refcounts, block, e) < 0)
		return -1;
	for (uint64_t i = 0; i < c->refcounts.block_entries; i++) {
		uint64_t stored = qcow2_refcounts_get(&c->refcounts, i);

		if ((stored || first + i < c->clusters) &&
			check_cluster(c, first + i, stored, e) < 0)
			return -1;
	}
	return 0;
}

static int check_blocks(struct check *c, struct err *e)
{
	uint64_t needed = (c->clusters - 1) / c->refcounts.block_entries + 1;
	uint64_t spare = 0;

	if (c->refcounts.entries < needed)
		return err_set(e, ERR_FORMAT, "refcount table too small for the file");
	for (uint64_t i = 0; i < c->refcounts.entries; i++) {
		if (i >= needed && !qcow2_refcounts_offset(&c->refcounts, i))
			continue;
		if (i >= needed && ++spare > SPARE_BLOCKS)
			return err_set(
				e, ERR_FORMAT, "far more refcount blocks than the file needs");
		if (check_block(c, i, e) < 0)
			return -1;
	}
	return 0;
}

static void count_usage(struct check *c)
{
	uint64_t *const counters[] = {&c->usage.unused, &c->usage.metadata, &c->usage.metadata,
		&c->usage.plain, &c->usage.compressed};

	c->usage = (struct qcow2_usage){.clusters = c->clusters};
	for (uint64_t i = 0; i < c->clusters; i++)
		*counters[c->uses[i] >> USE_SHIFT] += 1;
}

/* A file this much larger than all its tables can refer to is refused before memory is asked
 * for. */
static int check_file_size(const struct check *c, struct err *e)
{
	const struct qcow2_header *h = &c->img->header;
	uint64_t most = h->reftable_clusters + c->img->snapshots.table_len / c->img->cluster_size;

	for (size_t t = 0; t < c->n_trees; t++) {
		const struct tree *tree = &c->trees[t];

		most += (uint64_t)tree->l1_entries * 8 / c->img->cluster_size + 1;
		for (uint32_t i = 0; i < tree->l1_entries; i++) {
			if (qcow2_get64(tree->l1 + (size_t)i * 8))
				most += c->img->l2_entries + 1;
		}
	}
	if (c->clusters > 2 * most + 1024)
		return err_set(e, ERR_FORMAT, "the file is far larger than its disk can need");
	return 0;
}

static int load_trees(struct check *c, struct err *e)
{
	const struct qcow2_image *img = c->img;

	c->trees = mem_array(img->snapshots.n + 1, sizeof(*c->trees), e);
	c->l1 = mem_array(img->snapshots.n + 1, sizeof(*c->l1), e);
	if (!c->trees || !c->l1)
		return -1;
	c->trees[c->n_trees++] =
		(struct tree){img->l1, img->header.l1_entries, img->header.size_bytes, true};
	for (size_t i = 0; i < img->snapshots.n; i++) {
		const struct qcow2_snapshot *s = &img->snapshots.list[i];

		if (qcow2_image_load_l1(img, s, &c->l1[i], e) < 0)
			return -1;
		c->trees[c->n_trees++] =
			(struct tree){c->l1[i], s->l1_entries, s->size_bytes, false};
	}
	return 0;
}

static void release(struct check *c)
{
	for (size_t i = 0; c->l1 && i < c->img->snapshots.n; i++)
		free(c->l1[i]);
	free(c->l1);
	free(c->trees);
	free(c->uses);
	free(c->places);
	free(c->table);
	qcow2_refcounts_release(&c->refcounts);
}

/* Count all uses. Release c in any case. */
static int count(struct check *c, struct err *e)
{
	const struct qcow2_image *img = c->img;

	c->clusters = (img->file_size - 1) / img->cluster_size + 1;
	if (load_trees(c, e) < 0 || check_file_size(c, e) < 0)
		return -1;
	c->uses = mem_array(c->clusters, sizeof(*c->uses), e);
	c->table = mem_zalloc(img->cluster_size, e);
	if (!c->uses || !c->table || qcow2_refcounts_init(&c->refcounts, img, e) < 0)
		return -1;
	if (img->snapshots.n && !(c->places = mem_array(c->clusters, sizeof(*c->places), e)))
		return -1;
	if (own_metadata(c, e) < 0 || use_trees(c, false, e) < 0 || use_trees(c, true, e) < 0)
		return -1;
	count_usage(c);
	return 0;
}

int qcow2_check_owners(const struct qcow2_image *img, struct err *e)
{
	struct check c = {.img = img};
	int rc = count(&c, e);

	release(&c);
	return rc;
}

int qcow2_check_refcounts(const struct qcow2_image *img, struct err *e)
{
	struct check c = {.img = img, .strict = true};
	int rc;

	if (img->header.autoclear & QCOW2_AUTOCLEAR_BITMAPS)
		return err_set(e, ERR_UNSUPPORTED,
			"bitmaps: their refcounts are not checked here; remove them with "
			"'qemu-img bitmap --remove'");
	rc = count(&c, e);
	if (rc == 0)
		rc = check_blocks(&c, e);
	release(&c);
	return rc;
}

int qcow2_check_usage(const struct qcow2_image *img, struct qcow2_usage *usage, struct err *e)
{
	struct check c = {.img = img};
	int rc = count(&c, e);

	if (rc == 0)
		rc = check_blocks(&c, e);
	*usage = c.usage;
	release(&c);
	return rc;
}
