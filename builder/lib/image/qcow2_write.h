/* Writes a raw disk as a compressed qcow2 image: clusters in guest order, zeros left out, exact
 * refcounts. The bytes depend on the disk's contents, the level and the compressor's version, not
 * on the number of threads nor on where the raw file has holes.
 *
 * Layout: header, L1 table, then data in guest order with the L2 table of each 512 MiB after its
 * data, then refcount blocks and refcount table. Compressed clusters follow each other at any
 * byte; a cluster that does not shrink is stored plain, at a cluster boundary, and what that leaves
 * free before it takes later compressed clusters that fit (image/qcow2_alloc.h). */
#ifndef KILN_IMAGE_QCOW2_WRITE_H
#define KILN_IMAGE_QCOW2_WRITE_H

#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "digest/sha256.h"

struct qcow2_write_options {
	int raw_fd;
	const char *raw_path;      /* for messages */
	int out_fd;                /* empty, read-write */
	const char *out_path;      /* for messages */
	unsigned level;            /* codec/deflate.h */
	unsigned threads;          /* 0 and 1: no threads */
	struct progress *progress; /* counts bytes of the disk; may be NULL */
};

struct qcow2_write_result {
	uint64_t virtual_size;
	uint64_t file_size;
	char sha256[SHA256_HEX_SIZE]; /* of the file */
};

/* Read the raw disk, write the image. The descriptors stay the caller's; out_fd is not flushed.
 * Memory: about 6 MiB a thread (15 MiB at level 12), plus 32 MiB for each TiB of output.
 * Errors name the file: ERR_FORMAT (size 0 or not a multiple of 1 MiB), ERR_INTEGRITY (the disk
 * changed while it was read), ERR_IO. */
int qcow2_write(
	const struct qcow2_write_options *opt, struct qcow2_write_result *result, struct err *e);

#endif
