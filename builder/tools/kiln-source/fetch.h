/* Bringing a lock's files into the cache. */
#ifndef KILN_SOURCE_FETCH_H
#define KILN_SOURCE_FETCH_H

#include <stddef.h>

#include "base/err.h"
#include "base/progress.h"
#include "mirror.h"
#include "recipe/lock.h"

struct fetch_options {
	const char *cache; /* its base */
	const struct mirrors *mirrors;
	unsigned jobs;
	unsigned timeout_s;
	struct progress *progress; /* over bytes; may be NULL */
};

/* Packages whose file the archive no longer has; entries are borrowed from the caller's list. */
struct fetch_stale {
	const struct lock_package **items; /* room for as many as are wanted */
	size_t n;
};

/* Bring n files into the cache. A file that the mirror does not have, or has with another size,
 * goes into *stale and the others are brought all the same. ERR_NETWORK, ERR_IO; ERR_INTEGRITY when
 * the mirror gave other bytes than the lock wants. */
int fetch_packages(const struct lock_package *const *wanted, size_t n,
	const struct fetch_options *options, struct fetch_stale *stale, struct err *e);

#endif
