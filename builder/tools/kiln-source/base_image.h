/* The disk image that a recipe starts from. */
#ifndef KILN_SOURCE_BASE_IMAGE_H
#define KILN_SOURCE_BASE_IMAGE_H

#include "base/err.h"
#include "fetch.h"
#include "recipe/lock.h"
#include "recipe/recipe.h"
#include "source_file.h"

/* Describe the base image b of a variant for a lock. What before (NULL: no lock) says of the same
 * file is taken over; otherwise the image is brought into the cache and held against the recipe's
 * digest. Errors: those of fetch_files(); base_image_gone(). The caller frees *out as part of its
 * lock. */
int base_image_lock(struct lock_base **out, const struct recipe_base *b, const char *variant,
	const struct lock *before, const struct fetch_options *options, struct err *e);

/* Sets ERR_NETWORK: the archive no longer has the file; names the newest one like it where the
 * archive's folders can be listed. Returns -1. */
int base_image_gone(const char *variant, const struct source_file *file,
	const struct fetch_options *options, struct err *e);

#endif
