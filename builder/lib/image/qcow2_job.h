/* What the writer's workers do: read a window of the disk and compress its clusters. */
#ifndef KILN_IMAGE_QCOW2_JOB_H
#define KILN_IMAGE_QCOW2_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "image/qcow2_write.h"
#include "image/source.h"

struct qcow2_job {
	struct source_window *window;
	uint32_t len[SOURCE_BLOCKS]; /* of each cluster: 0: zeros; a cluster: plain; else compressed
				      */
	uint32_t crc[SOURCE_BLOCKS]; /* when clusters are shared: of what is compressed */
	unsigned char *data; /* SOURCE_WINDOW bytes: what is compressed, then what is plain */
	unsigned char *disk; /* when the disk is hashed: the window; else NULL */
};

/* The pool's work on such jobs; its ctx is the writer's options. */
extern const struct pool_ops qcow2_job_ops;

/* n jobs for these options. */
int qcow2_jobs_new(
	struct qcow2_job **out, size_t n, const struct qcow2_write_options *opt, struct err *e);
void qcow2_jobs_free(struct qcow2_job *jobs, size_t n);

#endif
