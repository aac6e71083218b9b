#include "codec/zstd_frame.h"

#include <stdbool.h>
#include <zstd.h>

/* libzstd's levels. Those that are left out take longer than the one before and make clusters of 64
 * KiB, or of 2 MiB, hardly smaller. */
static const int levels[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 17, 19};

_Static_assert(sizeof(levels) / sizeof(levels[0]) == ZSTD_LEVEL_MAX, "one for each level");

/* The objects are libzstd's own, behind names of ours. */
static ZSTD_CCtx *theirs_enc(struct zstd_encoder *enc)
{
	return (ZSTD_CCtx *)enc;
}

static ZSTD_DCtx *theirs_dec(struct zstd_decoder *dec)
{
	return (ZSTD_DCtx *)dec;
}

static bool configure(ZSTD_CCtx *ctx, unsigned level)
{
	const struct {
		ZSTD_cParameter name;
		int value;
	} parameters[] = {
		{ZSTD_c_compressionLevel, levels[level - ZSTD_LEVEL_MIN]},
		{ZSTD_c_contentSizeFlag, 1},
		{ZSTD_c_checksumFlag, 0},
	};

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		if (ZSTD_isError(
			    ZSTD_CCtx_setParameter(ctx, parameters[i].name, parameters[i].value)))
			return false;
	}
	return true;
}

int zstd_encoder_new(struct zstd_encoder **out, unsigned level, struct err *e)
{
	*out = NULL;
	if (level < ZSTD_LEVEL_MIN || level > ZSTD_LEVEL_MAX)
		return err_set(e, ERR_USAGE, "compression level %u is not between %d and %d", level,
			ZSTD_LEVEL_MIN, ZSTD_LEVEL_MAX);
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	if (!ctx)
		return err_nomem(e);
	*out = (struct zstd_encoder *)ctx;
	if (configure(ctx, level))
		return 0;
	zstd_encoder_free(*out);
	*out = NULL;
	return err_set(e, ERR_INTERNAL, "libzstd does not take level %u", level);
}

int zstd_encoder_add_checksums(struct zstd_encoder *enc, struct err *e)
{
	if (ZSTD_isError(ZSTD_CCtx_setParameter(theirs_enc(enc), ZSTD_c_checksumFlag, 1)))
		return err_set(e, ERR_INTERNAL, "libzstd does not take checksums");
	return 0;
}

size_t zstd_encode_bound(size_t in_len)
{
	return ZSTD_compressBound(in_len);
}

size_t zstd_encode(
	struct zstd_encoder *enc, const void *in, size_t in_len, void *out, size_t out_max)
{
	size_t n = ZSTD_compress2(theirs_enc(enc), out, out_max, in, in_len);

	return ZSTD_isError(n) ? 0 : n;
}

void zstd_encoder_free(struct zstd_encoder *enc)
{
	ZSTD_freeCCtx(theirs_enc(enc));
}

int zstd_decoder_new(struct zstd_decoder **out, struct err *e)
{
	*out = (struct zstd_decoder *)ZSTD_createDCtx();
	return *out ? 0 : err_nomem(e);
}

int zstd_decode(struct zstd_decoder *dec, const void *in, size_t in_len, void *out, size_t out_len,
	size_t *used, struct err *e)
{
	size_t frame_len = ZSTD_findFrameCompressedSize(in, in_len);

	if (ZSTD_isError(frame_len))
		return err_set(e, ERR_FORMAT, "compressed data is malformed or cut off");
	size_t n = ZSTD_decompressDCtx(theirs_dec(dec), out, out_len, in, frame_len);
	if (ZSTD_isError(n))
		return err_set(e, ERR_FORMAT, "compressed data: %s", ZSTD_getErrorName(n));
	if (n < out_len)
		return err_set(
			e, ERR_FORMAT, "compressed data gives fewer than %zu bytes", out_len);
	*used = frame_len;
	return 0;
}

void zstd_decoder_free(struct zstd_decoder *dec)
{
	ZSTD_freeDCtx(theirs_dec(dec));
}

const char *zstd_library(void)
{
	return "libzstd " ZSTD_VERSION_STRING;
}
