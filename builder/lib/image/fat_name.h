/* Names in FAT directories. Specification: Microsoft, "FAT: General Overview of On-Disk Format"
 * 1.03, "Long Directory Entries". */
#ifndef KILN_IMAGE_FAT_NAME_H
#define KILN_IMAGE_FAT_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FAT_NAME_UNITS 255
#define FAT_NAME_SIZE (3 * FAT_NAME_UNITS + 1) /* as UTF-8 */

/* A long name as it comes, last part first. `struct fat_long_name n = {0}` has none yet. */
struct fat_long_name {
	uint16_t units[20 * 13 + 1];
	unsigned next; /* the part that must follow; 0: the short entry */
	unsigned char checksum;
	unsigned n_parts; /* 0: no long name */
};

/* Take a long directory entry; one that does not continue what came before starts anew or is
 * dropped, as in other readers. */
void fat_long_name_add(struct fat_long_name *n, const unsigned char *entry);

/* The name of the short entry that follows n, as UTF-8: the long one when it belongs to it, else
 * the short one, in the case that Windows NT notes. n is as new afterwards. ERR_FORMAT for names
 * with control characters or '/', for "", ".", "..", and for what is not UTF-16; ERR_UNSUPPORTED
 * for a short name beyond ASCII, whose code page nobody knows. */
int fat_name_take(struct fat_long_name *n, const unsigned char *entry, char name[FAT_NAME_SIZE],
	struct err *e);

#endif
