/* Raw deflate (RFC 1951) in one call a block, by the encoder that suits the level. An object is
 * used by one thread at a time. */
#ifndef KILN_CODEC_DEFLATE_H
#define KILN_CODEC_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { DEFLATE_LEVEL_MIN = 1, DEFLATE_LEVEL_DEFAULT = 6, DEFLATE_LEVEL_MAX = 12 };

/* How far back a match may reach: 32 KiB, or 4 KiB for readers that hold no more (by zlib, which
 * takes levels over 9 for 9). */
enum { DEFLATE_WINDOW_DEFAULT = 15, DEFLATE_WINDOW_SMALL = 12 };

struct deflate_encoder;
struct deflate_decoder;

/* level: DEFLATE_LEVEL_MIN to DEFLATE_LEVEL_MAX; window_bits: DEFLATE_WINDOW_DEFAULT or
 * DEFLATE_WINDOW_SMALL; else ERR_USAGE. */
int deflate_encoder_new(
	struct deflate_encoder **out, unsigned level, unsigned window_bits, struct err *e);

/* Compress in to at most out_max bytes. Returns the bytes used, 0 when they do not suffice. The
 * result depends on in, level, window and deflate_library() only. */
size_t deflate_encode(
	struct deflate_encoder *enc, const void *in, size_t in_len, void *out, size_t out_max);
void deflate_encoder_free(struct deflate_encoder *enc);

int deflate_decoder_new(struct deflate_decoder **out, struct err *e);

/* Decompress a stream that gives exactly out_len bytes. It may end before in_len: *used tells
 * where. ERR_FORMAT when the stream is malformed, cut off or of another length. */
int deflate_decode(struct deflate_decoder *dec, const void *in, size_t in_len, void *out,
	size_t out_len, size_t *used, struct err *e);
void deflate_decoder_free(struct deflate_decoder *dec);

/* The CRC-32 of len bytes, as in zlib, gzip and partition tables. */
uint32_t deflate_crc32(const void *data, size_t len);

/* Name and version of the encoder, which the bytes depend on: "libdeflate 1.14". The arguments are
 * those of an encoder that deflate_encoder_new() makes. */
const char *deflate_library(unsigned level, unsigned window_bits);

#endif
