/* The smallest raw deflate (RFC 1951) that patience finds for a few ten KiB. Input over 64 KiB is
 * compressed in pieces of that size. An object is used by one thread at a time. */
#ifndef KILN_CODEC_DEFLATE_BEST_H
#define KILN_CODEC_DEFLATE_BEST_H

#include <stddef.h>

#include "base/err.h"

struct deflate_best;

/* Takes about 8 MiB. */
int deflate_best_new(struct deflate_best **out, struct err *e);
void deflate_best_free(struct deflate_best *b);

/* Compress in to at most out_max bytes. Returns the bytes used, 0 when they do not suffice. The
 * result depends on in and deflate_best_library() only. */
size_t deflate_best_encode(
	struct deflate_best *b, const void *in, size_t in_len, void *out, size_t out_max);

/* Name and version, changed whenever the bytes change: "kiln-deflate-best 2". */
const char *deflate_best_library(void);

#endif
