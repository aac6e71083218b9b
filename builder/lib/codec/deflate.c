#include "codec/deflate.h"

#include <libdeflate.h>
#include <stdlib.h>

/* The objects are libdeflate's own, behind names of ours. */
static struct libdeflate_compressor *theirs_enc(struct deflate_encoder *enc)
{
	return (struct libdeflate_compressor *)enc;
}

static struct libdeflate_decompressor *theirs_dec(struct deflate_decoder *dec)
{
	return (struct libdeflate_decompressor *)dec;
}

int deflate_encoder_new(struct deflate_encoder **out, unsigned level, struct err *e)
{
	*out = NULL;
	if (level < DEFLATE_LEVEL_MIN || level > DEFLATE_LEVEL_MAX)
		return err_set(e, ERR_USAGE, "compression level %u is not between %d and %d", level,
			DEFLATE_LEVEL_MIN, DEFLATE_LEVEL_MAX);
	*out = (struct deflate_encoder *)libdeflate_alloc_compressor((int)level);
	return *out ? 0 : err_nomem(e);
}

size_t deflate_encode(
	struct deflate_encoder *enc, const void *in, size_t in_len, void *out, size_t out_max)
{
	return libdeflate_deflate_compress(theirs_enc(enc), in, in_len, out, out_max);
}

void deflate_encoder_free(struct deflate_encoder *enc)
{
	if (enc)
		libdeflate_free_compressor(theirs_enc(enc));
}

int deflate_decoder_new(struct deflate_decoder **out, struct err *e)
{
	*out = (struct deflate_decoder *)libdeflate_alloc_decompressor();
	return *out ? 0 : err_nomem(e);
}

int deflate_decode(struct deflate_decoder *dec, const void *in, size_t in_len, void *out,
	size_t out_len, size_t *used, struct err *e)
{
	switch (libdeflate_deflate_decompress_ex(
		theirs_dec(dec), in, in_len, out, out_len, used, NULL)) {
	case LIBDEFLATE_SUCCESS:
		return 0;
	case LIBDEFLATE_SHORT_OUTPUT:
		return err_set(
			e, ERR_FORMAT, "compressed data gives fewer than %zu bytes", out_len);
	case LIBDEFLATE_INSUFFICIENT_SPACE:
		return err_set(e, ERR_FORMAT, "compressed data gives more than %zu bytes", out_len);
	case LIBDEFLATE_BAD_DATA:
		break;
	}
	return err_set(e, ERR_FORMAT, "compressed data is malformed or cut off");
}

void deflate_decoder_free(struct deflate_decoder *dec)
{
	if (dec)
		libdeflate_free_decompressor(theirs_dec(dec));
}

uint32_t deflate_crc32(const void *data, size_t len)
{
	return libdeflate_crc32(0, data, len);
}

const char *deflate_library(void)
{
	return "libdeflate " LIBDEFLATE_VERSION_STRING;
}
