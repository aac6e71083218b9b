/* Holds a qcow2 image to limekiln's rule and to the raw disk it was made from. */
#ifndef KILN_IMAGE_QCOW2_VERIFY_H
#define KILN_IMAGE_QCOW2_VERIFY_H

#include "base/err.h"
#include "base/progress.h"

struct qcow2_verify_options {
	int raw_fd;
	const char *raw_path; /* for messages */
	int image_fd;
	const char *image_path;    /* for messages */
	unsigned threads;          /* 0 and 1: no threads */
	struct progress *progress; /* counts bytes of the disk; may be NULL */
};

/* Check header, tables, refcounts, and every cluster's contents. The descriptors stay the
 * caller's. Errors name the file: ERR_CHECK (size or contents differ; the first differing byte is
 * named), ERR_FORMAT (malformed image), ERR_INTEGRITY (cut off), ERR_UNSUPPORTED (a feature that
 * the rule forbids), ERR_IO. */
int qcow2_verify(const struct qcow2_verify_options *opt, struct err *e);

#endif
