#include "image/fat_read.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "image/fat_boot.h"
#include "image/fat_name.h"
#include "image/le.h"

#define EPOCH_1980 315532800
#define FAT_LEN_MAX (64u << 20)  /* 16 Mi clusters */
#define DIRECTORY_MAX (2u << 20) /* "65,536 entries" of 32 bytes */

/* Offsets in a directory entry ("Directory Structure"). */
enum {
	D_ATTRIBUTES = 11,
	D_CLUSTER_HIGH = 20,
	D_TIME = 22,
	D_DATE = 24,
	D_CLUSTER_LOW = 26,
	D_SIZE = 28,
	ATTR_VOLUME = 0x08,
	ATTR_DIRECTORY = 0x10,
	ATTR_LONG = 0x0f,
	ATTR_MASK = 0x3f,
	NAME_END = 0x00,
	NAME_FREE = 0xe5,
};

/* A directory whose entries are still to be read. */
struct pending {
	char *path;       /* "" for the root */
	uint32_t cluster; /* 0: the root of FAT12 and FAT16 */
};

struct reader {
	int fd;
	uint64_t offset; /* of the file system */
	struct fat_boot boot;
	unsigned char *fat;
	bool *owned; /* one a cluster: has an owner */
	struct tree *tree;
	struct pending *pending;
	size_t n_pending, cap_pending;
	uint32_t *chain; /* the chain at hand */
	size_t n_chain, cap_chain;
};

static uint32_t fat_entry(const struct reader *r, uint32_t cluster)
{
	if (r->boot.bits == 32)
		return le_get32(r->fat + (size_t)cluster * 4) & 0x0fffffff;
	if (r->boot.bits == 16)
		return le_get16(r->fat + (size_t)cluster * 2);
	unsigned pair = le_get16(r->fat + cluster + cluster / 2);
	return cluster % 2 ? pair >> 4 : pair & 0xfff;
}

static bool is_end(const struct reader *r, uint32_t entry)
{
	uint32_t all = r->boot.bits == 32 ? 0x0fffffff : (1u << r->boot.bits) - 1;

	return entry >= all - 7;
}

static int chain_add(struct reader *r, uint32_t cluster, struct err *e)
{
	if (r->n_chain == r->cap_chain) {
		size_t cap = r->cap_chain ? r->cap_chain * 2 : 64;
		uint32_t *more = mem_resize(r->chain, cap, sizeof(*more), e);

		if (!more)
			return -1;
		r->chain = more;
		r->cap_chain = cap;
	}
	r->chain[r->n_chain++] = cluster;
	return 0;
}

/* Collect the chain that starts at cluster and make it the caller's own; a chain that meets itself
 * or another one is refused. */
static int load_chain(struct reader *r, uint32_t cluster, struct err *e)
{
	r->n_chain = 0;
	for (;;) {
		if (cluster < 2 || cluster - 2 >= r->boot.clusters)
			return err_set(e, ERR_FORMAT, "cluster %u does not exist", cluster);
		if (r->owned[cluster - 2])
			return err_set(e, ERR_FORMAT, "cluster %u has two owners", cluster);
		r->owned[cluster - 2] = true;
		if (chain_add(r, cluster, e) < 0)
			return -1;
		cluster = fat_entry(r, cluster);
		if (is_end(r, cluster))
			return 0;
	}
}

