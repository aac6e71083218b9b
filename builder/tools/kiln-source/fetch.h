/* Bringing files of archives into the cache. */
#ifndef KILN_SOURCE_FETCH_H
#define KILN_SOURCE_FETCH_H

#include <stddef.h>

#include "base/err.h"
#include "base/progress.h"
#include "mirror.h"
#include "source_file.h"

struct fetch_options {
	const char *cache; /* its base */
	const struct mirrors *mirrors;
	unsigned jobs;
	unsigned timeout_s;
	struct progress *progress; /* over bytes; may be NULL */
};

/* Files that the archive no longer has; entries are borrowed from the caller's list. */
struct fetch_stale {
	const struct source_file **items; /* room for as many as are wanted */
	size_t n;
};

/* Bring n files into the cache; sizes that were not known are filled in. A file that the mirror
 * does not have, or has with another size, goes into *stale and the others are brought all the
 * same. ERR_NETWORK, ERR_IO; ERR_INTEGRITY when the mirror gave other bytes than the digest wants.
 */
int fetch_files(struct source_file *wanted, size_t n, const struct fetch_options *options,
	struct fetch_stale *stale, struct err *e);

#endif
