/* The entries of `archives` in a recipe, and the base image that an architecture names. */
#ifndef KILN_RECIPE_ARCHIVES_H
#define KILN_RECIPE_ARCHIVES_H

#include "base/err.h"
#include "recipe/recipe.h"
#include "recipe/recipe_read.h"

/* Read `archives` of r->tree into r->archives. */
int recipe_parse_archives(const struct recipe_reader *rd, struct recipe *r, struct err *e);

/* Read `base` of an architecture's map into a->base; absent is none. r->archives are there. */
int recipe_parse_base(const struct recipe_reader *rd, const struct recipe *r,
	const struct ynode *arch, struct recipe_arch *a, struct err *e);

/* Free what is inside n entries and the array itself. */
void recipe_archives_free(struct recipe_archive *archives, size_t n);
void recipe_base_free(struct recipe_base *b);

#endif
