/* From a recipe to a lock: apt's solver decides, its indices give names, sizes and digests. */
#ifndef KILN_SOURCE_RESOLVE_H
#define KILN_SOURCE_RESOLVE_H

#include "apt_root.h"
#include "base/err.h"
#include "mirror.h"
#include "recipe/lock.h"
#include "recipe/recipe.h"

/* Make the lock of a recipe for arch and options out of what root's indices hold now. The set is
 * the recipe's packages, the essential ones (apt among them) unless a base image brings them, and
 * what they depend on, without recommendations. Errors: ERR_FORMAT when the solver finds no
 * solution; apt's words go to standard error. The caller frees. */
int resolve_lock(struct lock **out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct apt_root *root, const struct mirrors *mirrors,
	struct err *e);

#endif
