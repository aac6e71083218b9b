/* Writes a disk as a compressed qcow2 image: zeros left out, exact refcounts, no gaps to speak of.
 * The bytes depend on the disk's contents, the options that say how to store them and the
 * compressor's version, not on the number of threads nor on where the disk's file has holes.
 *
 * Layout: header, data in guest order with each L2 table after the data it maps, refcount blocks,
 * refcount table, L1 table: the file ends with its last entry, as those of qemu-img create do,
 * since with large clusters a whole one for it would weigh. Of each 2 MiB of the disk the
 * compressed clusters come first and follow each other at any byte. Then come those that do not
 * shrink, stored plain at cluster boundaries; what that leaves free before them takes later
 * compressed clusters that fit (image/qcow2_alloc.h). */
#ifndef KILN_IMAGE_QCOW2_WRITE_H
#define KILN_IMAGE_QCOW2_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "digest/sha256.h"
#include "image/qcow2_format.h"
#include "image/source.h"

/* With deflate the image keeps to the rule for Lima (image/qcow2_format.h), whose clusters are
 * these; with zstd they may be up to QCOW2_CLUSTER_BITS_MAX. */
#define QCOW2_WRITE_CLUSTER_BITS 16u

struct qcow2_write_options {
	struct source *source;
	const char *source_path; /* for messages */
	int out_fd;              /* empty, read-write */
	const char *out_path;    /* for messages */
	enum qcow2_compression type;
	unsigned level;        /* 1 to 12 (image/qcow2_codec.h) */
	unsigned window_bits;  /* of deflate (codec/deflate.h) */
	unsigned cluster_bits; /* deflate: QCOW2_WRITE_CLUSTER_BITS; zstd: from there upwards */
	/* Store clusters that are compressed to the same bytes once, with a reference for each;
	 * those that are remembered, so not all of a very large disk (image/qcow2_share.h). Plain
	 * ones are never shared: QEMU writes into a plain cluster without asking for its refcount
	 * when the entry says that it may, and that entry would be right for the first alone. */
	bool share;
	/* Take both digests. The disk's needs all its bytes in order, holes as zeros too: it takes
	 * a second for about 1.5 GiB of them, and no thread can help. */
	bool hash;
	unsigned threads;          /* 0 and 1: no threads */
	struct progress *progress; /* counts bytes of the disk; may be NULL */
};

struct qcow2_write_result {
	uint64_t virtual_size;
	uint64_t file_size;
	char sha256[SHA256_HEX_SIZE];        /* of the file; "" without hash */
	char source_sha256[SHA256_HEX_SIZE]; /* of the disk; "" without hash */
	/* Clusters of the disk that hold data. */
	uint64_t compressed; /* including those that are shared */
	uint64_t plain;
	uint64_t shared; /* stored no second time */
};

/* Whether a disk can be written so: ERR_USAGE (options that do not go together), ERR_FORMAT (its
 * size is not a multiple of 1 MiB), ERR_UNSUPPORTED (too large). */
int qcow2_write_check(const struct qcow2_write_options *opt, struct err *e);

/* Read the disk from the source's start, write the image. Source and descriptor stay the caller's;
 * out_fd is not flushed, but writing it back is begun.
 * Memory: 32 MiB, 32 MiB for each TiB of output, and for each thread 13 MiB, with hash 19 MiB; plus
 * the thread's compressor (16 MiB for deflate's level 12, up to 34 MiB for zstd with 2 MiB
 * clusters, below 4 MiB at the lower levels). Errors name the file: ERR_USAGE (options that do not
 * go together), ERR_FORMAT (size not a multiple of 1 MiB), ERR_UNSUPPORTED (too large),
 * ERR_INTEGRITY (the disk changed while it was read), ERR_IO. */
int qcow2_write(
	const struct qcow2_write_options *opt, struct qcow2_write_result *result, struct err *e);

#endif
