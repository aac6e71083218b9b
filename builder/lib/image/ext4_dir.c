#include "image/ext4_dir.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define TYPE_DIR 2
#define TYPE_CHECKSUM 0xde
#define HASH_HALF_MD4 1

#define TAIL_SIZE 12 /* entry that holds a leaf's checksum */
#define LEAF_SIZE (EXT4_BLOCK_SIZE - TAIL_SIZE)
#define ROOT_TABLE 32 /* where the root's and an inner node's hash tables start */
#define NODE_TABLE 8
#define ROOT_LIMIT ((EXT4_BLOCK_SIZE - ROOT_TABLE - 8) / 8) /* the last 8: checksum */
#define NODE_LIMIT ((EXT4_BLOCK_SIZE - NODE_TABLE - 8) / 8)

uint8_t ext4_dirent_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 1;
	case S_IFDIR:
		return TYPE_DIR;
	case S_IFCHR:
		return 3;
	case S_IFBLK:
		return 4;
	case S_IFLNK:
		return 7;
	default:
		return 5;
	}
}

static void put16(unsigned char *p, unsigned value)
{
	p[0] = (unsigned char)value;
	p[1] = (unsigned char)(value >> 8);
}

static void put32(unsigned char *p, uint32_t value)
{
	put16(p, value & 0xffff);
	put16(p + 2, value >> 16);
}

static size_t entry_size(size_t name_len)
{
	return (8 + name_len + 3) & ~(size_t)3;
}

static void put_entry(unsigned char *p, uint32_t ino, size_t rec_len, const char *name,
	size_t name_len, uint8_t type)
{
	put32(p, ino);
	put16(p + 4, (unsigned)rec_len);
	p[6] = (unsigned char)name_len;
	p[7] = type;
	memcpy(p + 8, name, name_len);
}

static void put_tail(unsigned char *block)
{
	unsigned char *p = block + LEAF_SIZE;

	put16(p + 4, TAIL_SIZE);
	p[7] = TYPE_CHECKSUM;
}

/* A zeroed block at the end of the buffer; valid until the next one. */
static unsigned char *new_block(struct buf *blocks, struct err *e)
{
	if (buf_reserve(blocks, EXT4_BLOCK_SIZE, e) < 0)
		return NULL;
	unsigned char *p = (unsigned char *)blocks->data + blocks->len;
	memset(p, 0, EXT4_BLOCK_SIZE + 1);
	blocks->len += EXT4_BLOCK_SIZE;
	return p;
}

/* How many entries fit into a leaf that has used bytes already. */
static size_t count_fitting(const struct ext4_dirent *entries, size_t n, size_t used)
{
	size_t i = 0;

	while (i < n && used + entry_size(entries[i].name_len) <= LEAF_SIZE)
		used += entry_size(entries[i++].name_len);
	return i;
}

/* Fill a block from used on; the last entry reaches to the checksum. */
static void fill_leaf(
	unsigned char *block, size_t used, const struct ext4_dirent *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = i + 1 < n ? entry_size(entries[i].name_len) : LEAF_SIZE - used;

		put_entry(block + used, entries[i].ino, len, entries[i].name, entries[i].name_len,
			entries[i].type);
		used += len;
	}
	put_tail(block);
}

static int build_linear(const struct ext4_dirent *entries, size_t n, uint32_t self, uint32_t parent,
	struct buf *blocks, struct err *e)
{
	unsigned char *block = new_block(blocks, e);

	if (!block)
		return -1;
	put_entry(block, self, 12, ".", 1, TYPE_DIR);
	put_entry(block + 12, parent, n > 0 ? 12 : LEAF_SIZE - 12, "..", 2, TYPE_DIR);
	fill_leaf(block, 24, entries, n);
	return 0;
}

static int compare_hashes(const void *a, const void *b)
{
	const struct ext4_dirent *x = a;
	const struct ext4_dirent *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->minor_hash != y->minor_hash)
		return x->minor_hash < y->minor_hash ? -1 : 1;
	size_t len = x->name_len < y->name_len ? x->name_len : y->name_len;
	int order = memcmp(x->name, y->name, len);
	return order ? order : (int)x->name_len - (int)y->name_len;
}

struct leaf {
	size_t first; /* entry */
	size_t n;
	uint32_t hash; /* lowest in the leaf; bit 0: it goes on from the leaf before */
};

