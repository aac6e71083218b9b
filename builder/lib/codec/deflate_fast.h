/* Raw deflate (RFC 1951), fast: what level 1 is. The bytes depend on the input alone, not on the
 * processor. An object is used by one thread at a time. */
#ifndef KILN_CODEC_DEFLATE_FAST_H
#define KILN_CODEC_DEFLATE_FAST_H

#include <stddef.h>

#include "base/err.h"

struct deflate_fast;

int deflate_fast_new(struct deflate_fast **out, struct err *e);

/* Compress in to at most out_max bytes. Returns the bytes used, 0 when they do not suffice. */
size_t deflate_fast_encode(
	struct deflate_fast *d, const void *in, size_t in_len, void *out, size_t out_max);
void deflate_fast_free(struct deflate_fast *d);

/* "kiln-deflate 1": the number is raised when the bytes change. */
const char *deflate_fast_library(void);

#endif
