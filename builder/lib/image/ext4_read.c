#include "image/ext4_read.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "image/crc32c.h"
#include "image/ext4_fs.h"
#include "image/ext4_map.h"
#include "image/ext4_xattr.h"

#define FAST_LINK_MAX 59 /* a target that is not longer is in the inode */
#define DIRENT_HEADER 8
#define DIRENT_TAIL 12 /* an entry without a name that holds the checksum */
#define TYPE_TAIL 0xde
#define INLINE_PARENT 4 /* bytes before the entries of a directory in its inode */
#define FILE_SIZE_MAX (((uint64_t)1 << 44) - 4096)
/* Bounds for what a small image may expand to. */
#define NAMES_MIN 65536
#define XATTRS_MIN ((uint64_t)16 << 20)

/* A directory whose entries are to be read. */
struct dir {
	struct tree_node *node;
	uint32_t ino;
	size_t path_len;
};

/* A place in the table of inodes that have a name; open addressing. */
struct seen {
	uint32_t ino; /* 0: free */
	struct tree_inode *inode;
};

struct reader {
	const struct ext4_read_options *opt;
	struct ext4_fs fs;
	struct tree *tree;
	struct dir *dirs;
	size_t n_dirs;
	size_t cap_dirs;
	struct seen *seen;
	size_t n_seen;
	size_t cap_seen; /* a power of two */
	uint64_t left_names;
	uint64_t left_xattr_bytes;
	int64_t newest_s;
	struct ext4_inode inode; /* the one at hand */
	unsigned char *block;    /* of the directory at hand */
};

/* --- inodes seen --- */

static struct seen *find_seen(struct seen *table, size_t cap, uint32_t ino)
{
	size_t i = (size_t)(ino * 0x9e3779b1u) & (cap - 1);

	while (table[i].ino && table[i].ino != ino)
		i = (i + 1) & (cap - 1);
	return &table[i];
}

static int add_seen(struct reader *r, uint32_t ino, struct tree_inode *inode, struct err *e)
{
	if (r->n_seen >= r->cap_seen / 2) {
		size_t cap = r->cap_seen ? r->cap_seen * 2 : 4096;
		struct seen *more = mem_array(cap, sizeof(*more), e);

		if (!more)
			return -1;
		for (size_t i = 0; i < r->cap_seen; i++) {
			if (r->seen[i].ino)
				*find_seen(more, cap, r->seen[i].ino) = r->seen[i];
		}
		free(r->seen);
		r->seen = more;
		r->cap_seen = cap;
	}
	*find_seen(r->seen, r->cap_seen, ino) = (struct seen){ino, inode};
	r->n_seen++;
	return 0;
}

/* --- contents --- */

/* What is in the inode itself; more is what its attributes held of it. */
static int set_inline(
	struct reader *r, struct tree_inode *to, const struct buf *more, struct err *e)
{
	const char *own = (const char *)r->inode.raw + EXT4_INODE_MAP;
	cleanup_buf struct buf all = {0};

	if (to->size > EXT4_INODE_MAP_SIZE + more->len)
		return err_set(
			e, ERR_FORMAT, "inode %u has less contents than its size", r->inode.ino);
	if (buf_append(&all, own, EXT4_INODE_MAP_SIZE, e) < 0 ||
		buf_append(&all, buf_str(more), more->len, e) < 0)
		return -1;
	to->origin = TREE_MEMORY;
	to->bytes = tree_strndup(r->tree, all.data, (size_t)to->size, e);
	to->spans = tree_zalloc(r->tree, sizeof(*to->spans), e);
	if (!to->bytes || !to->spans)
		return -1;
	to->spans[0].length = to->size;
	to->n_spans = to->size > 0;
	return 0;
}

/* The runs, as far as they are in the file, as spans. */
static int set_spans(
	struct reader *r, struct tree_inode *to, const struct ext4_map *map, struct err *e)
{
	uint64_t unit = r->fs.block_size;

