/* What a qcow2 image is, also one that is refused elsewhere. */
#ifndef KILN_IMAGE_QCOW2_INFO_H
#define KILN_IMAGE_QCOW2_INFO_H

#include <stdbool.h>

#include "base/err.h"
#include "image/qcow2_check.h"
#include "image/qcow2_read.h"

enum { QCOW2_KINDS = QCOW2_KIND_COMPRESSED + 1 };

struct qcow2_info {
	struct qcow2_header header;
	uint64_t file_size;
	struct qcow2_snapshots snapshots;
	struct err unreadable;                /* why it is not read as one disk; ERR_NONE: it is */
	struct err not_lima;                  /* why it is not for Lima; ERR_NONE: it is */
	bool walked;                          /* its tables are sound, and what follows is known */
	uint64_t guest_clusters[QCOW2_KINDS]; /* by kind, of the disk as it is now */
	struct qcow2_usage usage;
};

/* Read what is safe to read: of an image with an external data file, extended L2 entries or unknown
 * features the header only. Contents are not looked at. fd stays the caller's; release info in any
 * case. Errors: those of qcow2_header_parse() for QCOW2_RULE_LOOK; ERR_IO, ERR_INTERNAL. What is
 * wrong beyond the header is in info->unreadable. */
int qcow2_info_read(struct qcow2_info *info, int fd, struct err *e);
void qcow2_info_release(struct qcow2_info *info);

#endif
