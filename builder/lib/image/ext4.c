#include "image/ext4.h"

#include <errno.h>
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "image/ext4_dir.h"
#include "image/ext4_rows.h"
#include "image/ext4_size.h"

#define BLOCK_SIZE ((uint64_t)EXT4_BLOCK_SIZE)
#define INODE_SIZE 256
#define BYTES_PER_INODE 16384
#define LINK_MAX_EXT4 65000
#define EXTENT_MAX_BLOCKS 32768
#define FAST_LINK_MAX 59 /* a shorter target is kept in the inode */

struct writer {
	const struct ext4_options *opt;
	struct tree *tree;
	ext2_filsys fs;
	struct tree_node **nodes; /* all names, sorted */
	size_t n_nodes;
	uint32_t last_ino;      /* highest inode number in use */
	uint64_t next_block;    /* no block before this one is free for contents */
	struct tree_span *runs; /* of the file at hand; room for cap_runs */
	size_t n_runs;
	size_t cap_runs;
	uint64_t *needed_bytes;
};

static int ext2_error(errcode_t code, const char *what, struct err *e)
{
	if (code == EXT2_ET_NO_MEMORY || code == ENOMEM)
		return err_nomem(e);
	if (code > 0 && code < 256) {
		errno = (int)code;
		return err_set_errno(e, ERR_IO, "ext4: %s", what);
	}
	initialize_ext2_error_table();
	return err_set(e, ERR_IO, "ext4: %s: %s", what, error_message(code));
}

/* The tree does not fit; missing_blocks more would do. */
static int too_small(const struct writer *w, uint64_t missing_blocks, struct err *e)
{
	uint64_t have = w->opt->size_bytes;
	/* More blocks need more inode tables, backups and journal. */
	uint64_t extra = missing_blocks * BLOCK_SIZE;
	uint64_t needed = have + extra + extra / 16;
	const uint64_t unit = (uint64_t)64 << 20;

	needed = (needed + unit) / unit * unit;
	*w->needed_bytes = needed;
	return err_set(e, ERR_FORMAT,
		"the root file system does not fit: it has %llu MiB and needs about %llu MiB",
		(unsigned long long)(have >> 20), (unsigned long long)(needed >> 20));
}

/* --- making the empty file system --- */

static int fill_parameters(const struct writer *w, struct ext2_super_block *p, struct err *e)
{
	uint64_t blocks = w->opt->size_bytes / BLOCK_SIZE;
	uint64_t inodes = w->opt->size_bytes / BYTES_PER_INODE;
	uint64_t wanted = w->last_ino + (uint64_t)w->last_ino / 4;

	if (blocks >= UINT32_MAX)
		return err_set(e, ERR_UNSUPPORTED, "root file systems of 16 TiB and more");
	if (blocks < 2048)
		return too_small(w, 8192, e);
	inodes = inodes > wanted ? inodes : wanted;
	memset(p, 0, sizeof(*p));
	p->s_rev_level = EXT2_DYNAMIC_REV;
	p->s_log_block_size = 2;
	p->s_log_cluster_size = 2;
	p->s_inode_size = INODE_SIZE;
	p->s_inodes_count = inodes < UINT32_MAX ? (__u32)inodes : UINT32_MAX;
	p->s_log_groups_per_flex = 4;
	p->s_reserved_gdt_blocks = (__u16)ext4_reserved_descriptor_blocks(blocks);
	p->s_errors = EXT2_ERRORS_CONTINUE;
	p->s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
	ext2fs_blocks_count_set(p, blocks);
	ext2fs_r_blocks_count_set(p, blocks / 100);
	p->s_feature_compat = EXT3_FEATURE_COMPAT_HAS_JOURNAL | EXT2_FEATURE_COMPAT_EXT_ATTR |
			      EXT2_FEATURE_COMPAT_RESIZE_INODE | EXT2_FEATURE_COMPAT_DIR_INDEX;
	p->s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
				EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG;
	p->s_feature_ro_compat =
		EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
		EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_DIR_NLINK |
		EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | EXT4_FEATURE_RO_COMPAT_METADATA_CSUM;
	return 0;
}

