/* A whole disk from a layout: partition table, EFI system partition, root file system. */
#ifndef KILN_IMAGE_DISK_H
#define KILN_IMAGE_DISK_H

#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "digest/uuid5.h"
#include "image/ext4.h"
#include "image/ident.h"
#include "image/layout.h"

struct disk_part {
	uint64_t start_bytes;
	uint64_t size_bytes;
	const char *type; /* GUID text */
	const char *name;
	char uuid[UUID_TEXT_SIZE]; /* of the partition */
};

/* What was made. */
struct disk_report {
	char disk_uuid[UUID_TEXT_SIZE];
	struct disk_part esp;  /* partition 1 */
	struct disk_part root; /* partition 2, the last */
	char fat_serial[IDENT_FAT_TEXT_SIZE];
	char ext4_uuid[UUID_TEXT_SIZE];
	struct ext4_stats ext4;
	uint64_t contents_bytes; /* of regular files, holes left out */
};

/* Write the disk to fd, an empty regular file open for reading and writing. Errors: ERR_FORMAT for
 * bad layers or too small a size, with the remedy; ERR_INTEGRITY for a layer cut short; ERR_IO;
 * ERR_UNSUPPORTED for an unknown architecture or a missing program. */
int disk_build(const struct layout *l, int fd, enum progress_mode progress,
	struct disk_report *report, struct err *e);

#endif
