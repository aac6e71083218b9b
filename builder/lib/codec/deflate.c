#include "codec/deflate.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/deflate_best.h"
#include "codec/deflate_fast.h"
#include "codec/deflate_zlib.h"

/* What encodes a level: its own object behind three functions. */
struct engine {
	const char *(*library)(void);
	void *(*make)(unsigned level, struct err *e);
	size_t (*encode)(void *state, const void *in, size_t in_len, void *out, size_t out_max);
	void (*destroy)(void *state);
};

struct deflate_encoder {
	const struct engine *engine;
	void *state;
};

static void *theirs_make(unsigned level, struct err *e)
{
	struct libdeflate_compressor *state = libdeflate_alloc_compressor((int)level);

	if (!state)
		err_nomem(e);
	return state;
}

static size_t theirs_encode(void *state, const void *in, size_t in_len, void *out, size_t out_max)
{
	return libdeflate_deflate_compress(state, in, in_len, out, out_max);
}

static void theirs_destroy(void *state)
{
	libdeflate_free_compressor(state);
}

static void *fast_make(unsigned level, struct err *e)
{
	struct deflate_fast *state;

	(void)level; /* it has one */
	deflate_fast_new(&state, e);
	return state;
}

static size_t fast_encode(void *state, const void *in, size_t in_len, void *out, size_t out_max)
{
	return deflate_fast_encode(state, in, in_len, out, out_max);
}

static void fast_destroy(void *state)
{
	deflate_fast_free(state);
}

static void *best_make(unsigned level, struct err *e)
{
	struct deflate_best *state;

	(void)level; /* it has one */
	deflate_best_new(&state, e);
	return state;
}

static size_t best_encode(void *state, const void *in, size_t in_len, void *out, size_t out_max)
{
	return deflate_best_encode(state, in, in_len, out, out_max);
}

static void best_destroy(void *state)
{
	deflate_best_free(state);
}

static const char *theirs_library(void)
{
	return "libdeflate " LIBDEFLATE_VERSION_STRING;
}

static void *zlib_make(unsigned level, struct err *e)
{
	struct deflate_zlib *state;

	if (level > DEFLATE_ZLIB_LEVEL_MAX)
		level = DEFLATE_ZLIB_LEVEL_MAX;
	deflate_zlib_new(&state, level, e);
	return state;
}

static size_t zlib_encode(void *state, const void *in, size_t in_len, void *out, size_t out_max)
{
	return deflate_zlib_encode(state, in, in_len, out, out_max);
}

static void zlib_destroy(void *state)
{
	deflate_zlib_free(state);
}

static const struct engine *find_engine(unsigned level, unsigned window_bits)
{
	static const struct engine fast = {
		deflate_fast_library, fast_make, fast_encode, fast_destroy};
	static const struct engine best = {
		deflate_best_library, best_make, best_encode, best_destroy};
	static const struct engine theirs = {
		theirs_library, theirs_make, theirs_encode, theirs_destroy};
	static const struct engine zlib = {
		deflate_zlib_library, zlib_make, zlib_encode, zlib_destroy};

	if (window_bits == DEFLATE_WINDOW_SMALL)
		return &zlib;
	return level == DEFLATE_LEVEL_MIN ? &fast : level == DEFLATE_LEVEL_MAX ? &best : &theirs;
}

int deflate_encoder_new(
	struct deflate_encoder **out, unsigned level, unsigned window_bits, struct err *e)
{
	cleanup_free struct deflate_encoder *enc = mem_zalloc(sizeof(*enc), e);

	*out = NULL;
	if (!enc)
		return -1;
	if (level < DEFLATE_LEVEL_MIN || level > DEFLATE_LEVEL_MAX)
		return err_set(e, ERR_USAGE, "compression level %u is not between %d and %d", level,
			DEFLATE_LEVEL_MIN, DEFLATE_LEVEL_MAX);
	if (window_bits != DEFLATE_WINDOW_DEFAULT && window_bits != DEFLATE_WINDOW_SMALL)
		return err_set(e, ERR_USAGE, "window of %u bits is neither %d nor %d", window_bits,
			DEFLATE_WINDOW_SMALL, DEFLATE_WINDOW_DEFAULT);
	enc->engine = find_engine(level, window_bits);
	enc->state = enc->engine->make(level, e);
	if (!enc->state)
		return -1;
	*out = steal_ptr(&enc);
	return 0;
}

size_t deflate_encode(
	struct deflate_encoder *enc, const void *in, size_t in_len, void *out, size_t out_max)
{
	return enc->engine->encode(enc->state, in, in_len, out, out_max);
}

void deflate_encoder_free(struct deflate_encoder *enc)
{
	if (!enc)
		return;
	enc->engine->destroy(enc->state);
	free(enc);
}

/* The decoder is libdeflate's own, behind a name of ours. */
static struct libdeflate_decompressor *theirs_dec(struct deflate_decoder *dec)
{
	return (struct libdeflate_decompressor *)dec;
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

const char *deflate_library(unsigned level, unsigned window_bits)
{
	return find_engine(level, window_bits)->library();
}
