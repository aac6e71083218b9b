#include "recipe/recipe.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "recipe/recipe_archives.h"
#include "recipe/recipe_files.h"
#include "recipe/recipe_parse.h"
#include "recipe/recipe_read.h"

/* "recipes/debian/recipe.yaml" when root is ".", so that messages read well. */
static char *recipe_path(const char *root, const char *variant, struct err *e)
{
	bool here = strcmp(root, ".") == 0;

	return mem_printf(
		e, "%s%srecipes/%s/recipe.yaml", here ? "" : root, here ? "" : "/", variant);
}

static int no_such_recipe(const char *root, const char *variant, struct err *e)
{
	cleanup_strv struct strv names = {0};
	cleanup_buf struct buf list = {0};

	if (recipe_list(&names, root, e) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (buf_printf(&list, e, " %s", names.items[i]) < 0)
			return -1;
	}
	return err_set(e, ERR_USAGE, "recipes/%s/recipe.yaml does not exist; there is:%s", variant,
		names.n ? buf_str(&list) : " none");
}

int recipe_load(struct recipe **out, const char *root, const char *variant, struct err *e)
{
	cleanup_recipe struct recipe *r = mem_zalloc(sizeof(*r), e);
	const char *why;

	*out = NULL;
	if (!r)
		return -1;
	if (!recipe_word_is_valid(WORD_NAME, variant, &why))
		return err_set(e, ERR_USAGE, "variant '%s' %s", variant, why);
	r->variant = mem_strdup(variant, e);
	r->path = recipe_path(root, variant, e);
	if (!r->variant || !r->path)
		return -1;
	if (access(r->path, F_OK) < 0 && errno == ENOENT)
		return no_such_recipe(root, variant, e);
	if (ynode_load(&r->tree, r->path, e) < 0 || recipe_parse(r, e) < 0)
		return -1;
	*out = steal_ptr(&r);
	return 0;
}

void recipe_free(struct recipe *r)
{
	if (!r)
		return;
	recipe_archives_free(r->archives, r->n_archives);
	for (size_t i = 0; i < r->n_options; i++) {
		free(r->options[i].name);
		free(r->options[i].description);
		strv_release(&r->options[i].packages);
	}
	for (size_t i = 0; i < r->n_arches; i++) {
		free(r->arches[i].name);
		strv_release(&r->arches[i].packages);
		recipe_base_free(r->arches[i].base);
		recipe_files_free(r->arches[i].esp, r->arches[i].n_esp);
	}
	recipe_files_free(r->files, r->n_files);
	strv_release(&r->packages);
	strv_release(&r->delete_paths);
	strv_release(&r->allow_files);
	ynode_free(r->tree);
	free(r->options);
	free(r->arches);
	free(r->variant);
	free(r->path);
	free(r->name);
	free(r->description);
	free(r->family);
	free(r->suite);
	free(r->customize);
	free(r->lima);
	free(r->pack);
	free(r);
}

int recipe_list(struct strv *variants, const char *root, struct err *e)
{
	cleanup_free char *folder = mem_printf(e, "%s/recipes", root);
	DIR *dir = folder ? opendir(folder) : NULL;
	int rc = 0;

	if (!folder)
		return -1;
	if (!dir)
		return err_set_errno(e, ERR_IO, "%s: no recipes; is this the repository?", folder);
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		cleanup_free char *path = recipe_path(root, d->d_name, e);
		const char *why;

		if (!path)
			rc = -1;
		else if (recipe_word_is_valid(WORD_NAME, d->d_name, &why) &&
			 access(path, F_OK) == 0)
			rc = strv_add(variants, d->d_name, e);
	}
	closedir(dir);
	strv_sort(variants);
	return rc;
}

const struct recipe_arch *recipe_find_arch(const struct recipe *r, const char *arch, struct err *e)
{
	for (size_t i = 0; i < r->n_arches; i++) {
		if (strcmp(r->arches[i].name, arch) == 0)
			return &r->arches[i];
	}
	err_set(e, ERR_UNSUPPORTED, "%s has no architecture '%s'; it has: %s%s%s", r->path, arch,
		r->arches[0].name, r->n_arches > 1 ? ", " : "",
		r->n_arches > 1 ? r->arches[1].name : "");
	return NULL;
}

const struct recipe_option *recipe_find_option(
	const struct recipe *r, const char *name, struct err *e)
{
	cleanup_buf struct buf list = {0};

	for (size_t i = 0; i < r->n_options; i++) {
		if (strcmp(r->options[i].name, name) == 0)
			return &r->options[i];
		if (buf_printf(&list, e, " %s", r->options[i].name) < 0)
			return NULL;
	}
	err_set(e, ERR_USAGE, "%s has no option '%s'; it has:%s", r->path, name,
		list.len ? buf_str(&list) : " none");
	return NULL;
}

const char *recipe_host_arch(void)
{
	static struct utsname u;

	if (uname(&u) < 0)
		return "unknown";
	return strcmp(u.machine, "arm64") == 0 ? "aarch64" : u.machine;
}

const char *recipe_deb_arch(const char *arch)
{
	return strcmp(arch, "aarch64") == 0 ? "arm64" : "amd64";
}