/* What libext2fs fills in from the clock, the processor or chance otherwise. */
static void fix_superblock(struct writer *w)
{
	struct ext2_super_block *s = w->fs->super;
	__u32 epoch = (__u32)w->opt->epoch_s;

	w->fs->now = (time_t)w->opt->epoch_s;
	memcpy(s->s_uuid, w->opt->uuid, UUID_SIZE);
	memcpy(s->s_hash_seed, w->opt->hash_seed, UUID_SIZE);
	strncpy((char *)s->s_volume_name, w->opt->label, EXT4_LABEL_MAX);
	s->s_def_hash_version = EXT2_HASH_HALF_MD4;
	s->s_flags = (s->s_flags & ~(__u32)EXT2_FLAGS_UNSIGNED_HASH) | EXT2_FLAGS_SIGNED_HASH;
	s->s_mkfs_time = epoch;
	s->s_lastcheck = epoch;
	s->s_mkfs_time_hi = 0;
	s->s_lastcheck_hi = 0;
	s->s_checkinterval = 0;
	s->s_max_mnt_count = -1;
	s->s_creator_os = EXT2_OS_LINUX;
	s->s_checksum_type = EXT2_CRC32C_CHKSUM;
	ext2fs_init_csum_seed(w->fs);
}

static int make_reserved_inodes(struct writer *w, struct err *e)
{
	ext2_filsys fs = w->fs;
	errcode_t rc;

	for (ext2_ino_t i = 1; i < EXT2_FIRST_INODE(fs->super); i++)
		ext2fs_inode_alloc_stats2(fs, i, +1, i == EXT2_ROOT_INO);
	rc = ext2fs_create_resize_inode(fs);
	if (rc)
		return ext2_error(rc, "make the resize inode", e);
	/* The output reads as zeros: neither journal nor inode tables need to be written. */
	rc = ext2fs_add_journal_inode2(fs, ext4_journal_blocks(ext2fs_blocks_count(fs->super)),
		~0ULL, EXT2_MKJOURNAL_LAZYINIT | EXT2_MKJOURNAL_NO_MNT_CHECK);
	if (rc)
		return ext2_error(rc, "make the journal", e);
	for (dgrp_t i = 0; i < fs->group_desc_count; i++)
		ext2fs_bg_flags_set(fs, i, EXT2_BG_INODE_ZEROED);
	return 0;
}

static int make_empty(struct writer *w, int fd, struct err *e)
{
	struct ext2_super_block param;
	char name[40];
	char offset[40];

	if (fill_parameters(w, &param, e) < 0)
		return -1;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	snprintf(offset, sizeof(offset), "offset=%llu", (unsigned long long)w->opt->offset_bytes);
	errcode_t rc = ext2fs_initialize(name, EXT2_FLAG_64BITS, &param, unix_io_manager, &w->fs);
	if (rc == EXT2_ET_TOOSMALL || rc == EXT2_ET_TOO_MANY_INODES)
		return too_small(w, (uint64_t)w->last_ino * INODE_SIZE / BLOCK_SIZE, e);
	if (rc)
		return ext2_error(rc, "make the file system", e);
	rc = io_channel_set_options(w->fs->io, offset);
	if (rc)
		return ext2_error(rc, "set the offset", e);
	fix_superblock(w);
	rc = ext2fs_allocate_tables(w->fs);
	if (rc)
		return ext2_error(rc, "allocate the tables", e);
	return make_reserved_inodes(w, e);
}

/* --- blocks --- */

/* Take at most max blocks in a row. */
static int take_blocks(struct writer *w, uint64_t max, uint64_t *start, uint64_t *n, struct err *e)
{
	uint64_t last = ext2fs_blocks_count(w->fs->super) - 1;
	blk64_t first, end;
	errcode_t rc = w->next_block > last ? ENOENT
					    : ext2fs_find_first_zero_block_bitmap2(w->fs->block_map,
						      w->next_block, last, &first);

	if (rc == ENOENT)
		return too_small(w, max, e);
	if (rc)
		return ext2_error(rc, "find a free block", e);
	last = last - first < max - 1 ? last : first + max - 1;
	rc = ext2fs_find_first_set_block_bitmap2(w->fs->block_map, first, last, &end);
	if (rc && rc != ENOENT)
		return ext2_error(rc, "find free blocks", e);
	*start = first;
	*n = rc == ENOENT ? last - first + 1 : end - first;
	ext2fs_block_alloc_stats_range(w->fs, first, (blk_t)*n, +1);
	w->next_block = first + *n;
	return 0;
}

