#include "image/qcow2_codec.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/deflate.h"
#include "codec/zstd_frame.h"

/* One of the two is there. */
struct qcow2_encoder {
	struct deflate_encoder *deflate;
	struct zstd_encoder *zstd;
};

struct qcow2_decoder {
	struct deflate_decoder *deflate;
	struct zstd_decoder *zstd;
};

int qcow2_encoder_new(struct qcow2_encoder **out, enum qcow2_compression type, unsigned level,
	unsigned window_bits, struct err *e)
{
	struct qcow2_encoder *enc = mem_zalloc(sizeof(*enc), e);

	*out = NULL;
	if (!enc)
		return -1;
	if ((type == QCOW2_ZSTD ? zstd_encoder_new(&enc->zstd, level, e)
				: deflate_encoder_new(&enc->deflate, level, window_bits, e)) < 0) {
		free(enc);
		return -1;
	}
	*out = enc;
	return 0;
}

size_t qcow2_encode(
	struct qcow2_encoder *enc, const void *in, size_t in_len, void *out, size_t out_max)
{
	return enc->zstd ? zstd_encode(enc->zstd, in, in_len, out, out_max)
			 : deflate_encode(enc->deflate, in, in_len, out, out_max);
}

void qcow2_encoder_free(struct qcow2_encoder *enc)
{
	if (!enc)
		return;
	deflate_encoder_free(enc->deflate);
	zstd_encoder_free(enc->zstd);
	free(enc);
}

int qcow2_decoder_new(struct qcow2_decoder **out, enum qcow2_compression type, struct err *e)
{
	struct qcow2_decoder *dec = mem_zalloc(sizeof(*dec), e);

	*out = NULL;
	if (!dec)
		return -1;
	if ((type == QCOW2_ZSTD ? zstd_decoder_new(&dec->zstd, e)
				: deflate_decoder_new(&dec->deflate, e)) < 0) {
		free(dec);
		return -1;
	}
	*out = dec;
	return 0;
}

int qcow2_decode(struct qcow2_decoder *dec, const void *in, size_t in_len, void *out,
	size_t out_len, size_t *used, struct err *e)
{
	return dec->zstd ? zstd_decode(dec->zstd, in, in_len, out, out_len, used, e)
			 : deflate_decode(dec->deflate, in, in_len, out, out_len, used, e);
}

void qcow2_decoder_free(struct qcow2_decoder *dec)
{
	if (!dec)
		return;
	deflate_decoder_free(dec->deflate);
	zstd_decoder_free(dec->zstd);
	free(dec);
}

const char *qcow2_codec_library(enum qcow2_compression type, unsigned level, unsigned window_bits)
{
	return type == QCOW2_ZSTD ? zstd_library() : deflate_library(level, window_bits);
}

const char *qcow2_compression_name(enum qcow2_compression type)
{
	return type == QCOW2_ZSTD ? "zstd" : "deflate";
}
