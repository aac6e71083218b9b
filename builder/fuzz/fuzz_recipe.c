/* Recipes: any text is a recipe or an error, and what is read can be asked for everything. */
#include <stdlib.h>

#include "base/mem.h"
#include "fuzz.h"
#include "recipe/recipe.h"
#include "recipe/recipe_parse.h"

static void ask(const struct recipe *r)
{
	struct strv options = {0};
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < r->n_options; i++)
		strv_add(&options, r->options[i].name, NULL);
	for (size_t i = 0; i < r->n_arches; i++) {
		struct strv packages = {0};

		recipe_packages(&packages, r, &r->arches[i], &options, NULL);
		recipe_lock_inputs(r, &r->arches[i], &options, hex, NULL);
		free(recipe_lock_path(".", r, &r->arches[i], &options, NULL));
		strv_release(&packages);
	}
	strv_release(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recipe *r = mem_zalloc(sizeof(*r), NULL);
	struct err e = {0};

	if (!r)
		return 0;
	r->variant = mem_strdup("x", NULL);
	r->path = mem_strdup("recipe.yaml", NULL);
	if (r->variant && r->path &&
		ynode_parse(&r->tree, (const char *)data, size, r->path, &e) == 0 &&
		recipe_parse(r, &e) == 0)
		ask(r);
	recipe_free(r);
	return 0;
}
