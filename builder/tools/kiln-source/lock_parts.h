/* What every solver fills into a lock in the same way. */
#ifndef KILN_SOURCE_LOCK_PARTS_H
#define KILN_SOURCE_LOCK_PARTS_H

#include "base/err.h"
#include "recipe/lock.h"
#include "recipe/recipe.h"

/* A lock that says what it was made for and holds nothing yet. The caller frees. */
int lock_parts_new(struct lock **out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct err *e);

/* Put releases and packages into the order that a lock has them in. */
void lock_parts_sort(struct lock *l);

#endif
