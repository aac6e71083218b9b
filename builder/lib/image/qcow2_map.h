/* Runs of a qcow2 disk that are stored alike. */
#ifndef KILN_IMAGE_QCOW2_MAP_H
#define KILN_IMAGE_QCOW2_MAP_H

#include <stdbool.h>

#include "base/err.h"
#include "image/qcow2_cursor.h"

/* A range of the disk of one kind, that is stored in one piece: plain clusters one after the other,
 * compressed ones so that each begins where the one before it ends or in its last sector. */
struct qcow2_run {
	uint64_t start, len; /* in the guest; len ends with the disk */
	enum qcow2_kind kind;
	uint64_t offset; /* in the host, 0: none */
	uint64_t bytes;  /* that it takes there; compressed data to the end of its last sector */
};

/* `struct qcow2_map m = {0}` is a released one. */
struct qcow2_map {
	struct qcow2_cursor cursor;
	uint64_t next; /* the cluster to look at next */
};

/* img, whose clusters have been checked, must stay open. Release m in any case. */
int qcow2_map_init(struct qcow2_map *m, const struct qcow2_image *img, struct err *e);
void qcow2_map_release(struct qcow2_map *m);

/* The next run; *found is false after the last. Together they cover the disk. Errors:
 * qcow2_cursor_get(). */
int qcow2_map_next(struct qcow2_map *m, struct qcow2_run *run, bool *found, struct err *e);

/* "hole", "zero", "plain", "compressed". */
const char *qcow2_kind_name(enum qcow2_kind kind);

#endif
