/* The .xz format, written block by block, by liblzma (The .xz File Format 1.1.0).
 *
 * A file is its stream header, blocks that know nothing of each other, and an index with the
 * stream footer. Blocks may be encoded in any order on any thread; put together in order they are
 * the bytes that `xz --threads=N --block-size=B` of the same version writes, whatever N is: one
 * LZMA2 filter with the preset's options, both sizes in each block's header, CRC-64. */
#ifndef KILN_CODEC_XZ_H
#define KILN_CODEC_XZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { XZ_LEVEL_MIN = 0, XZ_LEVEL_DEFAULT = 6, XZ_LEVEL_MAX = 9 };

#define XZ_HEADER_SIZE 12

/* What the index says of a block. */
struct xz_block {
	uint64_t unpadded_size; /* bytes in the file without the padding at its end */
	uint64_t data_size;     /* bytes of data in it */
};

struct xz_encoder;
struct xz_index;

/* The size of the dictionary of a preset, XZ_LEVEL_MIN to XZ_LEVEL_MAX, in bytes. */
size_t xz_dictionary_size(unsigned level);

/* level: a preset, as of xz; block_size: data of a block, all but the last. Memory: 11 times the
 * dictionary and some MiB. */
int xz_encoder_new(struct xz_encoder **out, unsigned level, size_t block_size, struct err *e);

/* Bytes that the block of block_size bytes of data may have in the file. */
size_t xz_encode_bound(size_t block_size);

/* Encode one block of in_len bytes, 1 to block_size, to out, which has xz_encode_bound() bytes.
 * *out_len is a multiple of 4. The result depends on in, the level, block_size and xz_library()
 * only. One thread at a time. Errors: ERR_INTERNAL (no memory). */
int xz_encode(struct xz_encoder *enc, const void *in, size_t in_len, void *out, size_t *out_len,
	struct xz_block *block, struct err *e);
void xz_encoder_free(struct xz_encoder *enc);

/* The bytes that a file begins with. */
int xz_header(unsigned char out[XZ_HEADER_SIZE], struct err *e);

int xz_index_new(struct xz_index **out, struct err *e);
/* Note the next block of the file. */
int xz_index_add(struct xz_index *x, const struct xz_block *block, struct err *e);
/* Append the bytes that the file ends with. */
int xz_index_finish(struct xz_index *x, struct buf *out, struct err *e);
void xz_index_free(struct xz_index *x);

/* Name and version of the compressor, which the bytes depend on: "liblzma 5.4.1". */
const char *xz_library(void);

#endif
