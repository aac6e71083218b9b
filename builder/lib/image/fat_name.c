#include "image/fat_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "image/le.h"
#include "image/utf16.h"

#define PART_UNITS 13
#define PARTS_LAST 0x40 /* marks the last part, which comes first */

enum {
	L_ORDER = 0,
	L_CHECKSUM = 13,
	S_NT_CASE = 12,
	NT_LOWER_BASE = 0x08,
	NT_LOWER_EXT = 0x10,
};

void fat_long_name_add(struct fat_long_name *n, const unsigned char *entry)
{
	static const unsigned char places[PART_UNITS] = {
		1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	unsigned order = entry[L_ORDER] & (PARTS_LAST - 1u);

	if (entry[L_ORDER] & PARTS_LAST && order >= 1 && order <= 20) {
		memset(n, 0, sizeof(*n));
		n->n_parts = order;
		n->next = order;
		n->checksum = entry[L_CHECKSUM];
	}
	if (order == 0 || order != n->next || entry[L_CHECKSUM] != n->checksum) {
		memset(n, 0, sizeof(*n));
		return;
	}
	n->next--;
	for (size_t i = 0; i < PART_UNITS; i++)
		n->units[n->next * PART_UNITS + i] = le_get16(entry + places[i]);
}

/* "Checksum": rotate and add. */
static unsigned char checksum(const unsigned char *entry)
{
	unsigned sum = 0;

	for (size_t i = 0; i < 11; i++)
		sum = (((sum & 1) << 7 | sum >> 1) + entry[i]) & 0xff;
	return (unsigned char)sum;
}

/* Append a padded field of a short name. */
static size_t add_field(const unsigned char *field, size_t len, bool lower, char *name)
{
	while (len > 0 && field[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)(lower ? tolower(field[i]) : field[i]);
	return len;
}

static int short_name(const unsigned char *entry, char name[FAT_NAME_SIZE], struct err *e)
{
	size_t len = add_field(entry, 8, entry[S_NT_CASE] & NT_LOWER_BASE, name);
	size_t ext = add_field(entry + 8, 3, entry[S_NT_CASE] & NT_LOWER_EXT, name + len + 1);

	if (ext > 0) {
		name[len] = '.';
		len += 1 + ext;
	}
	name[len] = 0;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)name[i] >= 0x80 || (i == 0 && entry[0] == 0x05))
			return err_set(e, ERR_UNSUPPORTED,
				"a short name with characters of an unknown code page");
	}
	return 0;
}

int fat_name_take(struct fat_long_name *n, const unsigned char *entry, char name[FAT_NAME_SIZE],
	struct err *e)
{
	bool is_long = n->n_parts > 0 && n->next == 0 && n->checksum == checksum(entry);
	int rc;

	if (is_long && n->units[FAT_NAME_UNITS])
		rc = err_set(e, ERR_FORMAT, "a name of more than 255 characters");
	else if (is_long)
		rc = utf16_to_utf8(n->units, FAT_NAME_UNITS, name, NULL, e);
	else
		rc = short_name(entry, name, e);
	memset(n, 0, sizeof(*n));
	if (rc < 0)
		return -1;
	for (const char *p = name; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == '/')
			return err_set(e, ERR_FORMAT, "a name with control characters or '/'");
	}
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_FORMAT, "'%s' as a name", name);
	return 0;
}
