/* Identifiers of a disk and what is on it: derived from the image's identity, never random. */
#ifndef KILN_IMAGE_IDENT_H
#define KILN_IMAGE_IDENT_H

#include <stdint.h>

#include "base/err.h"
#include "digest/uuid5.h"

enum ident_role {
	IDENT_GPT_DISK,
	IDENT_GPT_ESP,  /* the ESP's partition GUID */
	IDENT_GPT_ROOT, /* the root partition's partition GUID */
	IDENT_EXT4_UUID,
	IDENT_EXT4_HASH_SEED,
	IDENT_FAT_SERIAL,
	IDENT_N_ROLES,
};

/* UUIDv5 of "<identity>/<role>" in limekiln's namespace, in network byte order. identity is the
 * image and architecture: "agent-vm/x86_64". Errors: ERR_INTERNAL. Any thread. */
int ident_uuid(
	const char *identity, enum ident_role role, unsigned char uuid[UUID_SIZE], struct err *e);

/* The same as lower-case text. */
int ident_uuid_text(
	const char *identity, enum ident_role role, char text[UUID_TEXT_SIZE], struct err *e);

/* The bytes of a UUID's text. ERR_FORMAT for other text. */
int ident_parse_uuid(const char *text, unsigned char uuid[UUID_SIZE], struct err *e);

#define IDENT_FAT_TEXT_SIZE 10
/* A FAT volume serial as "XXXX-XXXX" in upper case, as udev names it, and back. ERR_FORMAT for
 * other text. */
void ident_format_serial(uint32_t serial, char text[IDENT_FAT_TEXT_SIZE]);
int ident_parse_serial(const char *text, uint32_t *serial, struct err *e);

/* The FAT volume serial: the first 4 bytes of the fat-serial UUID as a big-endian number. text
 * (may be NULL) gets it as ident_format_serial() writes it. */
int ident_fat_serial(
	const char *identity, uint32_t *serial, char text[IDENT_FAT_TEXT_SIZE], struct err *e);

#endif
