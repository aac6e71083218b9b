/* Raw deflate by zlib, for readers that keep only 4 KiB of what they have decoded: matches reach
 * no further back. An object is used by one thread at a time. */
#ifndef KILN_CODEC_DEFLATE_ZLIB_H
#define KILN_CODEC_DEFLATE_ZLIB_H

#include <stddef.h>

#include "base/err.h"

enum { DEFLATE_ZLIB_WINDOW_BITS = 12, DEFLATE_ZLIB_LEVEL_MAX = 9 };

struct deflate_zlib;

/* level: zlib's, 1 to DEFLATE_ZLIB_LEVEL_MAX. With 6, the bytes are those of `qemu-img convert -c`
 * and the same zlib. */
int deflate_zlib_new(struct deflate_zlib **out, unsigned level, struct err *e);

/* Compress in to less than out_max bytes. Returns the bytes used, 0 when they do not suffice.
 * in_len: below 4 GiB. */
size_t deflate_zlib_encode(
	struct deflate_zlib *z, const void *in, size_t in_len, void *out, size_t out_max);
void deflate_zlib_free(struct deflate_zlib *z);

/* "zlib 1.2.13" */
const char *deflate_zlib_library(void);

#endif
