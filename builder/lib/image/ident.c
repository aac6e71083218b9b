#include "image/ident.h"

#include <stdio.h>

#include "base/mem.h"

static const char *const role_names[IDENT_N_ROLES] = {
	[IDENT_GPT_DISK] = "gpt-disk",
	[IDENT_GPT_ESP] = "gpt-esp",
	[IDENT_GPT_ROOT] = "gpt-root",
	[IDENT_EXT4_UUID] = "ext4-uuid",
	[IDENT_EXT4_HASH_SEED] = "ext4-hash-seed",
	[IDENT_FAT_SERIAL] = "fat-serial",
};

int ident_uuid(
	const char *identity, enum ident_role role, unsigned char uuid[UUID_SIZE], struct err *e)
{
	cleanup_free char *name = mem_printf(e, "%s/%s", identity, role_names[role]);

	return name ? uuid5_make(uuid5_limekiln, name, uuid, e) : -1;
}

int ident_uuid_text(
	const char *identity, enum ident_role role, char text[UUID_TEXT_SIZE], struct err *e)
{
	unsigned char uuid[UUID_SIZE];

	if (ident_uuid(identity, role, uuid, e) < 0)
		return -1;
	uuid5_format(uuid, text);
	return 0;
}

int ident_fat_serial(
	const char *identity, uint32_t *serial, char text[IDENT_FAT_TEXT_SIZE], struct err *e)
{
	unsigned char uuid[UUID_SIZE];

	if (ident_uuid(identity, IDENT_FAT_SERIAL, uuid, e) < 0)
		return -1;
	*serial = (uint32_t)uuid[0] << 24 | (uint32_t)uuid[1] << 16 | (uint32_t)uuid[2] << 8 |
		  uuid[3];
	if (text)
		snprintf(text, IDENT_FAT_TEXT_SIZE, "%04X-%04X", *serial >> 16, *serial & 0xffff);
	return 0;
}
