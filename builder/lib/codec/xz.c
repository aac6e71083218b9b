#include "codec/xz.h"

#include <lzma.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct xz_encoder {
	lzma_stream stream; /* kept from block to block, and with it the memory */
	lzma_options_lzma lzma;
	lzma_filter filters[2];
	size_t block_size;
};

struct xz_index {
	lzma_index *index;
};

static const lzma_stream_flags stream_flags = {.version = 0, .check = LZMA_CHECK_CRC64};

/* What can go wrong is memory: all options are our own. */
static int fail(lzma_ret ret, const char *what, struct err *e)
{
	if (ret == LZMA_MEM_ERROR)
		return err_nomem(e);
	return err_set(e, ERR_INTERNAL, "liblzma: %s: error %d", what, (int)ret);
}

size_t xz_dictionary_size(unsigned level)
{
	lzma_options_lzma lzma;

	return lzma_lzma_preset(&lzma, level) ? 0 : lzma.dict_size;
}

int xz_encoder_new(struct xz_encoder **out, unsigned level, size_t block_size, struct err *e)
{
	*out = NULL;
	struct xz_encoder *enc = mem_zalloc(sizeof(*enc), e);
	if (!enc)
		return -1;
	if (level > XZ_LEVEL_MAX || lzma_lzma_preset(&enc->lzma, level)) {
		free(enc);
		return err_set(e, ERR_USAGE, "level %u is not between %d and %d", level,
			XZ_LEVEL_MIN, XZ_LEVEL_MAX);
	}
	enc->stream = (lzma_stream)LZMA_STREAM_INIT;
	enc->block_size = block_size;
	enc->filters[0] = (lzma_filter){.id = LZMA_FILTER_LZMA2, .options = &enc->lzma};
	enc->filters[1] = (lzma_filter){.id = LZMA_VLI_UNKNOWN};
	*out = enc;
	return 0;
}

size_t xz_encode_bound(size_t block_size)
{
	return lzma_block_buffer_bound(block_size);
}

/* Data that does not shrink: LZMA2's uncompressed chunks, as xz does it. */
static int store(lzma_block *block, const void *in, size_t in_len, void *out, size_t out_max,
	size_t *out_len, struct err *e)
{
	lzma_ret ret = lzma_block_uncomp_encode(block, in, in_len, out, out_len, out_max);

	return ret == LZMA_OK ? 0 : fail(ret, "store a block", e);
}

/* The data of a block, after room for its header; *out_len is 0 when it does not fit. */
static int encode_data(struct xz_encoder *enc, lzma_block *block, const void *in, size_t in_len,
	unsigned char *out, size_t out_max, size_t *out_len, struct err *e)
{
	lzma_stream *s = &enc->stream;

	*out_len = 0;
	lzma_ret ret = lzma_block_encoder(s, block);
	if (ret != LZMA_OK)
		return fail(ret, "begin a block", e);
	s->next_in = in;
	s->avail_in = in_len;
	s->next_out = out + block->header_size;
	s->avail_out = out_max - block->header_size;
	do
		ret = lzma_code(s, LZMA_FINISH);
	while (ret == LZMA_OK && s->avail_out > 0);
	if (ret == LZMA_OK)
		return 0;
	if (ret != LZMA_STREAM_END)
		return fail(ret, "encode a block", e);
	*out_len = out_max - s->avail_out;
	return 0;
}

int xz_encode(struct xz_encoder *enc, const void *in, size_t in_len, void *out, size_t *out_len,
	struct xz_block *result, struct err *e)
{
	/* The room for the sizes in the header is that for the largest block, so that the header
	 * can come after the data. */
	size_t out_max = xz_encode_bound(enc->block_size);
	lzma_block block = {.version = 0,
		.check = stream_flags.check,
		.compressed_size = out_max,
		.uncompressed_size = enc->block_size,
		.filters = enc->filters};
	lzma_ret ret = lzma_block_header_size(&block);

	if (ret != LZMA_OK)
		return fail(ret, "lay out a block", e);
	if (encode_data(enc, &block, in, in_len, out, out_max, out_len, e) < 0)
		return -1;
	ret = *out_len ? lzma_block_header_encode(&block, out) : LZMA_OK;
	if (ret != LZMA_OK)
		return fail(ret, "encode a block's header", e);
	if (*out_len == 0 && store(&block, in, in_len, out, out_max, out_len, e) < 0)
		return -1;
	result->unpadded_size = lzma_block_unpadded_size(&block);
	result->data_size = in_len;
	return 0;
}

void xz_encoder_free(struct xz_encoder *enc)
{
	if (!enc)
		return;
	lzma_end(&enc->stream);
	free(enc);
}

int xz_header(unsigned char out[XZ_HEADER_SIZE], struct err *e)
{
	lzma_ret ret = lzma_stream_header_encode(&stream_flags, out);

	return ret == LZMA_OK ? 0 : fail(ret, "encode the header", e);
}

int xz_index_new(struct xz_index **out, struct err *e)
{
	struct xz_index *x = mem_zalloc(sizeof(*x), e);

	*out = NULL;
	if (!x)
		return -1;
	x->index = lzma_index_init(NULL);
	if (!x->index) {
		free(x);
		return err_nomem(e);
	}
	*out = x;
	return 0;
}

int xz_index_add(struct xz_index *x, const struct xz_block *block, struct err *e)
{
	lzma_ret ret = lzma_index_append(x->index, NULL, block->unpadded_size, block->data_size);

	return ret == LZMA_OK ? 0 : fail(ret, "note a block", e);
}

int xz_index_finish(struct xz_index *x, struct buf *out, struct err *e)
{
	size_t index_size = lzma_index_size(x->index);
	lzma_stream_flags flags = stream_flags;
	size_t len = 0;

	flags.backward_size = index_size;
	if (buf_reserve(out, index_size + XZ_HEADER_SIZE, e) < 0)
		return -1;
	uint8_t *to = (uint8_t *)out->data + out->len;
	lzma_ret ret = lzma_index_buffer_encode(x->index, to, &len, index_size);
	if (ret == LZMA_OK)
		ret = lzma_stream_footer_encode(&flags, to + index_size);
	if (ret != LZMA_OK)
		return fail(ret, "encode the index", e);
	out->len += index_size + XZ_HEADER_SIZE;
	out->data[out->len] = 0;
	return 0;
}

void xz_index_free(struct xz_index *x)
{
	if (!x)
		return;
	lzma_index_end(x->index, NULL);
	free(x);
}

static char library[32];

static void make_library(void)
{
	snprintf(library, sizeof(library), "liblzma %s", lzma_version_string());
}

const char *xz_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_library);
	return library;
}
