/* What partitions a disk has and what is in them. GPT (UEFI 2.10, chapter 5) with sectors of 512
 * bytes, MBR with primary partitions, or one file system on the whole disk. */
#ifndef KILN_IMAGE_PARTS_H
#define KILN_IMAGE_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "digest/uuid5.h"

enum parts_table {
	PARTS_NONE, /* the whole disk is the one part, number 0 */
	PARTS_MBR,
	PARTS_GPT,
};

enum parts_content {
	PARTS_UNKNOWN,
	PARTS_EMPTY, /* no known signature and the first 64 KiB are zeros */
	PARTS_EXT4,  /* ext2, ext3 or ext4 */
	PARTS_FAT,
	PARTS_SWAP,
	PARTS_XFS,
	PARTS_BTRFS,
	PARTS_SQUASHFS,
	PARTS_LUKS,
	PARTS_LVM,
};

#define PARTS_NAME_SIZE 145 /* 36 UTF-16 characters as UTF-8 */
#define PARTS_LABEL_SIZE 257

struct part {
	unsigned number; /* as the table counts, from 1 */
	uint64_t start_bytes;
	uint64_t size_bytes;
	char type[UUID_TEXT_SIZE]; /* GUID, lower case; MBR: "mbr-0c" */
	/* The partition's GUID; MBR: the disk's signature and the number, "90909090-01", as in
	 * Linux's PARTUUID; "" without one. */
	char uuid[UUID_TEXT_SIZE];
	char name[PARTS_NAME_SIZE];
	enum parts_content content;
	char fs_uuid[UUID_TEXT_SIZE];    /* as blkid has it; FAT: "XXXX-XXXX"; "" without one */
	char fs_label[PARTS_LABEL_SIZE]; /* "" when there is none; may hold any bytes but 0 */
};

#define PARTS_MAX 128

struct parts {
	enum parts_table table;
	char disk_uuid[UUID_TEXT_SIZE]; /* GUID; MBR: signature, "90909090"; "" without one */
	size_t n;
	struct part items[PARTS_MAX]; /* by number */
};

/* Read the table of the disk in fd. Partitions that overlap or leave the disk, and tables whose
 * checksums are wrong, are ERR_FORMAT; the backup of a GPT is not looked at. ERR_INTEGRITY when the
 * disk ends before the table says it does; ERR_UNSUPPORTED for extended partitions and for more
 * than PARTS_MAX; ERR_IO. */
int parts_read(int fd, uint64_t size_bytes, struct parts *p, struct err *e);

/* "ext4", "vfat", "unknown"... */
const char *parts_content_name(enum parts_content content);

#endif