	to->origin = TREE_DISK;
	to->source_fd = r->opt->fd;
	to->spans = map->n ? tree_zalloc(r->tree, map->n * sizeof(*to->spans), e) : NULL;
	if (map->n && !to->spans)
		return -1;
	for (size_t i = 0; i < map->n && map->runs[i].block * unit < to->size; i++) {
		const struct ext4_run *run = &map->runs[i];
		uint64_t left = to->size - run->block * unit;

		to->spans[to->n_spans++] = (struct tree_span){
			.offset = run->block * unit,
			.length = run->n * unit < left ? run->n * unit : left,
			.source_offset = r->fs.offset_bytes + run->start * unit,
		};
	}
	return 0;
}

static int set_contents(
	struct reader *r, struct tree_inode *to, const struct buf *more, struct err *e)
{
	cleanup_ext4_map struct ext4_map map = {0};

	if (to->size > FILE_SIZE_MAX)
		return err_set(
			e, ERR_FORMAT, "inode %u is larger than a file can be", r->inode.ino);
	if (r->inode.flags & EXT4_FLAG_INLINE_DATA)
		return set_inline(r, to, more, e);
	if (ext4_map_read(&r->fs, &r->inode, &map, e) < 0)
		return -1;
	return set_spans(r, to, &map, e);
}

/* The target of a link that is in a block. */
static int read_target(struct reader *r, struct buf *target, struct err *e)
{
	cleanup_ext4_map struct ext4_map map = {0};
	cleanup_free unsigned char *block = mem_zalloc(r->fs.block_size, e);

	if (!block || ext4_map_read(&r->fs, &r->inode, &map, e) < 0)
		return -1;
	for (uint64_t i = 0; target->len < r->inode.size; i++) {
		uint64_t left = r->inode.size - target->len;

		if (map.n != 1 || map.runs[0].block != 0 || map.runs[0].n <= i)
			return err_set(e, ERR_FORMAT, "symbolic link %u has a hole", r->inode.ino);
		if (ext4_fs_block(&r->fs, map.runs[0].start + i, block, e) < 0 ||
			buf_append(target, block,
				left < r->fs.block_size ? (size_t)left : r->fs.block_size, e) < 0)
			return -1;
	}
	return 0;
}

static int set_symlink(struct reader *r, struct tree_inode *to, struct buf *more, struct err *e)
{
	const char *own = (const char *)r->inode.raw + EXT4_INODE_MAP;
	bool inside = r->inode.flags & EXT4_FLAG_INLINE_DATA;
	cleanup_buf struct buf target = {0};

	if (to->size == 0 || to->size > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "the target of symbolic link %u has %llu bytes",
			r->inode.ino, (unsigned long long)to->size);
	if (inside || (!(r->inode.flags & EXT4_FLAG_EXTENTS) && to->size <= FAST_LINK_MAX)) {
		if (buf_append(&target, own, EXT4_INODE_MAP_SIZE, e) < 0 ||
			buf_append(&target, buf_str(more), more->len, e) < 0)
			return -1;
	} else if (read_target(r, &target, e) < 0) {
		return -1;
	}
	if (target.len < to->size || memchr(target.data, 0, (size_t)to->size))
		return err_set(
			e, ERR_FORMAT, "the target of symbolic link %u is malformed", r->inode.ino);
	to->target = tree_strndup(r->tree, target.data, (size_t)to->size, e);
	return to->target ? 0 : -1;
}

/* The old 8:8 form, or else the 12:20 one. */
static void set_device(struct reader *r, struct tree_inode *to)
{
	uint32_t old = ext4_le32(r->inode.raw + EXT4_INODE_MAP);
	uint32_t new = ext4_le32(r->inode.raw + EXT4_INODE_MAP + 4);

	to->device[0] = old ? old >> 8 & 0xff : new >> 8 & 0xfff;
	to->device[1] = old ? old & 0xff : (new & 0xff) | (new >> 12 & 0xfff00);
}

