/* Disk images as raw disks: a raw file as it is, or the contents of a qcow2 image in a sparse
 * temporary file. The format is the caller's word, never guessed from the contents. */
#ifndef KILN_IMAGE_RAW_H
#define KILN_IMAGE_RAW_H

#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"

enum raw_format {
	RAW_FORMAT_RAW,
	RAW_FORMAT_QCOW2,
};

/* "raw" or "qcow2"; ERR_USAGE for anything else. */
int raw_format_parse(const char *name, enum raw_format *format, struct err *e);

struct raw_options {
	const char *path;
	enum raw_format format;
	const char *tmp_dir; /* where the temporary file goes; NULL: $TMPDIR or /var/tmp */
	unsigned threads;    /* that decompress; 0 and 1: none */
	enum progress_mode progress;
};

/* Open path for reading and give a descriptor whose file is the raw disk: the file itself, or an
 * unnamed temporary one. The caller closes *fd. Every offset in a qcow2 image is held to the file;
 * refused are, each with its own message: backing files, external data files, encryption,
 * snapshots, images marked dirty or corrupt, extended L2 entries, and cluster overlaps.
 *
 * Errors name the path: ERR_FORMAT (malformed, or no qcow2 image: the message says how to give the
 * format), ERR_INTEGRITY (cut off), ERR_UNSUPPORTED (a feature from the list above), ERR_IO. */
int raw_open(const struct raw_options *opt, int *fd, uint64_t *size_bytes, struct err *e);

/* The same into to_fd, an empty regular file open for reading and writing, so that the input is
 * never written to. */
int raw_copy(const struct raw_options *opt, int to_fd, uint64_t *size_bytes, struct err *e);

#endif
