/* From an apk recipe to a lock: our solver decides on the archives' signed indices. */
#ifndef KILN_SOURCE_APK_RESOLVE_H
#define KILN_SOURCE_APK_RESOLVE_H

#include "base/err.h"
#include "fetch.h"
#include "recipe/lock.h"
#include "recipe/recipe.h"

/* Make the lock of a recipe, found in the repository at root, for arch and options out of what the
 * mirrors' indices list now. Indices and packages come into the cache: an index knows no SHA-256 of
 * a package, so each is read and held against the index, the checksums within it and its signature.
 * before (or NULL) is an earlier lock, whose packages need not be brought again. Errors: ERR_FORMAT
 * when there is no solution, ERR_INTEGRITY for what is not signed or not what it is listed as,
 * ERR_NETWORK, ERR_IO. The caller frees. */
int apk_resolve_lock(struct lock **out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, const char *root, const struct lock *before,
	const struct fetch_options *o, struct err *e);

#endif