static int add_run(struct writer *w, uint64_t block, uint64_t start, uint64_t n, struct err *e)
{
	if (w->n_runs == w->cap_runs) {
		size_t cap = w->cap_runs ? w->cap_runs * 2 : 64;
		struct tree_span *more = mem_resize(w->runs, cap, sizeof(*more), e);

		if (!more)
			return -1;
		w->runs = more;
		w->cap_runs = cap;
	}
	w->runs[w->n_runs++] = (struct tree_span){
		.offset = block * BLOCK_SIZE,
		.length = n * BLOCK_SIZE,
		.disk_offset = w->opt->offset_bytes + start * BLOCK_SIZE,
	};
	return 0;
}

/* Append runs for n blocks of a file from its block-th on. */
static int add_blocks(struct writer *w, uint64_t block, uint64_t n, struct err *e)
{
	while (n > 0) {
		uint64_t start, got;
		uint64_t max = n < EXTENT_MAX_BLOCKS ? n : EXTENT_MAX_BLOCKS;

		if (take_blocks(w, max, &start, &got, e) < 0 ||
			add_run(w, block, start, got, e) < 0)
			return -1;
		block += got;
		n -= got;
	}
	return 0;
}

/* Give every block that the inode's spans touch a place on disk. */
static int place_spans(struct writer *w, struct tree_inode *inode, struct err *e)
{
	struct ext4_rows rows = {.inode = inode};
	uint64_t first, n;

	w->n_runs = 0;
	while (ext4_rows_next(&rows, &first, &n)) {
		if (add_blocks(w, first, n, e) < 0)
			return -1;
	}
	if (inode->origin == TREE_DISK) {
		inode->sources = inode->spans;
		inode->n_sources = inode->n_spans;
	}
	if (w->n_runs > inode->n_spans || inode->origin == TREE_DISK) {
		inode->spans = tree_zalloc(w->tree, (w->n_runs + 1) * sizeof(*inode->spans), e);
		if (!inode->spans)
			return -1;
	}
	if (w->n_runs > 0)
		memcpy(inode->spans, w->runs, w->n_runs * sizeof(*inode->spans));
	inode->n_spans = w->n_runs;
	return 0;
}

static uint64_t disk_block(const struct writer *w, const struct tree_span *run)
{
	return (run->disk_offset - w->opt->offset_bytes) / BLOCK_SIZE;
}

/* --- inodes --- */

/* ext4's time: seconds modulo 2^32, and what is above beside the nanoseconds. */
static void put_time(__u32 *low, __u32 *extra, int64_t s, uint32_t ns)
{
	*low = (__u32)s;
	*extra = ns << 2 | ((__u32)((s - (int32_t)(__u32)s) >> 32) & 3);
}

static void fill_inode(
	const struct writer *w, const struct tree_inode *from, struct ext2_inode_large *to)
{
	__u32 crtime_extra;

	memset(to, 0, sizeof(*to));
	to->i_extra_isize = sizeof(*to) - EXT2_GOOD_OLD_INODE_SIZE;
	to->i_mode = (__u16)from->mode;
	ext2fs_set_i_uid_high(*to, (__u16)(from->uid >> 16));
	to->i_uid = (__u16)from->uid;
	ext2fs_set_i_gid_high(*to, (__u16)(from->gid >> 16));
	to->i_gid = (__u16)from->gid;
	/* dir_nlink: 1 stands for more than can be counted. */
	to->i_links_count = from->nlink > LINK_MAX_EXT4 ? 1 : (__u16)from->nlink;
	put_time(&to->i_mtime, &to->i_mtime_extra, from->mtime_s, from->mtime_ns);
	put_time(&to->i_atime, &to->i_atime_extra, w->opt->epoch_s, 0);
	put_time(&to->i_ctime, &to->i_ctime_extra, w->opt->epoch_s, 0);
	put_time(&to->i_crtime, &crtime_extra, w->opt->epoch_s, 0);
	to->i_crtime_extra = crtime_extra;
}

