#include "codec/zstd_frame.h"

#include <zstd.h>

/* The object is libzstd's own, behind a name of ours. */
static ZSTD_DCtx *theirs(struct zstd_decoder *dec)
{
	return (ZSTD_DCtx *)dec;
}

int zstd_decoder_new(struct zstd_decoder **out, struct err *e)
{
	*out = (struct zstd_decoder *)ZSTD_createDCtx();
	return *out ? 0 : err_nomem(e);
}

int zstd_decode(struct zstd_decoder *dec, const void *in, size_t in_len, void *out, size_t out_len,
	struct err *e)
{
	size_t frame_len = ZSTD_findFrameCompressedSize(in, in_len);

	if (ZSTD_isError(frame_len))
		return err_set(e, ERR_FORMAT, "compressed data is malformed or cut off");
	size_t n = ZSTD_decompressDCtx(theirs(dec), out, out_len, in, frame_len);
	if (ZSTD_isError(n))
		return err_set(e, ERR_FORMAT, "compressed data: %s", ZSTD_getErrorName(n));
	if (n < out_len)
		return err_set(
			e, ERR_FORMAT, "compressed data gives fewer than %zu bytes", out_len);
	return 0;
}

void zstd_decoder_free(struct zstd_decoder *dec)
{
	ZSTD_freeDCtx(theirs(dec));
}
