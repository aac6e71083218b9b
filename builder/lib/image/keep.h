/* The identifiers of a base image that its boot loader and fstab refer to, kept in a disk that is
 * built anew from its files. As a file: canonical JSON. An empty text, or number 0, is not kept:
 * it is derived or chosen as for any other disk.
 *
 *   {"disk_uuid": GUID,
 *    "esp":  {"number": 15, "uuid": GUID, "name": TEXT, "fat_serial": "XXXX-XXXX",
 *             "fat_label": TEXT},
 *    "root": {"number": 1, "uuid": GUID, "name": TEXT, "type": GUID, "fs_uuid": UUID,
 *             "fs_label": TEXT}} */
#ifndef KILN_IMAGE_KEEP_H
#define KILN_IMAGE_KEEP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/ext4.h"
#include "image/fat.h"
#include "image/ident.h"
#include "image/parts.h"

struct keep_esp {
	unsigned number;
	char uuid[UUID_TEXT_SIZE]; /* of the partition */
	char name[PARTS_NAME_SIZE];
	char fat_serial[IDENT_FAT_TEXT_SIZE]; /* "XXXX-XXXX" */
	char fat_label[FAT_LABEL_MAX + 1];
};

struct keep_root {
	unsigned number;
	char uuid[UUID_TEXT_SIZE];
	char name[PARTS_NAME_SIZE];
	char type[UUID_TEXT_SIZE]; /* GUID */
	char fs_uuid[UUID_TEXT_SIZE];
	char fs_label[EXT4_LABEL_MAX + 1];
};

struct disk_keep {
	char disk_uuid[UUID_TEXT_SIZE];
	struct keep_esp esp;
	struct keep_root root;
};

/* What to keep of a disk. esp may be NULL. Of a disk without a GUID partition table only the file
 * systems' identifiers can be kept. Errors: ERR_UNSUPPORTED, with what is the matter, for labels
 * and names that a new disk cannot have. */
int keep_from_parts(struct disk_keep *k, const struct parts *p, const struct part *root,
	const struct part *esp, struct err *e);

/* Read a file, or data that path would have. Absent keys are not kept. Errors: ERR_FORMAT with
 * path for what is malformed and for unknown keys; ERR_IO. */
int keep_load(struct disk_keep *k, const char *path, struct err *e);
int keep_parse(struct disk_keep *k, const char *data, size_t len, const char *path, struct err *e);

/* Append the JSON text, with all keys. */
int keep_format(const struct disk_keep *k, struct buf *out, struct err *e);

#endif
