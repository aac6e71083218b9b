/* Looks up guest clusters of a qcow2 image, keeping the L2 table at hand. */
#ifndef KILN_IMAGE_QCOW2_CURSOR_H
#define KILN_IMAGE_QCOW2_CURSOR_H

#include "image/qcow2_read.h"

/* `struct qcow2_cursor cur = {0}` is a released one. One thread. */
struct qcow2_cursor {
	const struct qcow2_image *img;
	unsigned char *l2; /* the table at hand */
	uint64_t l2_index; /* which one; UINT64_MAX: none yet */
	bool l2_present;   /* it is in the file */
};

/* img must stay open. Release the cursor in any case. */
int qcow2_cursor_init(struct qcow2_cursor *cur, const struct qcow2_image *img, struct err *e);
void qcow2_cursor_release(struct qcow2_cursor *cur);

/* Where guest cluster number `index` is; beyond the disk's end it is a hole. Errors:
 * qcow2_image_load_l2(), qcow2_image_decode(). */
int qcow2_cursor_get(
	struct qcow2_cursor *cur, uint64_t index, struct qcow2_cluster *c, struct err *e);

/* The cluster to look at after `index`, which was looked up last: the next one, or, where the guest
 * has no L2 table, the first that another table maps. */
uint64_t qcow2_cursor_next(const struct qcow2_cursor *cur, uint64_t index);

#endif
