#include "image/pack_codec.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/zstd_frame.h"

/* Frames of this size are some 0.4 % larger than one frame of the whole disk, and small enough to
 * keep many threads busy. */
#define ZSTD_BLOCK ((size_t)8 << 20)

struct pack_encoder {
	const struct pack_codec *codec;
	struct xz_encoder *xz;
	struct zstd_encoder *zstd;
};

struct pack_frame {
	struct xz_index *index; /* of xz */
};

static int check_level(unsigned level, unsigned min, unsigned max, struct err *e)
{
	if (level >= min && level <= max)
		return 0;
	return err_set(e, ERR_USAGE, "--level: %u is not between %u and %u", level, min, max);
}

/* As xz itself chooses it, three times the dictionary, but of whole windows. */
static size_t xz_block_size(unsigned level)
{
	size_t size = 3 * xz_dictionary_size(level);

	return (size + SOURCE_WINDOW - 1) / SOURCE_WINDOW * SOURCE_WINDOW;
}

int pack_codec_init(struct pack_codec *c, enum pack_format format, unsigned level, struct err *e)
{
	*c = (struct pack_codec){.format = format, .level = level};
	if (format == PACK_ZSTD) {
		if (check_level(level, ZSTD_LEVEL_MIN, ZSTD_LEVEL_MAX, e) < 0)
			return -1;
		c->block_size = ZSTD_BLOCK;
		c->bound = zstd_encode_bound(ZSTD_BLOCK);
		return 0;
	}
	if (check_level(level, XZ_LEVEL_MIN, XZ_LEVEL_MAX, e) < 0)
		return -1;
	c->block_size = xz_block_size(level);
	c->bound = xz_encode_bound(c->block_size);
	return 0;
}

static int encoder_init(struct pack_encoder *enc, const struct pack_codec *c, struct err *e)
{
	enc->codec = c;
	if (c->format == PACK_XZ)
		return xz_encoder_new(&enc->xz, c->level, c->block_size, e);
	return zstd_encoder_new(&enc->zstd, c->level, e) < 0
		       ? -1
		       : zstd_encoder_add_checksums(enc->zstd, e);
}

int pack_encoder_new(struct pack_encoder **out, const struct pack_codec *c, struct err *e)
{
	struct pack_encoder *enc = mem_zalloc(sizeof(*enc), e);

	*out = NULL;
	if (!enc)
		return -1;
	if (encoder_init(enc, c, e) < 0) {
		pack_encoder_free(enc);
		return -1;
	}
	*out = enc;
	return 0;
}

void pack_encoder_free(struct pack_encoder *enc)
{
	if (!enc)
		return;
	xz_encoder_free(enc->xz);
	zstd_encoder_free(enc->zstd);
	free(enc);
}

int pack_encode(struct pack_encoder *enc, const unsigned char *data, size_t len,
	struct pack_block *b, struct err *e)
{
	if (enc->codec->format == PACK_XZ)
		return xz_encode(enc->xz, data, len, b->bytes, &b->len, &b->xz, e);
	/* The room suffices for any data, so that only memory can be what was missing. */
	b->len = zstd_encode(enc->zstd, data, len, b->bytes, enc->codec->bound);
	return b->len ? 0 : err_nomem(e);
}

int pack_frame_new(
	struct pack_frame **out, const struct pack_codec *c, struct buf *begin, struct err *e)
{
	unsigned char header[XZ_HEADER_SIZE];
	struct pack_frame *f = mem_zalloc(sizeof(*f), e);

	*out = NULL;
	if (!f)
		return -1;
	if (c->format == PACK_XZ && (xz_index_new(&f->index, e) < 0 || xz_header(header, e) < 0 ||
					    buf_append(begin, header, sizeof(header), e) < 0)) {
		pack_frame_free(f);
		return -1;
	}
	*out = f;
	return 0;
}

int pack_frame_add(struct pack_frame *f, const struct pack_block *b, struct err *e)
{
	return f->index ? xz_index_add(f->index, &b->xz, e) : 0;
}

int pack_frame_finish(struct pack_frame *f, struct buf *end, struct err *e)
{
	return f->index ? xz_index_finish(f->index, end, e) : 0;
}

void pack_frame_free(struct pack_frame *f)
{
	if (!f)
		return;
	xz_index_free(f->index);
	free(f);
}

const char *pack_library(enum pack_format format)
{
	return format == PACK_XZ ? xz_library() : zstd_library();
}