static int write_inode(
	struct writer *w, uint32_t ino, struct ext2_inode_large *inode, struct err *e)
{
	errcode_t rc = ext2fs_write_inode_full(w->fs, ino, EXT2_INODE(inode), (int)sizeof(*inode));

	return rc ? ext2_error(rc, "write an inode", e) : 0;
}

/* Write the inode with the runs at hand as its contents. */
static int write_extents(
	struct writer *w, uint32_t ino, struct ext2_inode_large *inode, struct err *e)
{
	ext2_extent_handle_t handle;
	uint64_t blocks = 0;
	errcode_t rc;

	inode->i_flags |= EXT4_EXTENTS_FL;
	for (size_t i = 0; i < w->n_runs; i++)
		blocks += w->runs[i].length / BLOCK_SIZE;
	ext2fs_iblk_set(w->fs, EXT2_INODE(inode), blocks);
	/* This makes the inode's extent header, which a file without blocks has too. */
	rc = ext2fs_extent_open2(w->fs, ino, EXT2_INODE(inode), &handle);
	if (rc)
		return ext2_error(rc, "write extents", e);
	if (write_inode(w, ino, inode, e) < 0) {
		ext2fs_extent_free(handle);
		return -1;
	}
	for (size_t i = 0; !rc && i < w->n_runs; i++) {
		struct ext2fs_extent extent = {
			.e_lblk = w->runs[i].offset / BLOCK_SIZE,
			.e_pblk = disk_block(w, &w->runs[i]),
			.e_len = (__u32)(w->runs[i].length / BLOCK_SIZE),
		};
		rc = ext2fs_extent_insert(handle, EXT2_EXTENT_INSERT_AFTER, &extent);
		if (!rc)
			rc = ext2fs_extent_fix_parents(handle);
	}
	ext2fs_extent_free(handle);
	if (rc == EXT2_ET_BLOCK_ALLOC_FAIL)
		return too_small(w, w->n_runs, e);
	return rc ? ext2_error(rc, "write extents", e) : 0;
}

static int write_xattrs(struct writer *w, const struct tree_inode *inode, struct err *e)
{
	struct ext2_xattr_handle *handle;
	errcode_t rc;

	if (!inode->xattrs)
		return 0;
	rc = ext2fs_xattrs_open(w->fs, inode->ino, &handle);
	for (const struct tree_xattr *x = inode->xattrs; x && !rc; x = x->next) {
		rc = ext2fs_xattr_set(handle, x->name, x->value, x->value_len);
		if (rc == EXT2_ET_EA_NO_SPACE)
			err_set(e, ERR_FORMAT,
				"extended attribute %s does not fit: ext4 holds 4 KiB of them a "
				"file",
				x->name);
	}
	ext2fs_xattrs_close(&handle);
	if (rc == EXT2_ET_EA_NO_SPACE)
		return -1;
	if (rc == EXT2_ET_BLOCK_ALLOC_FAIL)
		return too_small(w, 1, e);
	return rc ? ext2_error(rc, "write extended attributes", e) : 0;
}

/* --- directories --- */

static int list_entries(
	const struct writer *w, const struct tree_node *dir, struct buf *list, struct err *e)
{
	for (const struct tree_node *c = dir->child; c; c = c->next) {
		struct ext4_dirent d = {.name = c->name,
			.name_len = c->name_len,
			.ino = c->inode->ino,
			.type = ext4_dirent_type(c->inode->mode)};
		errcode_t rc = ext2fs_dirhash2(EXT2_HASH_HALF_MD4, c->name, c->name_len, NULL, 0,
			w->fs->super->s_hash_seed, &d.hash, &d.minor_hash);

		if (rc)
			return ext2_error(rc, "hash a name", e);
		if (buf_append(list, &d, sizeof(d), e) < 0)
			return -1;
	}
	return 0;
}

static int write_dir_blocks(struct writer *w, uint32_t ino, struct buf *blocks, struct err *e)
{
	char *at = blocks->data;

	for (size_t i = 0; i < w->n_runs; i++) {
		uint64_t start = disk_block(w, &w->runs[i]);

		for (uint64_t b = 0; b < w->runs[i].length / BLOCK_SIZE; b++, at += BLOCK_SIZE) {
			errcode_t rc = ext2fs_write_dir_block4(w->fs, start + b, at, 0, ino);
			if (rc)
				return ext2_error(rc, "write a directory", e);
		}
	}
	return 0;
}

