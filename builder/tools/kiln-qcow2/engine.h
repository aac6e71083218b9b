/* Compression by qemu-img instead of our own writer: a reference to compare with, and a fallback.
 */
#ifndef KILN_QCOW2_ENGINE_H
#define KILN_QCOW2_ENGINE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "image/qcow2_write.h"
#include "image/raw.h"

/* Where the source's disk is. */
struct engine_input {
	int fd;
	enum raw_format format;
	enum progress_mode progress;
};

/* Let qemu-img write the image in order, so that its bytes are the same each time, and hold what it
 * wrote to the disk. It sees raw disks only: that of a qcow2 image is read out first, so that no
 * hostile image reaches it. Of the options it takes type and cluster size; counts of clusters are
 * not known. *library becomes its name and version: "qemu-img 7.2". Errors: those of
 * qcow2_write_check() and source_read(); ERR_UNSUPPORTED (not installed), ERR_IO (what it said),
 * ERR_INTEGRITY (its image is wrong or holds another disk).
 */
int engine_qemu_img(const struct qcow2_write_options *opt, const struct engine_input *in,
	struct qcow2_write_result *result, struct buf *library, struct err *e);

#endif
