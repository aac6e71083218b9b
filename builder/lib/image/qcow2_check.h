/* Holds a qcow2 image's refcounts to what its tables refer to. */
#ifndef KILN_IMAGE_QCOW2_CHECK_H
#define KILN_IMAGE_QCOW2_CHECK_H

#include "base/err.h"
#include "image/qcow2_read.h"

/* Count every reference anew and compare with the file's refcounts: each cluster of metadata and
 * each plain cluster belongs to one owner, a cluster of compressed data counts the compressed
 * clusters that touch it, all others count 0. Walks all L2 tables, so every entry is decoded.
 * Errors: ERR_UNSUPPORTED for clusters marked as zeros, ERR_FORMAT for a cluster with two owners, a
 * refcount that is too low or too high (a leak); those of qcow2_image_decode(). Memory: 4 bytes a
 * host cluster. */
int qcow2_check_refcounts(const struct qcow2_image *img, struct err *e);

#endif
