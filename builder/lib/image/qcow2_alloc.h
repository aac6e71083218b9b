/* Where things go in a qcow2 file that is written from front to back, and how often each host
 * cluster is referred to. Depends on the order of calls only. */
#ifndef KILN_IMAGE_QCOW2_ALLOC_H
#define KILN_IMAGE_QCOW2_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What is free in a cluster of compressed data that cannot go on into the next one. */
struct qcow2_gap {
	uint64_t offset;
	size_t len;
};

#define QCOW2_GAPS_MAX 64

/* Sharing stops when a host cluster has this many references: new data fits in beside it, and each
 * snapshot that is made of the image adds as many again, up to the 65535 that 16 bits hold. */
#define QCOW2_SHARE_MAX 4096u

/* `struct qcow2_alloc a = {.cluster_size = N}` is an empty file. */
struct qcow2_alloc {
	size_t cluster_size;
	uint16_t *refcounts; /* of the clusters handed out */
	size_t capacity;
	uint64_t clusters; /* handed out: the length of the file */
	/* Where compressed data goes on in the last cluster; at a boundary: nowhere. */
	uint64_t tail;
	struct qcow2_gap gaps[QCOW2_GAPS_MAX];
	size_t n_gaps;
};

/* n whole clusters in a row, each with one reference. */
int qcow2_alloc_clusters(struct qcow2_alloc *a, uint64_t n, uint64_t *offset, struct err *e);

/* len (1 to a cluster) bytes for compressed data: in the smallest gap that holds them, else right
 * after the last such bytes, else in a new cluster. Each cluster they touch gets one more
 * reference. */
int qcow2_alloc_bytes(struct qcow2_alloc *a, size_t len, uint64_t *offset, struct err *e);

/* One more reference to the len bytes of compressed data at offset, which are there already. False
 * when that would be too many for a cluster they touch (QCOW2_SHARE_MAX): nothing is changed. */
bool qcow2_alloc_share(struct qcow2_alloc *a, uint64_t offset, size_t len);

void qcow2_alloc_release(struct qcow2_alloc *a);

#endif
