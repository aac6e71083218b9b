/* Remembers where compressed clusters were written, so that one that comes again can be found. What
 * it remembers depends on the order of calls only. */
#ifndef KILN_IMAGE_QCOW2_SHARE_H
#define KILN_IMAGE_QCOW2_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Compressed data, as far as it is remembered. */
struct qcow2_copy {
	uint64_t offset; /* in the file; 0: nothing, as the header is there */
	uint32_t crc;    /* CRC-32 */
	uint32_t len;    /* in bytes */
};

struct qcow2_share;

/* 16 MiB, which are touched as they are needed: about a million clusters. */
int qcow2_share_new(struct qcow2_share **out, struct err *e);

/* The place of data with this CRC and length: of several the one noted last. The caller compares
 * the bytes. False when none is remembered. */
bool qcow2_share_find(const struct qcow2_share *s, uint32_t crc, uint32_t len, uint64_t *offset);

/* Remember data. What has lain longest in its row of the table is forgotten. */
void qcow2_share_add(struct qcow2_share *s, struct qcow2_copy copy);

void qcow2_share_free(struct qcow2_share *s);

#endif
