/* Zstandard frames (RFC 8878), decoding only, by libzstd. An object is used by one thread at a
 * time. */
#ifndef KILN_CODEC_ZSTD_FRAME_H
#define KILN_CODEC_ZSTD_FRAME_H

#include <stddef.h>

#include "base/err.h"

struct zstd_decoder;

int zstd_decoder_new(struct zstd_decoder **out, struct err *e);

/* Decompress the frame that in begins with, which gives exactly out_len bytes; what follows it is
 * not looked at. ERR_FORMAT when it is malformed, cut off or of another length. */
int zstd_decode(struct zstd_decoder *dec, const void *in, size_t in_len, void *out, size_t out_len,
	struct err *e);
void zstd_decoder_free(struct zstd_decoder *dec);

#endif
