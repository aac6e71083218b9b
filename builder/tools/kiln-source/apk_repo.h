/* What makes a folder of .apk files a repository that apk takes. */
#ifndef KILN_SOURCE_APK_REPO_H
#define KILN_SOURCE_APK_REPO_H

#include "base/err.h"
#include "recipe/lock.h"
#include "repo_dir.h"

/* Add to d, which has the lock's packages at their paths: the locked indices beside them, checked
 * against the keys of the recipe in the repository at root; "keys" with these keys; "repositories"
 * with a line for each, relative to the folder. ERR_IO when an index is not in the cache,
 * ERR_INTEGRITY when it is not the locked one or not signed by one of the keys. */
int apk_repo_finish(struct repo_dir *d, const struct lock *l, const char *cache, const char *root,
	struct err *e);

#endif
