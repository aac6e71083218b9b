/* Small files of an archive, whose size nobody knows beforehand: listings and indices. */
#ifndef KILN_SOURCE_GRAB_H
#define KILN_SOURCE_GRAB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "mirror.h"

/* Append the file at path below the mirror m, one of mirrors, to *out. *gone is true, and 0
 * returned, when the mirror does not have it. Errors: ERR_NETWORK, also for a file of more than max
 * bytes; ERR_IO for a folder that serves as mirror. */
int grab_file(struct buf *out, const struct mirrors *mirrors, const struct mirror *m,
	const char *path, size_t max, unsigned timeout_s, bool *gone, struct err *e);

#endif