static int write_dir(struct writer *w, const struct tree_node *dir, struct err *e)
{
	cleanup_buf struct buf list = {0};
	cleanup_buf struct buf blocks = {0};
	struct tree_inode *inode = dir->inode;
	uint32_t parent = dir->parent ? dir->parent->inode->ino : inode->ino;
	struct ext2_inode_large disk;
	bool indexed;

	if (list_entries(w, dir, &list, e) < 0)
		return -1;
	void *entries = list.data;
	if (ext4_dir_build(entries, list.len / sizeof(struct ext4_dirent), inode->ino, parent,
		    &blocks, &indexed, e) < 0)
		return -1;
	w->n_runs = 0;
	if (add_blocks(w, 0, blocks.len / BLOCK_SIZE, e) < 0)
		return -1;
	if (inode->ino != EXT2_ROOT_INO)
		ext2fs_inode_alloc_stats2(w->fs, inode->ino, +1, 1);
	fill_inode(w, inode, &disk);
	disk.i_flags = indexed ? EXT2_INDEX_FL : 0;
	ext2fs_inode_size_set(w->fs, EXT2_INODE(&disk), (ext2_off64_t)blocks.len);
	if (write_extents(w, inode->ino, &disk, e) < 0 ||
		write_dir_blocks(w, inode->ino, &blocks, e) < 0)
		return -1;
	return write_xattrs(w, inode, e);
}

/* --- everything else --- */

static int write_symlink(struct writer *w, const struct tree_inode *inode,
	struct ext2_inode_large *disk, struct err *e)
{
	char block[EXT4_BLOCK_SIZE] = {0};

	disk->i_size = (__u32)inode->size;
	if (inode->size <= FAST_LINK_MAX) {
		memcpy(disk->i_block, inode->target, inode->size);
		return write_inode(w, inode->ino, disk, e);
	}
	memcpy(block, inode->target, inode->size);
	w->n_runs = 0;
	if (add_blocks(w, 0, 1, e) < 0 || write_extents(w, inode->ino, disk, e) < 0)
		return -1;
	errcode_t rc = io_channel_write_blk64(w->fs->io, disk_block(w, &w->runs[0]), 1, block);
	return rc ? ext2_error(rc, "write a symbolic link", e) : 0;
}

