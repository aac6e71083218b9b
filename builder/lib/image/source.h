/* The disk inside an image, window by window: a raw file or a qcow2 image of any kind, whichever
 * way it is stored. One thread takes windows in order; any number of readers read their contents.
 */
#ifndef KILN_IMAGE_SOURCE_H
#define KILN_IMAGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/holes.h"
#include "image/qcow2_read.h"
#include "image/raw.h"

/* A window is as large as qcow2's largest cluster. */
#define SOURCE_BLOCK HOLES_BLOCK
#define SOURCE_BLOCKS HOLES_BLOCKS
#define SOURCE_WINDOW ((size_t)HOLES_WINDOW)

struct source;
struct source_reader;

struct source_options {
	int fd;           /* of a file or block device, open for reading; stays the caller's */
	const char *path; /* for messages; kept, not copied */
	enum raw_format format;
	enum qcow2_rule rule; /* what a qcow2 image is held to */
	bool refcounts;       /* its refcounts must be exact too */
	const char *snapshot; /* of a qcow2 image: ID, name or "current"; NULL: it must have none */
};

struct source_window {
	uint64_t offset;    /* in the disk, a multiple of SOURCE_WINDOW */
	size_t len;         /* SOURCE_WINDOW, or less at the end of the disk */
	uint32_t data_mask; /* bit i: block i may hold other bytes than zeros; never 0 */
	/* Of a qcow2 image: the clusters from offset to the window's end, NULL for a raw disk. */
	struct qcow2_cluster *clusters;
};

/* Open the disk. Of a qcow2 image the header and all tables are checked here, so that every cluster
 * is known to lie within the file and to have one use.
 * Errors name the path: ERR_FORMAT (malformed, empty), ERR_INTEGRITY (cut off), ERR_UNSUPPORTED
 * (what the rule forbids), ERR_USAGE (no such snapshot), ERR_IO. */
int source_open(struct source **out, const struct source_options *opt, struct err *e);
void source_free(struct source *s);

/* Bytes of the disk: above 0. */
uint64_t source_size(const struct source *s);

/* A window to be filled in by source_next(), as often as its owner likes. */
int source_window_new(struct source_window **out, const struct source *s, struct err *e);
void source_window_free(struct source_window *w);

/* The next window that has data, in order; *found is false after the last. What has no data is
 * passed over in large steps. Called by one thread. Errors name the path: ERR_IO, and what
 * source_open() says of a file that has changed since. */
int source_next(struct source *s, struct source_window *w, bool *found, struct err *e);

/* One thread's buffers and decompressor. s must outlive it. */
int source_reader_new(struct source_reader **out, const struct source *s, struct err *e);
void source_reader_free(struct source_reader *r);

/* Read the blocks of w's data_mask into data, which has SOURCE_WINDOW bytes, each block at its
 * place; other blocks are left alone. Bytes beyond w->len become zeros. Any thread, while others
 * use s. Errors name path and byte: ERR_FORMAT (compressed data is malformed), ERR_INTEGRITY (the
 * file was cut short since), ERR_IO. */
int source_read(
	struct source_reader *r, const struct source_window *w, unsigned char *data, struct err *e);

/* See that the file has the size and time of change that it had at source_open(). ERR_INTEGRITY
 * names the remedy. */
int source_unchanged(const struct source *s, struct err *e);

static inline void source_cleanup(struct source **s)
{
	source_free(*s);
}
#define cleanup_source __attribute__((cleanup(source_cleanup)))

#endif
