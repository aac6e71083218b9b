/* Headers of tar entries: POSIX.1-2001, pax, "pax Interchange Format" over ustar. */
#ifndef KILN_IMAGE_PAX_H
#define KILN_IMAGE_PAX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define PAX_BLOCK 512

struct pax_entry {
	char type;          /* ustar's typeflag */
	const char *path;   /* any bytes; directories end with a slash */
	const char *target; /* of links, else "" */
	mode_t mode;        /* permission bits are taken */
	uint32_t uid;
	uint32_t gid;
	int64_t mtime_s; /* not negative */
	uint32_t mtime_ns;
	uint64_t stored_bytes; /* that follow the header, without padding */
	uint32_t device[2];
	const struct buf *records; /* further records of the extended header */
};

/* Append "LENGTH KEY=VALUE\n". */
int pax_put_record(struct buf *out, const char *key, const void *value, size_t len, struct err *e);

/* Append the entry's blocks up to where its contents begin: with an extended header when there are
 * records, or something that ustar's fields do not hold. */
int pax_put_entry(struct buf *out, const struct pax_entry *entry, struct err *e);

/* Zeros that fill the last block of len bytes. */
int pax_put_padding(struct buf *out, uint64_t len, struct err *e);

#endif
