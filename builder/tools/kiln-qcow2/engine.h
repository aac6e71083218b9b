/* Compression by qemu-img instead of our own writer: a reference to compare with, and a fallback.
 */
#ifndef KILN_QCOW2_ENGINE_H
#define KILN_QCOW2_ENGINE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "image/qcow2_format.h"
#include "image/qcow2_write.h"

struct engine_options {
	int raw_fd; /* a raw disk; qemu never sees an image that others made */
	const char *raw_path;
	int out_fd; /* empty, read-write */
	const char *out_path;
	enum qcow2_compression type;
	unsigned cluster_bits;
	unsigned threads; /* of the check at the end */
	enum progress_mode progress;
};

/* Let qemu-img write the image in order, so that its bytes are the same each time, and hold what it
 * wrote to the disk. *library becomes its name and version: "qemu-img 7.2". Errors: ERR_UNSUPPORTED
 * (not installed), ERR_IO (what it said), ERR_INTEGRITY (its image is wrong or holds another disk).
 */
int engine_qemu_img(const struct engine_options *opt, struct qcow2_write_result *result,
	struct buf *library, struct err *e);

#endif
