/* A FAT32 file system made by mkfs.fat and mtools (child programs). Specification: Microsoft, "FAT:
 * General Overview of On-Disk Format" 1.03; UEFI 2.10, section 13.3. */
#ifndef KILN_IMAGE_FAT_H
#define KILN_IMAGE_FAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FAT_LABEL_MAX 11

struct fat_options {
	uint64_t size_bytes;   /* a multiple of 1 MiB */
	uint64_t offset_bytes; /* of the partition on its disk: the boot sector names it */
	uint32_t serial;
	const char *label; /* at most FAT_LABEL_MAX characters */
	int64_t epoch_s;   /* all times; earlier than 1980 becomes 1980 */
};

/* Sectors of 512 bytes in a cluster, so that there are enough clusters for FAT32 (65525); 0 when
 * the size is too small for that. */
unsigned fat_cluster_sectors(uint64_t size_bytes);

/* Makes the contents of file number i the contents of *fd, which the caller of it closes. */
typedef int fat_opener(void *ctx, size_t i, int *fd, struct err *e);

/* Make the file system in fd, an empty regular file, with files at the n absolute paths, which
 * must be sorted bytewise; missing directories are made. A path that ends with a slash is a
 * directory. Errors: ERR_FORMAT for names that FAT
 * cannot hold in ASCII, or too many bytes; ERR_UNSUPPORTED when a program is missing. */
int fat_write(int fd, const struct fat_options *opt, const char *const *paths, size_t n,
	fat_opener *open_file, void *ctx, struct err *e);

#endif