static int split_leaves(const struct ext4_dirent *entries, size_t n, struct leaf **leaves,
	size_t *n_leaves, struct err *e)
{
	*leaves = NULL;
	*n_leaves = 0;
	for (size_t i = 0, fit, cap = 0; i < n; i += fit) {
		if (*n_leaves == cap) {
			cap = cap ? cap * 2 : 64;
			struct leaf *more = mem_resize(*leaves, cap, sizeof(struct leaf), e);
			if (!more)
				return -1;
			*leaves = more;
		}
		fit = count_fitting(entries + i, n - i, 0);
		bool goes_on = i > 0 && entries[i - 1].hash == entries[i].hash;
		(*leaves)[(*n_leaves)++] = (struct leaf){i, fit, entries[i].hash | goes_on};
	}
	return 0;
}

/* A table of n blocks from first_block on, the i-th starting with the hash of leaf i * step. The
 * first entry has no hash: limit and count are in its place. */
static void put_table(unsigned char *p, size_t limit, const struct leaf *leaves, size_t n,
	size_t step, size_t first_block)
{
	put16(p, (unsigned)limit);
	put16(p + 2, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put32(p + 8 * i, leaves[i * step].hash);
		put32(p + 8 * i + 4, (uint32_t)(first_block + i));
	}
}

static int put_root(uint32_t self, uint32_t parent, const struct leaf *leaves, size_t n_leaves,
	size_t n_inner, struct buf *blocks, struct err *e)
{
	unsigned char *block = new_block(blocks, e);

	if (!block)
		return -1;
	put_entry(block, self, 12, ".", 1, TYPE_DIR);
	put_entry(block + 12, parent, EXT4_BLOCK_SIZE - 12, "..", 2, TYPE_DIR);
	block[28] = HASH_HALF_MD4;
	block[29] = 8;           /* length of this structure */
	block[30] = n_inner > 0; /* levels below the root, less one */
	if (n_inner > 0)
		put_table(block + ROOT_TABLE, ROOT_LIMIT, leaves, n_inner, NODE_LIMIT, 1);
	else
		put_table(block + ROOT_TABLE, ROOT_LIMIT, leaves, n_leaves, 1, 1);
	return 0;
}

static int put_inner(const struct leaf *leaves, size_t n_leaves, size_t n_inner, struct buf *blocks,
	struct err *e)
{
	for (size_t i = 0; i < n_inner; i++) {
		unsigned char *block = new_block(blocks, e);
		size_t first = i * NODE_LIMIT;
		size_t n = n_leaves - first < NODE_LIMIT ? n_leaves - first : NODE_LIMIT;

		if (!block)
			return -1;
		put16(block + 4, EXT4_BLOCK_SIZE);
		put_table(
			block + NODE_TABLE, NODE_LIMIT, leaves + first, n, 1, 1 + n_inner + first);
	}
	return 0;
}

static int build_tree(struct ext4_dirent *entries, size_t n, uint32_t self, uint32_t parent,
	struct buf *blocks, struct err *e)
{
	cleanup_free struct leaf *leaves = NULL;
	size_t n_leaves;

	qsort(entries, n, sizeof(*entries), compare_hashes);
	if (split_leaves(entries, n, &leaves, &n_leaves, e) < 0)
		return -1;
	size_t n_inner = n_leaves > ROOT_LIMIT ? (n_leaves + NODE_LIMIT - 1) / NODE_LIMIT : 0;
	if (n_inner > ROOT_LIMIT)
		return err_set(e, ERR_UNSUPPORTED, "a directory of %zu entries is too large", n);
	if (put_root(self, parent, leaves, n_leaves, n_inner, blocks, e) < 0 ||
		put_inner(leaves, n_leaves, n_inner, blocks, e) < 0)
		return -1;
	for (size_t i = 0; i < n_leaves; i++) {
		unsigned char *block = new_block(blocks, e);

		if (!block)
			return -1;
		fill_leaf(block, 0, entries + leaves[i].first, leaves[i].n);
	}
	return 0;
}

int ext4_dir_build(struct ext4_dirent *entries, size_t n, uint32_t self, uint32_t parent,
	struct buf *blocks, bool *indexed, struct err *e)
{
	*indexed = count_fitting(entries, n, 24) < n;
	if (*indexed)
		return build_tree(entries, n, self, parent, blocks, e);
	return build_linear(entries, n, self, parent, blocks, e);
}
