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

/* The same without bringing anything: *out is NULL when before says nothing of the file. */
int base_image_keep(struct lock_base **out, const struct recipe_base *b, const struct lock *before,
	struct err *e);

/* The base image told like a package, so that its file is checked like one. Texts are b's. */
struct lock_package base_image_package(const struct lock_base *b);

/* Sets ERR_NETWORK: the archive no longer has the file; names the newest one like it where the
 * archive's folders can be listed. Returns -1. */
int base_image_gone(const char *variant, const struct source_file *file,
	const struct fetch_options *options, struct err *e);

#endif
