/* Zstandard frames (RFC 8878) in one call a block, by libzstd. An object is used by one thread at a
 * time. */
#ifndef KILN_CODEC_ZSTD_FRAME_H
#define KILN_CODEC_ZSTD_FRAME_H

#include <stddef.h>

#include "base/err.h"

/* The same scale as codec/deflate.h has, spread over libzstd's own 1 to 19; the first five are the
 * same. The default is libzstd's. */
enum { ZSTD_LEVEL_MIN = 1, ZSTD_LEVEL_DEFAULT = 3, ZSTD_LEVEL_MAX = 12 };

struct zstd_encoder;
struct zstd_decoder;

/* level: ZSTD_LEVEL_MIN to ZSTD_LEVEL_MAX, else ERR_USAGE. */
int zstd_encoder_new(struct zstd_encoder **out, unsigned level, struct err *e);

/* End each frame from now on with a checksum of what it holds. Errors: ERR_INTERNAL. */
int zstd_encoder_add_checksums(struct zstd_encoder *enc, struct err *e);

/* Bytes that always suffice for a frame of in_len bytes. */
size_t zstd_encode_bound(size_t in_len);

/* Compress in to at most out_max bytes: one frame that says how much it holds.
 * Returns the bytes used, 0 when they do not suffice (libzstd may want some more than it uses in
 * the end). The result depends on in, out_max, the level and zstd_library() only. Memory: for 64
 * KiB at once up to 2 MiB, for 2 MiB up to 7 MiB at levels up to 7 and 34 MiB at level 12. */
size_t zstd_encode(
	struct zstd_encoder *enc, const void *in, size_t in_len, void *out, size_t out_max);
void zstd_encoder_free(struct zstd_encoder *enc);

int zstd_decoder_new(struct zstd_decoder **out, struct err *e);

/* Decompress the frame that in begins with, which gives exactly out_len bytes. It may end before
 * in_len: *used tells where. ERR_FORMAT when it is malformed, cut off or of another length. */
int zstd_decode(struct zstd_decoder *dec, const void *in, size_t in_len, void *out, size_t out_len,
	size_t *used, struct err *e);
void zstd_decoder_free(struct zstd_decoder *dec);

/* Name and version of the compressor, which the bytes depend on: "libzstd 1.5.4". */
const char *zstd_library(void);

#endif
