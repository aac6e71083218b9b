/* Writes the disk of a source into a raw file, zeros as holes. */
#ifndef KILN_IMAGE_RAW_WRITE_H
#define KILN_IMAGE_RAW_WRITE_H

#include "base/err.h"
#include "base/progress.h"
#include "image/source.h"

struct raw_write_options {
	struct source *source;     /* of which no window has been taken */
	int out_fd;                /* an empty regular file, read-write */
	unsigned threads;          /* 0 and 1: no threads */
	struct progress *progress; /* counts bytes of the disk; may be NULL */
};

/* Write the disk to out_fd, which becomes source_size() long; 4 KiB of zeros at a time stay holes.
 * Two clusters of a qcow2 disk may be decoded from the same compressed data: what is written is
 * bounded by the disk's size, not the file's. out_fd stays the caller's and is not flushed. Memory:
 * about 2 MiB a thread (6 MiB with clusters of 2 MiB). Errors: those of source_next() and
 * source_read(); ERR_IO. */
int raw_write(const struct raw_write_options *opt, struct err *e);

#endif
