/* UTF-16 as partition tables and FAT have it: little-endian, ended by a 0 or by the field. */
#ifndef KILN_IMAGE_UTF16_H
#define KILN_IMAGE_UTF16_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Write the units up to the first 0, n at most, as UTF-8 with a 0 at its end to out, which has room
 * for 3 * n + 1 bytes. *len (may be NULL) is without the 0. ERR_FORMAT for a surrogate without its
 * other half. */
int utf16_to_utf8(const uint16_t *units, size_t n, char *out, size_t *len, struct err *e);

#endif
