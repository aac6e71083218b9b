/* From a recipe's YAML tree to struct recipe. */
#ifndef KILN_RECIPE_PARSE_H
#define KILN_RECIPE_PARSE_H

#include "base/err.h"
#include "recipe/recipe.h"

/* Fill r from r->tree; r->path names the file in messages. After -1 recipe_free() still works. */
int recipe_parse(struct recipe *r, struct err *e);

#endif
