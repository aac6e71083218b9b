#include "image/ext4_map.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/crc32c.h"

#define EXTENT_MAGIC 0xf30a
#define EXTENT_SIZE 12 /* of the header, too */
#define EXTENT_DEPTH_MAX 5
#define EXTENT_INIT_MAX 32768
#define BLOCKS_MAX ((uint64_t)1 << 32) /* in a file */
#define DIRECT 12
#define SHARED_BLOCKS_MAX 64

struct walk {
	struct ext4_fs *fs;
	const struct ext4_inode *inode;
	struct ext4_map *map;
	uint64_t next; /* no block of the file before this one may come */
	bool shared;
	unsigned left; /* shared: blocks of the map that may be read */
};

void ext4_map_release(struct ext4_map *m)
{
	free(m->runs);
	*m = (struct ext4_map){0};
}

static int claim(struct walk *w, uint64_t start, uint64_t n, struct err *e)
{
	return w->shared ? ext4_fs_check(w->fs, start, n, e) : ext4_fs_claim(w->fs, start, n, e);
}

/* Blocks block to block + n - 1 of the file are those from start on, or a hole that has blocks. */
static int add_run(
	struct walk *w, uint64_t block, uint64_t start, uint64_t n, bool hole, struct err *e)
{
	struct ext4_map *m = w->map;
	struct ext4_run *last = m->n > 0 ? &m->runs[m->n - 1] : NULL;

	if (n == 0 || block < w->next || block >= BLOCKS_MAX || n > BLOCKS_MAX - block)
		return err_set(e, ERR_FORMAT, "the map of inode %u is out of order", w->inode->ino);
	if (claim(w, start, n, e) < 0)
		return -1;
	w->next = block + n;
	if (hole)
		return 0;
	if (last && last->block + last->n == block && last->start + last->n == start) {
		last->n += n;
		return 0;
	}
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 8;
		struct ext4_run *more = mem_resize(m->runs, cap, sizeof(*more), e);

		if (!more)
			return -1;
		m->runs = more;
		m->cap = cap;
	}
	m->runs[m->n++] = (struct ext4_run){block, start, n};
	return 0;
}

/* A block of the map itself. The caller frees *data. */
static int read_map_block(struct walk *w, uint64_t block, unsigned char **data, struct err *e)
{
	*data = NULL;
	if (claim(w, block, 1, e) < 0)
		return -1;
	if (w->shared && w->left-- == 0)
		return err_set(e, ERR_FORMAT, "the map of inode %u is too large", w->inode->ino);
	*data = mem_zalloc(w->fs->block_size, e);
	return *data ? ext4_fs_block(w->fs, block, *data, e) : -1;
}

static int malformed(const struct walk *w, struct err *e)
{
	return err_set(e, ERR_FORMAT, "the extents of inode %u are malformed", w->inode->ino);
}

static int check_extents(
	const struct walk *w, const unsigned char *node, size_t size, unsigned depth, struct err *e)
{
	unsigned n = ext4_le16(node + 2);
	unsigned max = ext4_le16(node + 4);

	if (ext4_le16(node) != EXTENT_MAGIC || n > max || ext4_le16(node + 6) != depth ||
		(n == 0 && depth > 0) || max > (size - EXTENT_SIZE) / EXTENT_SIZE)
		return malformed(w, e);
	/* The inode's own checksum covers the root. */
	size_t tail = EXTENT_SIZE * ((size_t)max + 1);
	if (size == EXT4_INODE_MAP_SIZE || !w->fs->checksums)
		return 0;
	if (tail + 4 > size || crc32c(w->inode->seed, node, tail) != ext4_le32(node + tail))
		return err_set(e, ERR_FORMAT, "the checksum of the extents of inode %u is wrong",
			w->inode->ino);
	return 0;
}

