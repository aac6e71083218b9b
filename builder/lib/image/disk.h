/* A whole disk from file trees: partition table, EFI system partition (ESP), root file system. */
#ifndef KILN_IMAGE_DISK_H
#define KILN_IMAGE_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "digest/uuid5.h"
#include "image/contents.h"
#include "image/ext4.h"
#include "image/ident.h"
#include "image/keep.h"
#include "image/layout.h"
#include "image/parts.h"

/* What a disk is made of. */
struct disk_source {
	const char *name;      /* for messages: the layout or the image */
	const char *size_name; /* what to set to get a larger disk: "disk.size in recipe.yaml" */
	const char *identity;  /* identifiers are derived from it */
	const char *arch;
	const struct disk_keep *keep; /* identifiers that are not derived; NULL: all are */
	int64_t epoch_s;              /* 1 to 2^32 - 1 */
	uint64_t size_bytes;          /* of the disk; a multiple of 1 MiB, like the ESP's */
	uint64_t esp_bytes;
	struct tree *root;
	struct tree *esp;                    /* NULL: there is no ESP, and esp_bytes is 0 */
	const struct contents_layer *layers; /* of both trees' TREE_LAYER */
	size_t n_layers;
};

struct disk_part {
	unsigned number;
	uint64_t start_bytes;
	uint64_t size_bytes; /* 0: there is none */
	char type[UUID_TEXT_SIZE];
	char uuid[UUID_TEXT_SIZE]; /* of the partition */
	char name[PARTS_NAME_SIZE];
};

/* What was made. */
struct disk_report {
	char disk_uuid[UUID_TEXT_SIZE];
	struct disk_part esp;  /* the first on the disk */
	struct disk_part root; /* the last */
	char fat_serial[IDENT_FAT_TEXT_SIZE];
	char ext4_uuid[UUID_TEXT_SIZE];
	struct ext4_stats ext4;
	uint64_t contents_bytes; /* of regular files, holes left out */
};

/* Write the disk to fd, an empty regular file open for reading and writing. The trees get a
 * /lost+found and the places of contents on the disk, and can be used for nothing else afterwards.
 *
 * Identifiers that are not kept are UUIDs of identity and role (image/ident.h). ext4's hash seed is
 * one of the kept UUID of the file system in identity's place: a disk that keeps it does not depend
 * on what its image is called.
 *
 * Errors: ERR_FORMAT for what the file systems cannot hold or too small a size, with the remedy;
 * ERR_INTEGRITY for a layer cut short; ERR_IO; ERR_UNSUPPORTED for an unknown architecture or a
 * missing program. */
int disk_build_trees(const struct disk_source *source, int fd, enum progress_mode progress,
	struct disk_report *report, struct err *e);

/* The same from a layout: its layers and files make the trees. Errors also: ERR_FORMAT for bad
 * layers. */
int disk_build(const struct layout *l, int fd, enum progress_mode progress,
	struct disk_report *report, struct err *e);

#endif
