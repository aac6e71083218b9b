/* Reads the mapping of a qcow2 image that follows a rule (image/qcow2_format.h). Every offset is
 * held to the file's size before it is used. */
#ifndef KILN_IMAGE_QCOW2_READ_H
#define KILN_IMAGE_QCOW2_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/qcow2_format.h"
#include "image/qcow2_snapshot.h"

/* `struct qcow2_image img = {0}` is a closed one. It is the disk as it is now, until
 * qcow2_image_choose() makes it the disk of a snapshot. */
struct qcow2_image {
	int fd;
	enum qcow2_rule rule;
	uint64_t file_size; /* in bytes */
	struct qcow2_header header;
	size_t cluster_size;
	uint32_t l2_entries; /* in one L2 table */
	uint64_t l2_span;    /* bytes of the guest that one L2 table maps */
	uint32_t l1_used;    /* L1 entries that the guest needs */
	unsigned char *l1;   /* header.l1_entries entries as in the file */
	struct qcow2_snapshots snapshots;
};

enum qcow2_kind {
	QCOW2_KIND_HOLE, /* unallocated: zeros, without a backing file */
	QCOW2_KIND_ZERO, /* marked as zeros, with or without a host cluster */
	QCOW2_KIND_PLAIN,
	QCOW2_KIND_COMPRESSED,
};

/* Where a guest cluster's contents are. */
struct qcow2_cluster {
	enum qcow2_kind kind;
	uint64_t offset; /* in the host, 0: none */
	size_t len;      /* compressed: bytes from offset to the end of its last sector */
};

/* Read and check the header, the L1 table and the list of snapshots. fd stays the caller's and must
 * outlive the image. Errors: those of qcow2_header_parse(); ERR_INTEGRITY for what lies beyond the
 * file's end; ERR_FORMAT; ERR_IO. Release the image in any case. */
int qcow2_image_open(struct qcow2_image *img, int fd, enum qcow2_rule rule, struct err *e);
void qcow2_image_release(struct qcow2_image *img);

/* Turn to the disk that a snapshot has kept; id_or_name "current" changes nothing. ERR_USAGE when
 * there is no such snapshot: the message lists them. */
int qcow2_image_choose(struct qcow2_image *img, const char *id_or_name, struct err *e);

/* Read a snapshot's L1 table; the caller frees it. */
int qcow2_image_load_l1(const struct qcow2_image *img, const struct qcow2_snapshot *snapshot,
	unsigned char **l1, struct err *e);

/* Check that [offset, offset + len) lies within the file; what names it for ERR_INTEGRITY. */
int qcow2_image_bounds(const struct qcow2_image *img, uint64_t offset, uint64_t len,
	const char *what, struct err *e);

/* Host offset of an L2 table, 0 when its part of the guest has none. ERR_FORMAT or ERR_INTEGRITY
 * for a bad entry. */
int qcow2_image_l2_offset(
	const struct qcow2_image *img, uint32_t l1_index, uint64_t *offset, struct err *e);

/* The same for an entry of any L1 table. */
int qcow2_image_l1_decode(const struct qcow2_image *img, uint64_t entry, uint32_t l1_index,
	uint64_t *offset, struct err *e);

/* Read an L2 table of cluster_size bytes; zeros when there is none. */
int qcow2_image_load_l2(
	const struct qcow2_image *img, uint32_t l1_index, unsigned char *table, struct err *e);

/* Decode the entry of the guest cluster at byte `guest`. A hole in compressed data's last sector at
 * the end of the file is no fault but under limekiln's rule: only the data itself must be there. */
int qcow2_image_decode(const struct qcow2_image *img, uint64_t entry, uint64_t guest,
	struct qcow2_cluster *c, struct err *e);

#endif
