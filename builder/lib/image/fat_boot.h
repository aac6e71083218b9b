/* The boot sector of a FAT file system: where everything is. Specification: Microsoft, "FAT:
 * General Overview of On-Disk Format" 1.03. */
#ifndef KILN_IMAGE_FAT_BOOT_H
#define KILN_IMAGE_FAT_BOOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FAT_BOOT_SIZE 512
#define FAT_ENTRY_SIZE 32 /* of a directory entry */
#define FAT_LABEL_SIZE 11

/* All in bytes from the start of the file system. */
struct fat_boot {
	unsigned bits; /* 12, 16, 32 */
	uint32_t cluster_size;
	uint32_t clusters;     /* those with data; numbered from 2 */
	uint64_t fat_offset;   /* of the one in use */
	uint64_t fat_len;      /* of its entries 0 to clusters + 1 */
	uint64_t root_offset;  /* FAT12, FAT16 */
	uint64_t root_len;     /* FAT32: 0 */
	uint32_t root_cluster; /* FAT32 */
	uint64_t data_offset;
	uint32_t serial;
	char label[FAT_LABEL_SIZE + 1]; /* the boot sector's own, without spaces at the end */
};

/* Parse the first sector of a file system of at most size_bytes. ERR_FORMAT when it is none, or
 * larger than that. */
int fat_boot_parse(struct fat_boot *b, const unsigned char data[FAT_BOOT_SIZE], uint64_t size_bytes,
	struct err *e);

/* Byte offset of a cluster, which must be 2 to clusters + 1. */
static inline uint64_t fat_boot_cluster(const struct fat_boot *b, uint32_t cluster)
{
	return b->data_offset + (uint64_t)(cluster - 2) * b->cluster_size;
}

/* Copy a label without the spaces at its end; "" for "NO NAME". */
void fat_boot_label(char label[FAT_LABEL_SIZE + 1], const unsigned char field[FAT_LABEL_SIZE]);

#endif
