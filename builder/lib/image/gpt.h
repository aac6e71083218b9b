/* GUID partition tables (libfdisk). Specification: UEFI 2.10, chapter 5. */
#ifndef KILN_IMAGE_GPT_H
#define KILN_IMAGE_GPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "digest/uuid5.h"

#define GPT_NUMBER_MAX 128
#define GPT_ALIGN_BYTES ((uint64_t)1024 * 1024)

struct gpt_partition {
	unsigned number;      /* from 1, at most GPT_NUMBER_MAX */
	uint64_t start_bytes; /* multiples of GPT_ALIGN_BYTES */
	uint64_t size_bytes;
	const char *type; /* GUID text */
	const char *uuid; /* GUID text */
	const char *name; /* at most 36 characters */
};

/* The type GUID of an EFI system partition. */
extern const char gpt_type_esp[];
/* That of a partition that holds GRUB for a BIOS, in lower case as parts_read() gives it. */
extern const char gpt_type_bios_boot[];

/* The type GUID of a root partition for an architecture (x86_64, aarch64), as in the Discoverable
 * Partitions Specification; NULL when the architecture is not known. */
const char *gpt_type_root(const char *arch);

/* Write a protective MBR, the table and its backup to fd, a regular file of its final size, for
 * sectors of 512 bytes. Nothing else of the file is touched. disk_uuid is GUID text. Errors:
 * ERR_INTERNAL, ERR_IO. */
int gpt_write(int fd, const char *disk_uuid, const struct gpt_partition *partitions, size_t n,
	struct err *e);

#endif