/* Device numbers: the old 8:8 form where it is enough, else the 12:20 one. */
static void put_device(const struct tree_inode *inode, struct ext2_inode_large *disk)
{
	uint32_t major = inode->device[0];
	uint32_t minor = inode->device[1];

	if (major < 256 && minor < 256)
		disk->i_block[0] = major << 8 | minor;
	else
		disk->i_block[1] = (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

static int write_other(struct writer *w, struct tree_inode *inode, struct err *e)
{
	struct ext2_inode_large disk;
	int rc;

	if (inode->nlink > LINK_MAX_EXT4)
		return err_set(e, ERR_FORMAT, "has %u hard links; ext4 holds %d", inode->nlink,
			LINK_MAX_EXT4);
	ext2fs_inode_alloc_stats2(w->fs, inode->ino, +1, 0);
	fill_inode(w, inode, &disk);
	if (S_ISREG(inode->mode)) {
		ext2fs_inode_size_set(w->fs, EXT2_INODE(&disk), (ext2_off64_t)inode->size);
		rc = place_spans(w, inode, e) < 0 ? -1 : write_extents(w, inode->ino, &disk, e);
	} else if (S_ISLNK(inode->mode)) {
		rc = write_symlink(w, inode, &disk, e);
	} else {
		put_device(inode, &disk);
		rc = write_inode(w, inode->ino, &disk, e);
	}
	return rc < 0 ? -1 : write_xattrs(w, inode, e);
}

static int add_lost_found(struct writer *w, struct err *e)
{
	struct tree_node *n;

	if (tree_find(w->tree, "lost+found", &n, e) < 0)
		return -1;
	if (n && !S_ISDIR(n->inode->mode))
		return err_set(e, ERR_FORMAT, "/lost+found must be a directory");
	if (n)
		return 0;
	struct tree_inode *inode = tree_inode_new(w->tree, e);
	if (!inode)
		return -1;
	inode->mode = S_IFDIR | 0700;
	return tree_put(w->tree, "lost+found", inode, e);
}

/* The root and /lost+found have fixed numbers, all others follow in the order of the tree. */
static int number_inodes(struct writer *w, struct err *e)
{
	struct tree_node *lost;

	if (tree_find(w->tree, "lost+found", &lost, e) < 0)
		return -1;
	tree_root(w->tree)->inode->ino = EXT2_ROOT_INO;
	lost->inode->ino = EXT2_GOOD_OLD_FIRST_INO;
	w->last_ino = EXT2_GOOD_OLD_FIRST_INO;
	for (size_t i = 0; i < w->n_nodes; i++) {
		struct tree_inode *inode = w->nodes[i]->inode;

		if (inode->ino)
			continue;
		if (w->last_ino == UINT32_MAX - 1)
			return err_set(e, ERR_UNSUPPORTED, "more files than ext4 can number");
		inode->ino = ++w->last_ino;
	}
	return 0;
}

/* Blocks that the contents alone need; index blocks and the like are not foreseen. */
static uint64_t count_blocks(const struct writer *w)
{
	uint64_t n = 0;

	for (const struct tree_inode *i = tree_inodes(w->tree); i; i = i->next) {
		struct ext4_rows rows = {.inode = i};
		uint64_t first, blocks;

		while (i->nlink > 0 && ext4_rows_next(&rows, &first, &blocks))
			n += blocks;
		n += i->nlink > 0 && S_ISDIR(i->mode);
	}
	return n;
}

static int write_nodes(struct writer *w, struct err *e)
{
	char path[TREE_PATH_TEXT];
	uint32_t last = 0; /* further names of a file come after its number */

	for (size_t i = 0; i < w->n_nodes; i++) {
		if (S_ISDIR(w->nodes[i]->inode->mode) && write_dir(w, w->nodes[i], e) < 0)
			return err_prefix(e, "%s", tree_node_path(w->nodes[i], path));
	}
	for (size_t i = 0; i < w->n_nodes; i++) {
		struct tree_inode *inode = w->nodes[i]->inode;

		if (S_ISDIR(inode->mode) || inode->ino <= last)
			continue;
		last = inode->ino;
		if (write_other(w, inode, e) < 0)
			return err_prefix(e, "%s", tree_node_path(w->nodes[i], path));
	}
	return 0;
}

static int finish(struct writer *w, struct ext4_stats *stats, struct err *e)
{
	ext2_filsys fs = w->fs;
	errcode_t rc = ext2fs_set_gdt_csum(fs);

	stats->blocks = ext2fs_blocks_count(fs->super);
	stats->free_blocks = ext2fs_free_blocks_count(fs->super);
	stats->inodes = fs->super->s_inodes_count;
	stats->free_inodes = fs->super->s_free_inodes_count;
	stats->files = w->last_ino - EXT2_GOOD_OLD_FIRST_INO + 2;
	if (!rc)
		/* The output file is flushed when it is committed. */
		rc = ext2fs_close2(fs, EXT2_FLAG_FLUSH_NO_SYNC);
	if (rc)
		return ext2_error(rc, "write the tables", e);
	w->fs = NULL;
	return 0;
}

static int write_tree(struct writer *w, int fd, struct ext4_stats *stats, struct err *e)
{
	if (add_lost_found(w, e) < 0 || tree_sort(w->tree, &w->nodes, &w->n_nodes, e) < 0 ||
		number_inodes(w, e) < 0 || make_empty(w, fd, e) < 0)
		return -1;
	uint64_t need = count_blocks(w);
	uint64_t have = ext2fs_free_blocks_count(w->fs->super);
	if (need > have)
		return too_small(w, need - have, e);
	if (write_nodes(w, e) < 0)
		return -1;
	return finish(w, stats, e);
}

int ext4_write(int fd, const struct ext4_options *opt, struct tree *t, struct ext4_stats *stats,
	uint64_t *needed_bytes, struct err *e)
{
	struct writer w = {.opt = opt, .tree = t, .needed_bytes = needed_bytes};

	*needed_bytes = 0;
	int rc = write_tree(&w, fd, stats, e);
	if (w.fs)
		ext2fs_free(w.fs);
	free(w.nodes);
	free(w.runs);
	return rc;
}
