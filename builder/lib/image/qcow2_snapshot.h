/* The list of a qcow2 image's internal snapshots ("Snapshots", docs/interop/qcow2.txt). */
#ifndef KILN_IMAGE_QCOW2_SNAPSHOT_H
#define KILN_IMAGE_QCOW2_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/qcow2_format.h"

struct qcow2_snapshot {
	char *id, *name; /* any bytes but 0 */
	uint64_t l1_offset;
	uint32_t l1_entries;
	uint64_t size_bytes;     /* of the disk at that time */
	uint64_t vm_state_bytes; /* kept beyond the disk's end */
	uint32_t seconds;        /* when it was made, since 1970 */
};

/* `struct qcow2_snapshots s = {0}` is an empty list. */
struct qcow2_snapshots {
	struct qcow2_snapshot *list;
	size_t n;
	uint64_t table_len; /* bytes of the list in the file */
};

/* Read header->snapshots entries and hold each L1 table to the file's size and its disk's. Release
 * the list in any case. Errors: ERR_FORMAT, ERR_INTEGRITY (beyond the file's end), ERR_UNSUPPORTED
 * (L1 tables of more than 64 MiB together), ERR_IO. */
int qcow2_snapshots_load(struct qcow2_snapshots *s, int fd, uint64_t file_size,
	const struct qcow2_header *header, struct err *e);
void qcow2_snapshots_release(struct qcow2_snapshots *s);

/* The snapshot of that ID, else of that name, else NULL. */
const struct qcow2_snapshot *qcow2_snapshots_find(
	const struct qcow2_snapshots *s, const char *id_or_name);

/* ERR_USAGE: there is no such snapshot, but these. Control characters are not repeated. */
int qcow2_snapshots_unknown(const struct qcow2_snapshots *s, const char *id_or_name, struct err *e);

#endif
