/* Packs the disk inside an image for distribution: its raw bytes, zeros included, as one .xz or
 * .zst file that the usual programs decompress.
 *
 * The disk is cut into blocks of a fixed size, which are compressed each by itself, on all threads
 * at once; a block of nothing but zeros is compressed once and its bytes are used again. So the
 * file depends on the disk's contents, the format, the level and the library's version, not on the
 * number of threads nor on how the disk is stored. */
#ifndef KILN_IMAGE_PACK_H
#define KILN_IMAGE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "digest/sha256.h"
#include "image/source.h"

enum pack_format {
	PACK_XZ,   /* the bytes are those of `xz --threads=N --block-size=B` */
	PACK_ZSTD, /* frames with content size and checksum */
};

struct pack_options {
	struct source *source;
	int out_fd;           /* empty; written from its start to its end */
	const char *out_path; /* for messages */
	enum pack_format format;
	unsigned level;            /* xz: preset 0 to 9; zstd: codec/zstd_frame.h */
	bool hash;                 /* take both digests on the way */
	unsigned threads;          /* 0 and 1: no threads */
	struct progress *progress; /* counts bytes of the disk; may be NULL */
};

struct pack_result {
	uint64_t content_size; /* bytes of the disk */
	uint64_t file_size;
	uint64_t block_size;          /* bytes of the disk in a block; the last may be shorter */
	char sha256[SHA256_HEX_SIZE]; /* of the file; empty without `hash` */
	char content_sha256[SHA256_HEX_SIZE]; /* of the disk; empty without `hash` */
};

/* Pack the disk. The descriptor stays the caller's and is not flushed.
 * Memory, for each thread: the encoder (xz level 6: 94 MiB, 9: 674 MiB; zstd level 3: some MiB),
 * two blocks of the disk (xz level 6: 24 MiB, 9: 192 MiB; zstd: 8 MiB) and what they compress to;
 * once more the encoder while a block of zeros is compressed. Errors name the file: ERR_USAGE
 * (level), ERR_INTEGRITY (the image changed while it was read), ERR_IO, and those of source_read().
 */
int pack_write(const struct pack_options *opt, struct pack_result *result, struct err *e);

/* Name and version of the library that compresses. */
const char *pack_library(enum pack_format format);

#endif
