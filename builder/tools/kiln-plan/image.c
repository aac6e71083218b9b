#include "image.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

char *plan_in_root(const struct plan_paths *paths, const char *path, struct err *e)
{
	if (strcmp(paths->root, ".") == 0)
		return mem_strdup(path, e);
	return mem_printf(e, "%s/%s", paths->root, path);
}

char *plan_tool(const struct plan_paths *paths, const char *name, struct err *e)
{
	if (!paths->tools)
		return mem_strdup(name, e);
	return mem_printf(e, "%s/%s/%s", paths->tools, name, name);
}

static int copy_sorted(struct strv *to, const struct strv *from, struct err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		if (!strv_contains(to, from->items[i]) && strv_add(to, from->items[i], e) < 0)
			return -1;
	}
	strv_sort(to);
	return 0;
}

static char *with_options(const char *name, const struct strv *options, struct err *e)
{
	cleanup_buf struct buf b = {0};

	if (buf_puts(&b, name, e) < 0)
		return NULL;
	for (size_t i = 0; i < options->n; i++) {
		if (buf_printf(&b, e, "+%s", options->items[i]) < 0)
			return NULL;
	}
	return buf_steal(&b, e);
}

static int name_everything(struct image *im, const struct plan_paths *paths, struct err *e)
{
	const char *arch = im->arch->name;
	cleanup_free char *work = with_options(im->recipe->variant, &im->options, e);

	im->label = with_options(im->recipe->name, &im->options, e);
	if (!work || !im->label)
		return -1;
	im->lock_path = recipe_lock_path(paths->root, im->recipe, im->arch, &im->options, e);
	im->file_name = mem_printf(e, "%s-%s", im->label, arch);
	im->identity = mem_printf(e, "%s/%s", im->label, arch);
	im->work_dir = mem_printf(e, "%s/work/%s-%s", paths->out, work, arch);
	if (!im->lock_path || !im->file_name || !im->identity || !im->work_dir)
		return -1;
	im->image_dir = mem_printf(e, "%s/images/%s", paths->out, im->file_name);
	return im->image_dir ? 0 : -1;
}

int image_open(struct image *im, const struct plan_paths *paths, const char *variant,
	const char *arch, const struct strv *options, struct err *e)
{
	if (recipe_load(&im->recipe, paths->root, variant, e) < 0)
		return -1;
	im->pack = im->recipe->pack;
	im->arch = recipe_find_arch(im->recipe, arch, e);
	if (!im->arch || copy_sorted(&im->options, options, e) < 0)
		return -1;
	for (size_t i = 0; i < im->options.n; i++) {
		if (!recipe_find_option(im->recipe, im->options.items[i], e))
			return -1;
	}
	return name_everything(im, paths, e);
}

void image_release(struct image *im)
{
	recipe_free(im->recipe);
	lock_free(im->lock);
	strv_release(&im->options);
	free(im->lock_path);
	free(im->label);
	free(im->file_name);
	free(im->identity);
	free(im->work_dir);
	free(im->image_dir);
}

int image_override_base(struct image *im, const char *path, struct err *e)
{
	if (!im->arch->base)
		return err_set(e, ERR_USAGE, "%s has no base, so none can be given for it",
			im->recipe->path);
	if (sha256_file_hex(path, im->base_sha256, &im->base_size_bytes, e) < 0)
		return err_prefix(e, "base");
	im->base_file = path;
	return 0;
}

int image_load_lock(struct image *im, struct err *e)
{
	if (access(im->lock_path, F_OK) < 0)
		return err_set(e, ERR_INTEGRITY,
			"%s: there is no lock; make it with `just lock %s`", im->lock_path,
			im->recipe->variant);
	if (lock_load(&im->lock, im->lock_path, e) < 0)
		return -1;
	if (recipe_check_lock(im->recipe, im->arch, &im->options, im->lock, e) < 0)
		return err_prefix(e, "%s", im->lock_path);
	if (im->arch->base && !im->base_file && !im->lock->base)
		return err_set(e, ERR_INTEGRITY,
			"%s: was made without the base image; make a new one with `just lock %s`",
			im->lock_path, im->recipe->variant);
	return 0;
}

static int add_defaults(struct strv *names, const char *root, struct err *e)
{
	cleanup_strv struct strv all = {0};

	if (recipe_list(&all, root, e) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		cleanup_recipe struct recipe *r = NULL;

		if (recipe_load(&r, root, all.items[i], e) < 0 ||
			(r->is_default && strv_add(names, all.items[i], e) < 0))
			return -1;
	}
	if (names->n == 0)
		return err_set(
			e, ERR_USAGE, "no recipe says `default: true`; name the variants to build");
	return 0;
}

/* Two recipes must not write the same files. */
static int check_apart(const struct image *images, size_t i, struct err *e)
{
	for (size_t j = 0; j < i; j++) {
		if (strcmp(images[j].file_name, images[i].file_name) == 0)
			return err_set(e, ERR_FORMAT, "%s and %s both make an image named '%s'",
				images[j].recipe->path, images[i].recipe->path, images[i].label);
	}
	return 0;
}

int images_open(struct image **images, size_t *n, const struct plan_paths *paths, char **variants,
	size_t n_variants, const char *arch, const struct strv *options, struct err *e)
{
	cleanup_strv struct strv names = {0};

	*images = NULL;
	*n = 0;
	for (size_t i = 0; i < n_variants; i++) {
		if (!strv_contains(&names, variants[i]) && strv_add(&names, variants[i], e) < 0)
			return -1;
	}
	if (names.n == 0 && add_defaults(&names, paths->root, e) < 0)
		return -1;
	strv_sort(&names);
	struct image *all = mem_array(names.n, sizeof(*all), e);
	if (!all)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (image_open(&all[i], paths, names.items[i], arch, options, e) < 0 ||
			check_apart(all, i, e) < 0) {
			images_free(all, i + 1);
			return -1;
		}
	}
	*images = all;
	*n = names.n;
	return 0;
}

void images_free(struct image *images, size_t n)
{
	for (size_t i = 0; i < n; i++)
		image_release(&images[i]);
	free(images);
}