static int set_by_type(struct reader *r, struct tree_inode *to, struct buf *more, struct err *e)
{
	switch (to->mode & S_IFMT) {
	case S_IFREG:
		to->size = r->inode.size;
		return set_contents(r, to, more, e);
	case S_IFLNK:
		to->size = r->inode.size;
		return set_symlink(r, to, more, e);
	case S_IFCHR:
	case S_IFBLK:
		set_device(r, to);
		return 0;
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	default:
		return err_set(e, ERR_FORMAT, "inode %u is of no known type", r->inode.ino);
	}
}

/* Make a tree's inode of inode number ino. more gets the part of a directory's entries that is
 * among its attributes. */
static int read_inode(
	struct reader *r, uint32_t ino, struct tree_inode **out, struct buf *more, struct err *e)
{
	struct ext4_inode *from = &r->inode;
	struct tree_inode *to = tree_inode_new(r->tree, e);

	*out = to;
	if (!to || ext4_fs_inode(&r->fs, ino, from, e) < 0)
		return -1;
	if (from->flags & (EXT4_FLAG_ENCRYPT | EXT4_FLAG_VERITY))
		return err_set(e, ERR_UNSUPPORTED, "inode %u is %s", ino,
			from->flags & EXT4_FLAG_ENCRYPT ? "encrypted" : "protected by fs-verity");
	if (from->flags & EXT4_FLAG_EA_INODE)
		return err_set(e, ERR_FORMAT, "inode %u is no file", ino);
	to->mode = from->mode;
	to->uid = from->uid;
	to->gid = from->gid;
	tree_set_mtime(r->tree, to, from->mtime_s, from->mtime_ns);
	if (from->mtime_s > r->newest_s)
		r->newest_s = from->mtime_s;
	if (ext4_xattr_read(&r->fs, from, r->tree, to, more, &r->left_xattr_bytes, e) < 0)
		return -1;
	return set_by_type(r, to, more, e);
}

/* --- directories --- */

static int push_dir(struct reader *r, const struct dir *d, struct err *e)
{
	if (d->path_len > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "the path is longer than %d bytes", TREE_PATH_MAX);
	if (r->n_dirs == r->cap_dirs) {
		size_t cap = r->cap_dirs ? r->cap_dirs * 2 : 256;
		struct dir *more = mem_resize(r->dirs, cap, sizeof(*more), e);

		if (!more)
			return -1;
		r->dirs = more;
		r->cap_dirs = cap;
	}
	r->dirs[r->n_dirs++] = *d;
	return 0;
}

/* The inode was met for the first time: read it. */
static int make_inode(struct reader *r, uint32_t ino, struct tree_inode **inode, struct err *e)
{
	cleanup_buf struct buf more = {0};

	if (ino < r->fs.first_ino)
		return err_set(e, ERR_FORMAT, "inode %u is no file", ino);
	if (read_inode(r, ino, inode, &more, e) < 0)
		return -1;
	return add_seen(r, ino, *inode, e);
}

static int add_name(struct reader *r, const struct dir *dir, const char *name, size_t len,
	uint32_t ino, struct err *e)
{
	struct tree_inode *inode = NULL;
	struct tree_node *node;

	if (r->left_names-- == 0)
		return err_set(e, ERR_FORMAT, "there are more files than one for each KiB");
	inode = find_seen(r->seen, r->cap_seen, ino)->inode;
	if (inode && S_ISDIR(inode->mode))
		return err_set(
			e, ERR_FORMAT, "directory %u has a second name, %.*s", ino, (int)len, name);
	if (!inode && make_inode(r, ino, &inode, e) < 0)
		return err_prefix(e, "%.*s", (int)len, name);
	if (S_ISSOCK(inode->mode))
		return 0;
	if (tree_add(r->tree, dir->node, name, len, inode, &node, e) < 0)
		return -1;
	if (!S_ISDIR(inode->mode))
		return 0;
	return push_dir(r, &(struct dir){node, ino, dir->path_len + 1 + len}, e);
}

