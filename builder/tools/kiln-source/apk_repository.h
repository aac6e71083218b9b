/* The repositories of an apk recipe's archives: one for each suite and component, in the folder
 * <suite>/<component>/<arch> below the archive's root. */
#ifndef KILN_SOURCE_APK_REPOSITORY_H
#define KILN_SOURCE_APK_REPOSITORY_H

#include "apk/keys.h"
#include "base/buf.h"
#include "base/err.h"
#include "fetch.h"
#include "recipe/recipe.h"

/* An index is never larger. */
#define APK_INDEX_MAX ((size_t)256 << 20)

/* Append the APKINDEX.tar.gz at path of an archive. ERR_NETWORK when it is not there; other errors
 * as grab_file(). */
int apk_repository_grab(struct buf *out, const struct fetch_options *o, const char *archive,
	const char *path, struct err *e);

/* Read the public keys that the recipe in the repository at root names for an archive. */
int apk_repository_keys(struct apk_keys *keys, const struct recipe *r,
	const struct recipe_archive *a, const char *root, struct err *e);

#endif
