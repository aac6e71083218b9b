/* The entries of `files` and `esp` in a recipe. */
#ifndef KILN_RECIPE_FILES_H
#define KILN_RECIPE_FILES_H

#include "base/err.h"
#include "recipe/recipe.h"
#include "recipe/recipe_read.h"

/* Read list's entries into esp[0] to esp[list->n - 1], which are zeroed. */
int recipe_parse_esp(const struct recipe_reader *rd, const struct ynode *list,
	struct recipe_file *esp, struct err *e);

/* Read `files` of r->tree into r->files; absent is no files. */
int recipe_parse_files(const struct recipe_reader *rd, struct recipe *r, struct err *e);

/* Free what is inside n entries and the array itself. */
void recipe_files_free(struct recipe_file *files, size_t n);

#endif