static size_t record_len(const struct reader *r, const unsigned char *p)
{
	size_t len = ext4_le16(p + 4);

	/* Blocks of 64 KiB have one that does not fit. */
	return r->fs.block_size == 65536 && (len == 65535 || len == 0) ? 65536 : len;
}

/* The entries in size bytes, which are a block or in an inode. */
static int read_entries(struct reader *r, const struct dir *dir, const unsigned char *data,
	size_t size, struct err *e)
{
	size_t at = 0;

	while (at < size) {
		const unsigned char *p = data + at;
		size_t len = size - at >= DIRENT_HEADER ? record_len(r, p) : 0;
		const char *name = (const char *)p + DIRENT_HEADER;

		if (len < DIRENT_HEADER || len % 4 || len > size - at)
			return err_set(e, ERR_FORMAT, "directory %u is malformed", dir->ino);
		at += len;
		size_t name_len = p[6];
		if (ext4_le32(p) == 0)
			continue;
		if (name_len > len - DIRENT_HEADER)
			return err_set(e, ERR_FORMAT, "directory %u is malformed", dir->ino);
		if ((name_len == 1 && name[0] == '.') ||
			(name_len == 2 && name[0] == '.' && name[1] == '.'))
			continue;
		if (add_name(r, dir, name, name_len, ext4_le32(p), e) < 0)
			return -1;
	}
	return 0;
}

/* Leaves end with an entry that has the checksum. The root and the inner nodes of a hash tree have
 * theirs elsewhere, and may still have the tail of the leaf that they once were: as they have no
 * names they are passed over. */
static int check_dir_block(const struct reader *r, const struct dir *dir, uint64_t block,
	bool indexed, uint32_t seed, struct err *e)
{
	bool node = ext4_le32(r->block) == 0 && record_len(r, r->block) == r->fs.block_size;
	size_t size = r->fs.block_size - DIRENT_TAIL;
	const unsigned char *tail = r->block + size;

	if (!r->fs.checksums || (indexed && block == 0) || node || ext4_le32(tail) != 0 ||
		ext4_le16(tail + 4) != DIRENT_TAIL || tail[6] != 0 || tail[7] != TYPE_TAIL)
		return 0;
	if (crc32c(seed, r->block, size) != ext4_le32(tail + 8))
		return err_set(e, ERR_FORMAT, "a checksum of directory %u is wrong", dir->ino);
	return 0;
}

static int read_dir_blocks(struct reader *r, const struct dir *dir, uint64_t size,
	const struct ext4_map *map, struct err *e)
{
	/* Reading the entries overwrites the inode at hand. */
	bool indexed = r->inode.flags & EXT4_FLAG_INDEX;
	uint32_t seed = r->inode.seed;
	uint64_t blocks = size / r->fs.block_size;
	uint64_t next = 0;

	for (size_t i = 0; i < map->n; i++) {
		const struct ext4_run *run = &map->runs[i];

		if (next < blocks && run->block != next)
			break;
		next = run->block + run->n;
		for (uint64_t b = 0; b < run->n && run->block + b < blocks; b++) {
			if (ext4_fs_block(&r->fs, run->start + b, r->block, e) < 0 ||
				check_dir_block(r, dir, run->block + b, indexed, seed, e) < 0 ||
				read_entries(r, dir, r->block, r->fs.block_size, e) < 0)
				return -1;
		}
	}
	if (next < blocks || size == 0 || size % r->fs.block_size)
		return err_set(e, ERR_FORMAT, "directory %u has a hole", dir->ino);
	return 0;
}

/* A small directory is in its inode: the parent's number, then entries, then, among the
 * attributes, more entries. */
static int read_inline_dir(
	struct reader *r, const struct dir *dir, const struct buf *more, struct err *e)
{
	unsigned char own[EXT4_INODE_MAP_SIZE];

