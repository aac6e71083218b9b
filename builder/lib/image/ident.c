#include "image/ident.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const char digits[] = "0123456789abcdef";

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

/* The digits of text, which has the form of pattern, where 'x' is a hexadecimal digit, as bytes. */
static bool parse_hex(const char *text, const char *pattern, unsigned char *bytes)
{
	size_t n = 0;

	for (; *pattern; text++, pattern++) {
		const char *found = *text ? strchr(digits, tolower((unsigned char)*text)) : NULL;

		if (*pattern != 'x') {
			if (*text != *pattern)
				return false;
			continue;
		}
		if (!found)
			return false;
		bytes[n / 2] = (unsigned char)(bytes[n / 2] << 4 | (found - digits));
		n++;
	}
	return !*text;
}

int ident_parse_uuid(const char *text, unsigned char uuid[UUID_SIZE], struct err *e)
{
	if (parse_hex(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", uuid))
		return 0;
	return err_set(e, ERR_FORMAT, "'%.100s' is no UUID", text);
}

void ident_format_serial(uint32_t serial, char text[IDENT_FAT_TEXT_SIZE])
{
	snprintf(text, IDENT_FAT_TEXT_SIZE, "%04X-%04X", serial >> 16, serial & 0xffff);
}

int ident_parse_serial(const char *text, uint32_t *serial, struct err *e)
{
	unsigned char bytes[4];

	if (!parse_hex(text, "xxxx-xxxx", bytes))
		return err_set(e, ERR_FORMAT, "'%.100s' is no serial number XXXX-XXXX", text);
	*serial = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		  bytes[3];
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
		ident_format_serial(*serial, text);
	return 0;
}