/* "Date and Time Formats", taken as UTC; 1980 begins for what is no date. */
static int64_t parse_time(const unsigned char *entry)
{
	static const unsigned char days_in[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned date = le_get16(entry + D_DATE), time = le_get16(entry + D_TIME);
	unsigned year = 1980 + (date >> 9), month = date >> 5 & 15, day = date & 31;
	int64_t days = 0;

	if (month < 1 || month > 12 || day < 1)
		return EPOCH_1980;
	/* 2100 is the one year to 2107 where the rule of four fails. */
	for (unsigned y = 1980; y < year; y++)
		days += y % 4 == 0 && y != 2100 ? 366 : 365;
	for (unsigned m = 1; m < month; m++)
		days += days_in[m - 1] + (m == 2 && year % 4 == 0 && year != 2100);
	days += day - 1;
	return EPOCH_1980 + days * 86400 + (time >> 11) * 3600 + (time >> 5 & 63) * 60 +
	       (time & 31) * 2;
}

static int add_pending(struct reader *r, const char *path, uint32_t cluster, struct err *e)
{
	if (r->n_pending == r->cap_pending) {
		size_t cap = r->cap_pending ? r->cap_pending * 2 : 16;
		struct pending *more = mem_resize(r->pending, cap, sizeof(*more), e);

		if (!more)
			return -1;
		r->pending = more;
		r->cap_pending = cap;
	}
	char *copy = mem_strdup(path, e);
	if (!copy)
		return -1;
	r->pending[r->n_pending++] = (struct pending){.path = copy, .cluster = cluster};
	return 0;
}

/* One span for each row of neighbours in the chain. */
static int set_spans(struct reader *r, struct tree_inode *inode, struct err *e)
{
	uint64_t size = r->boot.cluster_size;
	size_t needed = (size_t)((inode->size + size - 1) / size);
	size_t n = 0;

	if (needed > r->n_chain)
		return err_set(e, ERR_FORMAT, "has fewer clusters than its size needs");
	for (size_t i = 0; i < needed; i++)
		n += i == 0 || r->chain[i] != r->chain[i - 1] + 1;
	inode->spans = tree_zalloc(r->tree, (n + 1) * sizeof(*inode->spans), e);
	if (!inode->spans)
		return -1;
	for (size_t i = 0; i < needed; i++) {
		uint64_t left = inode->size - i * size;

		if (i == 0 || r->chain[i] != r->chain[i - 1] + 1)
			inode->spans[inode->n_spans++] = (struct tree_span){
				.offset = i * size,
				.source_offset =
					r->offset + fat_boot_cluster(&r->boot, r->chain[i]),
			};
		inode->spans[inode->n_spans - 1].length += left < size ? left : size;
	}
	return 0;
}

static int add_file(struct reader *r, struct tree_inode *inode, const unsigned char *entry,
	uint32_t cluster, struct err *e)
{
	inode->mode = S_IFREG | 0644;
	inode->size = le_get32(entry + D_SIZE);
	inode->origin = TREE_DISK;
	inode->source_fd = r->fd;
	r->n_chain = 0;
	if ((inode->size > 0 || cluster != 0) && load_chain(r, cluster, e) < 0)
		return -1;
	return set_spans(r, inode, e);
}

/* Put the entry's file or directory at path. */
static int add_entry(struct reader *r, const char *path, const unsigned char *entry, struct err *e)
{
	uint32_t cluster = le_get16(entry + D_CLUSTER_LOW);
	struct tree_node *twin;

	if (r->boot.bits == 32)
		cluster |= (uint32_t)le_get16(entry + D_CLUSTER_HIGH) << 16;
	if (tree_find(r->tree, path, &twin, e) < 0)
		return -1;
	if (twin)
		return err_set(e, ERR_FORMAT, "is there twice");
	struct tree_inode *inode = tree_inode_new(r->tree, e);
	if (!inode)
		return -1;
	tree_set_mtime(r->tree, inode, parse_time(entry), 0);
	if (entry[D_ATTRIBUTES] & ATTR_DIRECTORY) {
		inode->mode = S_IFDIR | 0755;
		if (add_pending(r, path, cluster, e) < 0)
			return -1;
	} else if (add_file(r, inode, entry, cluster, e) < 0) {
		return -1;
	}
	return tree_put(r->tree, path, inode, e);
}

static bool is_dot(const unsigned char *entry)
{
	return memcmp(entry, ".          ", 11) == 0 || memcmp(entry, "..         ", 11) == 0;
}

static int read_entries(
	struct reader *r, const char *path, const unsigned char *data, size_t len, struct err *e)
{
	struct fat_long_name long_name = {0};
	char name[FAT_NAME_SIZE];

	for (size_t at = 0; at + FAT_ENTRY_SIZE <= len; at += FAT_ENTRY_SIZE) {
		const unsigned char *entry = data + at;

		if (entry[0] == NAME_END)
			break;
		if (entry[0] != NAME_FREE && (entry[D_ATTRIBUTES] & ATTR_MASK) == ATTR_LONG) {
			fat_long_name_add(&long_name, entry);
			continue;
		}
		if (entry[0] == NAME_FREE || entry[D_ATTRIBUTES] & ATTR_VOLUME || is_dot(entry)) {
			long_name = (struct fat_long_name){0};
			continue;
		}
		if (fat_name_take(&long_name, entry, name, e) < 0)
			return -1;
		cleanup_free char *child = mem_printf(e, "%s/%s", path, name);
		if (!child)
			return -1;
		if (add_entry(r, child, entry, e) < 0)
			return err_prefix(e, "%s", name);
	}
	return 0;
}

static int read_directory(struct reader *r, const struct pending *dir, struct err *e)
{
	uint64_t size = r->boot.cluster_size;
	uint64_t len = r->boot.root_len;

	if (dir->cluster) {
		if (load_chain(r, dir->cluster, e) < 0)
			return -1;
		len = r->n_chain * size;
	}
	if (len > DIRECTORY_MAX)
		return err_set(e, ERR_FORMAT, "a directory of more than 65536 entries");
	cleanup_free unsigned char *data = mem_zalloc((size_t)len, e);
	if (!data)
		return -1;
	if (!dir->cluster &&
		io_pread_full(r->fd, data, (size_t)len, r->offset + r->boot.root_offset, e) < 0)
		return -1;
	for (size_t i = 0; dir->cluster && i < r->n_chain; i++) {
		if (io_pread_full(r->fd, data + i * size, size,
			    r->offset + fat_boot_cluster(&r->boot, r->chain[i]), e) < 0)
			return -1;
	}
	return read_entries(r, dir->path, data, (size_t)len, e);
}

/* Directories in the order they are found: no recursion, however deep they are. */
static int read_all(struct reader *r, struct err *e)
{
	if (add_pending(r, "", r->boot.root_cluster, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n_pending; i++) {
		struct pending dir = r->pending[i];

		/* Only the root of FAT12 and FAT16 has no cluster. */
		if (i > 0 && dir.cluster == 0)
			return err_set(e, ERR_FORMAT, "%s: a directory without clusters", dir.path);
		if (read_directory(r, &dir, e) < 0)
			return err_prefix(e, "%s/", dir.path);
	}
	return 0;
}

static int open_fat(struct reader *r, uint64_t size_bytes, struct err *e)
{
	unsigned char data[FAT_BOOT_SIZE] = {0};
	size_t got;

	if (io_pread(r->fd, data, sizeof(data), r->offset, &got, e) < 0 ||
		fat_boot_parse(&r->boot, data, size_bytes, e) < 0)
		return -1;
	if (r->boot.fat_len > FAT_LEN_MAX)
		return err_set(e, ERR_UNSUPPORTED, "a FAT file system of more than 16 Mi clusters");
	/* FAT12 entries are read as pairs of bytes, the last one too. */
	r->fat = mem_zalloc((size_t)r->boot.fat_len + 1, e);
	r->owned = mem_array(r->boot.clusters, sizeof(*r->owned), e);
	if (!r->fat || !r->owned)
		return -1;
	return io_pread_full(
		r->fd, r->fat, (size_t)r->boot.fat_len, r->offset + r->boot.fat_offset, e);
}

static void release(struct reader *r)
{
	for (size_t i = 0; i < r->n_pending; i++)
		free(r->pending[i].path);
	free(r->pending);
	free(r->chain);
	free(r->owned);
	free(r->fat);
	tree_free(r->tree);
}

int fat_read(int fd, uint64_t offset_bytes, uint64_t size_bytes, int64_t epoch_s, struct tree **out,
	struct err *e)
{
	struct reader r = {.fd = fd, .offset = offset_bytes};
	int rc = -1;

	*out = NULL;
	if (open_fat(&r, size_bytes, e) == 0 && tree_new(&r.tree, epoch_s, e) == 0) {
		/* The root has no time of its own. */
		tree_set_mtime(r.tree, tree_root(r.tree)->inode, EPOCH_1980, 0);
		rc = read_all(&r, e);
	}
	if (rc == 0)
		*out = steal_ptr(&r.tree);
	release(&r);
	return rc;
}
