/* Holds a qcow2 image's clusters, and their refcounts, to what its tables refer to. */
#ifndef KILN_IMAGE_QCOW2_CHECK_H
#define KILN_IMAGE_QCOW2_CHECK_H

#include "base/err.h"
#include "image/qcow2_read.h"

/* Walk all tables, so that every entry is decoded, and see that each cluster of metadata and each
 * plain cluster belongs to one owner. Errors: ERR_FORMAT for a cluster with two owners, or a file
 * that is far larger than its disk can need; those of qcow2_image_decode(). Memory: 4 bytes a host
 * cluster that is used. */
int qcow2_check_owners(const struct qcow2_image *img, struct err *e);

/* The same for an image that was opened by limekiln's rule, whose refcounts must be exact too: a
 * cluster of compressed data counts the compressed clusters that touch it, all others but those
 * with an owner count 0. Errors besides: ERR_UNSUPPORTED for clusters marked as zeros, ERR_FORMAT
 * for a refcount that is too low or too high (a leak). */
int qcow2_check_refcounts(const struct qcow2_image *img, struct err *e);

#endif
