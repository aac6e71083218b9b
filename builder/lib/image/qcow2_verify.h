/* Holds a qcow2 image to a rule, and its contents to the disk it was made from. */
#ifndef KILN_IMAGE_QCOW2_VERIFY_H
#define KILN_IMAGE_QCOW2_VERIFY_H

#include "base/err.h"
#include "base/progress.h"
#include "image/qcow2_format.h"

struct qcow2_verify_options {
	int image_fd;
	const char *image_path; /* for messages */
	enum qcow2_rule rule;
	const char *snapshot; /* image/source.h */
	int raw_fd;           /* the raw disk that the image must hold */
	const char *raw_path; /* for messages; NULL: there is no raw disk */
	const char *sha256;   /* without a raw disk: what the digest of the disk must be, or NULL */
	unsigned threads;     /* 0 and 1: no threads */
	enum progress_mode progress;
};

/* Check header, tables and refcounts, decode every cluster, and compare size and contents, or the
 * digest of the whole disk, zeros included. The descriptors stay the caller's. Errors name the
 * file: ERR_CHECK (size, contents or digest differ; the first differing byte of a window is named),
 * ERR_FORMAT (malformed image), ERR_INTEGRITY (cut off, changed meanwhile), ERR_UNSUPPORTED (a
 * feature that the rule forbids), ERR_IO. */
int qcow2_verify(const struct qcow2_verify_options *opt, struct err *e);

#endif
