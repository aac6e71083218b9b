/* What every lock must be like, whether it was read or is about to be written. */
#ifndef KILN_RECIPE_LOCK_CHECK_H
#define KILN_RECIPE_LOCK_CHECK_H

#include "base/err.h"
#include "recipe/lock.h"

/* One text of a lock: where it stands in its structure and what it must look like. */
struct lock_field {
	const char *key;
	const char *(*fault)(const char *text); /* what is wrong with text; NULL: nothing */
	size_t offset;                          /* of the char * */
};

/* Tables that end with a NULL key, in the order of the keys. */
extern const struct lock_field lock_top_fields[];
extern const struct lock_field lock_release_fields[];
extern const struct lock_field lock_package_fields[];
extern const struct lock_field lock_base_fields[];

#define LOCK_MAX_SIZE_BYTES ((int64_t)1 << 40)
#define LOCK_MAX_EPOCH_S 4294967295LL

/* All fields have their form, lists are sorted and without duplicates. name stands for the lock
 * in messages. ERR_FORMAT. */
int lock_check(const struct lock *l, const char *name, struct err *e);

#endif
