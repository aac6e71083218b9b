/* The two formats of a packed disk as one: blocks that know nothing of each other, and what stands
 * before and after them in the file. */
#ifndef KILN_IMAGE_PACK_CODEC_H
#define KILN_IMAGE_PACK_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/xz.h"
#include "image/pack.h"

/* A format at a level, and what follows from it. */
struct pack_codec {
	enum pack_format format;
	unsigned level;
	size_t block_size; /* bytes of the disk in a block, a multiple of SOURCE_WINDOW */
	size_t bound;      /* bytes that a block may have in the file */
};

/* ERR_USAGE for a level that the format has not. */
int pack_codec_init(struct pack_codec *c, enum pack_format format, unsigned level, struct err *e);

/* One thread's encoder. c must outlive it. */
struct pack_encoder;
int pack_encoder_new(struct pack_encoder **out, const struct pack_codec *c, struct err *e);
void pack_encoder_free(struct pack_encoder *enc);

/* An encoded block. */
struct pack_block {
	unsigned char *bytes; /* pack_codec.bound bytes of room */
	size_t len;
	struct xz_block xz; /* of xz */
};

/* Encode len bytes, 1 to block_size, into b. Errors: ERR_INTERNAL. */
int pack_encode(struct pack_encoder *enc, const unsigned char *data, size_t len,
	struct pack_block *b, struct err *e);

/* What stands around the blocks. */
struct pack_frame;
/* Append what the file begins with to *begin. */
int pack_frame_new(
	struct pack_frame **out, const struct pack_codec *c, struct buf *begin, struct err *e);
/* Note the next block of the file. */
int pack_frame_add(struct pack_frame *f, const struct pack_block *b, struct err *e);
/* Append what the file ends with. */
int pack_frame_finish(struct pack_frame *f, struct buf *end, struct err *e);
void pack_frame_free(struct pack_frame *f);

#endif
