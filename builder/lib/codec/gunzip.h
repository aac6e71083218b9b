/* gzip members (RFC 1952), held in memory, by libdeflate. */
#ifndef KILN_CODEC_GUNZIP_H
#define KILN_CODEC_GUNZIP_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Decompress the member that data begins with, check its CRC-32 and length, and append what it
 * holds to *out; *used is the member's length. ERR_INTEGRITY when it is malformed, damaged or cut
 * off, ERR_FORMAT when it holds more than max_bytes. */
int gunzip_member(const void *data, size_t len, size_t max_bytes, struct buf *out, size_t *used,
	struct err *e);

#endif