static int add_extent(struct walk *w, const unsigned char *p, struct err *e)
{
	uint64_t n = ext4_le16(p + 4);
	bool hole = n > EXTENT_INIT_MAX;

	return add_run(w, ext4_le32(p), ext4_le32(p + 8) | (uint64_t)ext4_le16(p + 6) << 32,
		hole ? n - EXTENT_INIT_MAX : n, hole, e);
}

/* Depth is at most EXTENT_DEPTH_MAX, and less by one at each call. */
static int walk_extents(
	struct walk *w, const unsigned char *node, size_t size, unsigned depth, struct err *e)
{
	if (check_extents(w, node, size, depth, e) < 0)
		return -1;
	for (unsigned i = 1; i <= ext4_le16(node + 2); i++) {
		const unsigned char *p = node + (size_t)i * EXTENT_SIZE;
		cleanup_free unsigned char *below = NULL;

		if (depth == 0) {
			if (add_extent(w, p, e) < 0)
				return -1;
			continue;
		}
		uint64_t block = ext4_le32(p + 4) | (uint64_t)ext4_le16(p + 8) << 32;
		if (ext4_le32(p) < w->next)
			return malformed(w, e);
		if (read_map_block(w, block, &below, e) < 0 ||
			walk_extents(w, below, w->fs->block_size, depth - 1, e) < 0)
			return -1;
	}
	return 0;
}

/* How many blocks of the file one pointer covers. */
static uint64_t covered(const struct walk *w, unsigned depth)
{
	uint64_t n = 1;

	for (; depth > 0; depth--)
		n *= w->fs->block_size / 4;
	return n;
}

/* n pointers for the file from its block on; depth: blocks of pointers between them and data. */
static int walk_pointers(struct walk *w, const unsigned char *pointers, size_t n, unsigned depth,
	uint64_t block, struct err *e)
{
	for (size_t i = 0; i < n; i++, block += covered(w, depth)) {
		cleanup_free unsigned char *below = NULL;
		uint32_t start = ext4_le32(pointers + i * 4);

		if (start == 0)
			continue;
		if (depth == 0) {
			if (add_run(w, block, start, 1, false, e) < 0)
				return -1;
			continue;
		}
		if (read_map_block(w, start, &below, e) < 0 ||
			walk_pointers(w, below, w->fs->block_size / 4, depth - 1, block, e) < 0)
			return -1;
	}
	return 0;
}

static int walk_block_map(struct walk *w, const unsigned char *pointers, struct err *e)
{
	uint64_t block = DIRECT;

	if (walk_pointers(w, pointers, DIRECT, 0, 0, e) < 0)
		return -1;
	for (unsigned depth = 1; depth <= 3; depth++) {
		const unsigned char *p = pointers + (size_t)(DIRECT + depth - 1) * 4;

		if (walk_pointers(w, p, 1, depth, block, e) < 0)
			return -1;
		block += covered(w, depth);
	}
	return 0;
}

static int walk_map(struct walk *w, struct err *e)
{
	const unsigned char *map = w->inode->raw + EXT4_INODE_MAP;

	w->map->n = 0;
	if (!(w->inode->flags & EXT4_FLAG_EXTENTS))
		return walk_block_map(w, map, e);
	unsigned depth = ext4_le16(map + 6);
	if (depth > EXTENT_DEPTH_MAX)
		return malformed(w, e);
	return walk_extents(w, map, EXT4_INODE_MAP_SIZE, depth, e);
}

int ext4_map_read(
	struct ext4_fs *fs, const struct ext4_inode *inode, struct ext4_map *m, struct err *e)
{
	struct walk w = {.fs = fs, .inode = inode, .map = m};

	return walk_map(&w, e);
}

int ext4_map_read_shared(
	struct ext4_fs *fs, const struct ext4_inode *inode, struct ext4_map *m, struct err *e)
{
	struct walk w = {
		.fs = fs, .inode = inode, .map = m, .shared = true, .left = SHARED_BLOCKS_MAX};

	return walk_map(&w, e);
}
