/* Reads the disk out of any qcow2 image that can be read as one disk. */
#ifndef KILN_IMAGE_QCOW2_EXTRACT_H
#define KILN_IMAGE_QCOW2_EXTRACT_H

#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"

struct qcow2_extract_options {
	int image_fd;
	const char *image_path; /* for messages */
	int out_fd;             /* an empty regular file, read-write */
	unsigned threads;       /* 0 and 1: no threads */
	enum progress_mode progress;
};

/* Write the disk to out_fd, which becomes size_bytes long; 4 KiB of zeros at a time stay holes.
 * The whole mapping is checked before anything is written. Two clusters of the disk may be decoded
 * from the same compressed data: what is written is bounded by the disk's size, not the file's. The
 * descriptors stay the caller's.
 *
 * Read are versions 2 and 3, all sizes of clusters, any width of refcounts (whose values are not
 * looked at), clusters compressed with deflate or zstd or marked as zeros; bitmaps are ignored.
 * Memory: about 8 MiB a thread (32 MiB with clusters of 2 MiB), and 4 bytes a host cluster.
 *
 * Errors name the image: ERR_FORMAT (malformed, overlaps), ERR_INTEGRITY (cut off),
 * ERR_UNSUPPORTED (backing file, external data file, encryption, snapshots, dirty, corrupt,
 * extended L2 entries); ERR_IO. */
int qcow2_extract(const struct qcow2_extract_options *opt, uint64_t *size_bytes, struct err *e);

#endif
