/* Which blocks hold the contents of an inode: extent trees (ext4) and block maps (ext2, ext3).
 * Linux, Documentation/filesystems/ext4, "The Contents of inode.i_block". */
#ifndef KILN_IMAGE_EXT4_MAP_H
#define KILN_IMAGE_EXT4_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/ext4_fs.h"

/* Blocks in a row that hold data. */
struct ext4_run {
	uint64_t block; /* in the file */
	uint64_t start; /* in the file system */
	uint64_t n;
};

/* `struct ext4_map m = {0}` is an empty one. */
struct ext4_map {
	struct ext4_run *runs; /* ascending by block, apart */
	size_t n;
	size_t cap;
};

void ext4_map_release(struct ext4_map *m);
#define cleanup_ext4_map __attribute__((cleanup(ext4_map_release)))

/* Make *m the map of the inode. Uninitialised extents are holes. All blocks, and those of the map
 * itself, are claimed for the file. Errors: ERR_FORMAT for maps that are malformed, go round in
 * circles or name blocks that are used already; ERR_IO. */
int ext4_map_read(
	struct ext4_fs *fs, const struct ext4_inode *inode, struct ext4_map *m, struct err *e);

/* The same for an inode that several files share, without claiming; its map may have a handful of
 * blocks only. */
int ext4_map_read_shared(
	struct ext4_fs *fs, const struct ext4_inode *inode, struct ext4_map *m, struct err *e);

#endif
