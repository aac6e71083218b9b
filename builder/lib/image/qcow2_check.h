/* Holds a qcow2 image's clusters, and their refcounts, to what its tables refer to. */
#ifndef KILN_IMAGE_QCOW2_CHECK_H
#define KILN_IMAGE_QCOW2_CHECK_H

#include <stdint.h>

#include "base/err.h"
#include "image/qcow2_read.h"

/* What the host clusters are used for. */
struct qcow2_usage {
	uint64_t clusters;   /* of the file */
	uint64_t metadata;   /* header and tables of all kinds */
	uint64_t plain;      /* of data, also where it is marked as zeros */
	uint64_t compressed; /* holding compressed data */
	uint64_t unused;     /* without a use, and counted so */
	uint64_t leaked;     /* refcount above the uses: wasted, no harm */
	uint64_t wrong;      /* refcount below the uses, or a mark as not shared that is wrong */
};

/* Walk all tables, those of snapshots too, so that every entry is decoded, and see that each
 * cluster of metadata belongs to one owner and each plain cluster to one place of the disk. img
 * must be the disk as it is now. Errors: ERR_FORMAT for a cluster with two owners, or a file that
 * is far larger than its tables can need; ERR_UNSUPPORTED under limekiln's rule for clusters marked
 * as zeros; those of qcow2_image_decode(). Memory: 4 bytes a host cluster that is used, 12 with
 * snapshots. */
int qcow2_check_owners(const struct qcow2_image *img, struct err *e);

/* The same, and the refcounts must be exact: a cluster of compressed data counts the compressed
 * clusters that touch it, one that snapshots share counts these, others with an owner count 1, the
 * rest 0; and what is marked as not shared must be what has one use. Errors besides: ERR_FORMAT for
 * a refcount that is too low or too high (a leak); ERR_UNSUPPORTED for bitmaps, whose clusters are
 * not known here. */
int qcow2_check_refcounts(const struct qcow2_image *img, struct err *e);

/* The same as qcow2_check_owners(), and count what qcow2_check_refcounts() refuses. With bitmaps,
 * theirs count as leaked. */
int qcow2_check_usage(const struct qcow2_image *img, struct qcow2_usage *usage, struct err *e);

#endif
