/* Compressed clusters of either type (image/qcow2_format.h). An object is used by one thread at a
 * time. */
#ifndef KILN_IMAGE_QCOW2_CODEC_H
#define KILN_IMAGE_QCOW2_CODEC_H

#include <stddef.h>

#include "base/err.h"
#include "image/qcow2_format.h"

struct qcow2_encoder;
struct qcow2_decoder;

/* level: 1 to 12 for both types; window_bits: of deflate only (codec/deflate.h). ERR_USAGE for
 * another level or window. */
int qcow2_encoder_new(struct qcow2_encoder **out, enum qcow2_compression type, unsigned level,
	unsigned window_bits, struct err *e);

/* Compress a cluster to at most out_max bytes. Returns the bytes used, 0 when they do not
 * suffice. */
size_t qcow2_encode(
	struct qcow2_encoder *enc, const void *in, size_t in_len, void *out, size_t out_max);
void qcow2_encoder_free(struct qcow2_encoder *enc);

int qcow2_decoder_new(struct qcow2_decoder **out, enum qcow2_compression type, struct err *e);

/* Decompress a cluster of out_len bytes. What is compressed may end before in_len: *used tells
 * where. ERR_FORMAT when it is malformed, cut off or of another length. */
int qcow2_decode(struct qcow2_decoder *dec, const void *in, size_t in_len, void *out,
	size_t out_len, size_t *used, struct err *e);
void qcow2_decoder_free(struct qcow2_decoder *dec);

/* Name and version of the compressor that such an encoder uses, which the bytes depend on. */
const char *qcow2_codec_library(enum qcow2_compression type, unsigned level, unsigned window_bits);

/* "deflate", "zstd". */
const char *qcow2_compression_name(enum qcow2_compression type);

#endif