	memcpy(own, r->inode.raw + EXT4_INODE_MAP, sizeof(own));
	if (read_entries(r, dir, own + INLINE_PARENT, sizeof(own) - INLINE_PARENT, e) < 0)
		return -1;
	return read_entries(r, dir, (const unsigned char *)buf_str(more), more->len, e);
}

static int read_dir(struct reader *r, const struct dir *dir, struct err *e)
{
	cleanup_ext4_map struct ext4_map map = {0};
	cleanup_buf struct buf more = {0};
	struct tree_inode scratch = {0};

	if (ext4_fs_inode(&r->fs, dir->ino, &r->inode, e) < 0)
		return -1;
	if (r->inode.flags & EXT4_FLAG_INLINE_DATA) {
		if (ext4_xattr_read(&r->fs, &r->inode, r->tree, &scratch, &more,
			    &r->left_xattr_bytes, e) < 0)
			return -1;
		return read_inline_dir(r, dir, &more, e);
	}
	if (ext4_map_read(&r->fs, &r->inode, &map, e) < 0)
		return -1;
	return read_dir_blocks(r, dir, r->inode.size, &map, e);
}

/* --- the tree --- */

static int read_root(struct reader *r, struct err *e)
{
	cleanup_buf struct buf more = {0};
	struct tree_inode *root;

	if (read_inode(r, EXT4_ROOT_INO, &root, &more, e) < 0)
		return -1;
	if (!S_ISDIR(root->mode))
		return err_set(e, ERR_FORMAT, "the root is no directory");
	if (tree_put(r->tree, "/", root, e) < 0 || add_seen(r, EXT4_ROOT_INO, root, e) < 0)
		return -1;
	return push_dir(r, &(struct dir){tree_root(r->tree), EXT4_ROOT_INO, 0}, e);
}

static int read_tree(struct reader *r, struct err *e)
{
	char path[TREE_PATH_TEXT];
	struct tree_node *lost;

	if (read_root(r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n_dirs; i++) {
		struct dir dir = r->dirs[i];

		if (read_dir(r, &dir, e) < 0)
			return err_prefix(e, "%s", tree_node_path(dir.node, path));
	}
	if (tree_find(r->tree, "lost+found", &lost, e) < 0)
		return -1;
	if (lost && S_ISDIR(lost->inode->mode) && !lost->child)
		return tree_remove(r->tree, "lost+found", e);
	return 0;
}

static int open_and_read(struct reader *r, struct err *e)
{
	const struct ext4_read_options *opt = r->opt;

	if (ext4_fs_open(&r->fs, opt->fd, opt->offset_bytes, opt->size_bytes, e) < 0 ||
		tree_new(&r->tree, opt->epoch_s, e) < 0)
		return -1;
	r->block = mem_zalloc(r->fs.block_size, e);
	r->left_names = opt->size_bytes / 1024 + NAMES_MIN;
	r->left_xattr_bytes = opt->size_bytes / 16 + XATTRS_MIN;
	if (!r->block)
		return -1;
	if (read_tree(r, e) == 0)
		return 0;
	return e && e->kind == ERR_FORMAT
		       ? err_prefix(e, "ext4: damaged, repair a copy with e2fsck -f")
		       : err_prefix(e, "ext4");
}

int ext4_read(
	const struct ext4_read_options *opt, struct tree **out, int64_t *newest_s, struct err *e)
{
	struct reader *r = mem_zalloc(sizeof(*r), e);

	*out = NULL;
	if (!r)
		return -1;
	r->opt = opt;
	r->newest_s = INT64_MIN;
	int rc = open_and_read(r, e);
	if (rc == 0) {
		*out = steal_ptr(&r->tree);
		if (newest_s)
			*newest_s = r->newest_s;
	}
	tree_free(r->tree);
	ext4_fs_close(&r->fs);
	free(r->dirs);
	free(r->seen);
	free(r->block);
	free(r);
	return rc;
}
