/* Reads the refcounts of a qcow2 image, of any width ("Host cluster management",
 * docs/interop/qcow2.txt). */
#ifndef KILN_IMAGE_QCOW2_REFCOUNT_H
#define KILN_IMAGE_QCOW2_REFCOUNT_H

#include "base/err.h"
#include "image/qcow2_read.h"

/* `struct qcow2_refcounts r = {0}` is a released one. */
struct qcow2_refcounts {
	const struct qcow2_image *img;
	unsigned char *table;
	uint64_t entries;       /* of the table, each of which names a block */
	uint64_t block_entries; /* clusters that a block counts */
	unsigned char *block;   /* the one at hand */
};

/* Read the table and check the offset of every block. img must stay open; release r in any case.
 * Errors: ERR_FORMAT, ERR_INTEGRITY, ERR_IO. */
int qcow2_refcounts_init(struct qcow2_refcounts *r, const struct qcow2_image *img, struct err *e);
void qcow2_refcounts_release(struct qcow2_refcounts *r);

/* Host offset of block i of the table, 0 when there is none: it would be zeros. */
uint64_t qcow2_refcounts_offset(const struct qcow2_refcounts *r, uint64_t i);

/* Read block i, and give the refcount of its n-th cluster. */
int qcow2_refcounts_load(struct qcow2_refcounts *r, uint64_t i, struct err *e);
uint64_t qcow2_refcounts_get(const struct qcow2_refcounts *r, uint64_t n);

#endif
