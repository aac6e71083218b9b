/* Write a file tree as an ext4 file system into a range of an output file (libext2fs).
 *
 * What is written is a function of the tree and the options alone: nothing of the host's
 * mke2fs.conf, clock or environment gets in. Inode numbers follow the sorted tree; blocks are
 * taken in ascending order, directories first, then contents. */
#ifndef KILN_IMAGE_EXT4_H
#define KILN_IMAGE_EXT4_H

#include <stdint.h>

#include "base/err.h"
#include "digest/uuid5.h"
#include "image/tree.h"

#define EXT4_LABEL_MAX 16

struct ext4_options {
	uint64_t offset_bytes; /* of the file system in the output file */
	uint64_t size_bytes;
	int64_t epoch_s; /* at least 1 */
	unsigned char uuid[UUID_SIZE];
	unsigned char hash_seed[UUID_SIZE];
	const char *label; /* at most EXT4_LABEL_MAX bytes */
};

struct ext4_stats {
	uint64_t blocks; /* of 4 KiB: all, and those not used */
	uint64_t free_blocks;
	uint32_t inodes; /* all, and those not used */
	uint32_t free_inodes;
	uint32_t files; /* inodes written from the tree */
};

/* Write everything but the contents of regular files to fd, which must be open for reading and
 * writing and read as zeros in the range, and set each regular file's spans to the places on disk
 * where its contents go, in whole blocks. A /lost+found is added to the tree.
 *
 * Errors: ERR_FORMAT when the tree does not fit (*needed_bytes, otherwise 0, then is a size that
 * is large enough), or has something ext4 cannot hold; ERR_IO. One thread. */
int ext4_write(int fd, const struct ext4_options *opt, struct tree *t, struct ext4_stats *stats,
	uint64_t *needed_bytes, struct err *e);

#endif
