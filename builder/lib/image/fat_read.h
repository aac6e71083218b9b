/* Read a FAT12, FAT16 or FAT32 file system from a disk into a file tree. Contents stay on the disk
 * (TREE_DISK). Long names become UTF-8; files are 0644, directories 0755, root's.
 * Specification: Microsoft, "FAT: General Overview of On-Disk Format" 1.03. */
#ifndef KILN_IMAGE_FAT_READ_H
#define KILN_IMAGE_FAT_READ_H

#include <stdint.h>

#include "base/err.h"
#include "image/tree.h"

/* fd must outlive the tree. Loops, clusters with two owners and what lies outside the file system
 * are ERR_FORMAT; ERR_IO. Times as in ext4_read(). The caller frees *out. */
int fat_read(int fd, uint64_t offset_bytes, uint64_t size_bytes, int64_t epoch_s, struct tree **out,
	struct err *e);

#endif
