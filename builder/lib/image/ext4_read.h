/* Read an ext4 file system (ext2 and ext3 too) from a disk into a file tree. Contents stay on the
 * disk (TREE_DISK), except those of small files that are in their inodes (TREE_MEMORY). Nothing is
 * written. Specification: Linux, Documentation/filesystems/ext4. */
#ifndef KILN_IMAGE_EXT4_READ_H
#define KILN_IMAGE_EXT4_READ_H

#include <stdint.h>

#include "base/err.h"
#include "image/parts.h"
#include "image/tree.h"

struct ext4_read_options {
	int fd; /* the disk; must outlive the tree */
	uint64_t offset_bytes;
	uint64_t size_bytes;
	/* Later times become this one; INT64_MAX: none do. */
	int64_t epoch_s;
};

/* Build a tree of everything but /lost+found when it is empty: names, modes, owners, times, links,
 * devices, extended attributes (ACLs as system.posix_acl_*), spans with data. Sockets are left out.
 *
 * The file system may be hostile: every count and block is held to its bounds and every checksum of
 * metadata_csum is verified; directory loops, blocks with two owners, names with '/' and more names
 * than one for each KiB (and 65536) are ERR_FORMAT. So is a journal that was not replayed, with the
 * remedy; encryption, verity and unknown incompatible features are ERR_UNSUPPORTED. *newest_s (may
 * be NULL) is the newest time of modification found. The caller frees *out. One thread a file
 * system. */
int ext4_read(
	const struct ext4_read_options *opt, struct tree **out, int64_t *newest_s, struct err *e);

#endif
