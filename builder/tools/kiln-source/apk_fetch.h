/* Bringing the indices of an apk lock into the cache, and what they have in place of packages that
 * are gone. */
#ifndef KILN_SOURCE_APK_FETCH_H
#define KILN_SOURCE_APK_FETCH_H

#include "base/err.h"
#include "fetch.h"
#include "recipe/lock.h"

/* Indices; entries are the lock's. */
struct apk_indices {
	const struct lock_release **items;
	size_t n;
};

/* The lock's indices that are not in the cache; none for a lock of another family. The caller frees
 * out->items. */
int apk_fetch_find(struct apk_indices *out, const struct lock *l, const char *cache, struct err *e);

/* Bring them. One that the archive has replaced goes into *stale, which has room for all; it must
 * be signed by one of the keys that the recipe in the repository at root names, if there is one.
 * Errors: ERR_INTEGRITY, ERR_NETWORK, ERR_IO. */
int apk_fetch_indices(const struct apk_indices *wanted, const struct lock *l, const char *root,
	const struct fetch_options *o, struct apk_indices *stale, struct err *e);

/* For every stale package of the lock, say which version the archive's index has now. An index that
 * cannot be had is passed over. */
void apk_fetch_say_newer(
	const struct lock *l, const struct fetch_stale *stale, const struct fetch_options *o);

#endif
