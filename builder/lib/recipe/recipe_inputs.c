#include "recipe/recipe.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static int add_missing(struct strv *out, const struct strv *more, struct err *e)
{
	for (size_t i = 0; i < more->n; i++) {
		if (!strv_contains(out, more->items[i]) && strv_add(out, more->items[i], e) < 0)
			return -1;
	}
	return 0;
}

/* The enabled options, sorted, without duplicates; each must be the recipe's. */
static int sorted_options(
	struct strv *out, const struct recipe *r, const struct strv *options, struct err *e)
{
	for (size_t i = 0; i < options->n; i++) {
		if (!recipe_find_option(r, options->items[i], e))
			return -1;
	}
	if (add_missing(out, options, e) < 0)
		return -1;
	strv_sort(out);
	return 0;
}

int recipe_packages(struct strv *out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct err *e)
{
	if (add_missing(out, &r->packages, e) < 0 || add_missing(out, &arch->packages, e) < 0)
		return -1;
	for (size_t i = 0; i < options->n; i++) {
		const struct recipe_option *o = recipe_find_option(r, options->items[i], e);

		if (!o || add_missing(out, &o->packages, e) < 0)
			return -1;
	}
	strv_sort(out);
	return 0;
}

static int put_words(struct buf *b, const char *what, const struct strv *words, struct err *e)
{
	for (size_t i = 0; i < words->n; i++) {
		if (buf_printf(b, e, "%s %s\n", what, words->items[i]) < 0)
			return -1;
	}
	return 0;
}

static int put_base(struct buf *b, const struct recipe_base *base, struct err *e)
{
	cleanup_free char *digest = base ? recipe_base_digest(base, e) : NULL;

	if (!base)
		return 0;
	if (!digest)
		return -1;
	return buf_printf(b, e, "base %s %s %s\n", base->archive, base->path, digest);
}

int recipe_lock_inputs(const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, char hex[SHA256_HEX_SIZE], struct err *e)
{
	cleanup_strv struct strv packages = {0};
	cleanup_strv struct strv enabled = {0};
	cleanup_buf struct buf b = {0};

	if (sorted_options(&enabled, r, options, e) < 0 ||
		recipe_packages(&packages, r, arch, options, e) < 0 ||
		buf_printf(&b, e, "limekiln-inputs-1\nfamily %s\nsuite %s\narch %s\n", r->family,
			r->suite, arch->name) < 0)
		return -1;
	for (size_t i = 0; i < r->n_archives; i++) {
		const struct recipe_archive *a = &r->archives[i];

		if (buf_printf(&b, e, "archive %s\n", a->name) < 0 ||
			put_words(&b, " suite", &a->suites, e) < 0 ||
			put_words(&b, " component", &a->components, e) < 0)
			return -1;
	}
	if (put_base(&b, arch->base, e) < 0 || put_words(&b, "option", &enabled, e) < 0 ||
		put_words(&b, "package", &packages, e) < 0)
		return -1;
	return sha256_buffer_hex(buf_str(&b), b.len, hex, e);
}

char *recipe_lock_path(const char *root, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct err *e)
{
	cleanup_strv struct strv enabled = {0};
	cleanup_buf struct buf b = {0};
	bool here = strcmp(root, ".") == 0;

	if (sorted_options(&enabled, r, options, e) < 0 ||
		buf_printf(&b, e, "%s%srecipes/%s/lock.%s", here ? "" : root, here ? "" : "/",
			r->variant, arch->name) < 0)
		return NULL;
	for (size_t i = 0; i < enabled.n; i++) {
		if (buf_printf(&b, e, "+%s", enabled.items[i]) < 0)
			return NULL;
	}
	return buf_puts(&b, ".json", e) < 0 ? NULL : buf_steal(&b, e);
}

int recipe_check_lock(const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, const struct lock *l, struct err *e)
{
	char hex[SHA256_HEX_SIZE];

	if (recipe_lock_inputs(r, arch, options, hex, e) < 0)
		return -1;
	if (strcmp(l->variant, r->variant) == 0 && strcmp(l->arch, arch->name) == 0 &&
		strcmp(l->inputs_sha256, hex) == 0)
		return 0;
	return err_set(e, ERR_INTEGRITY,
		"the lock of %s for %s was made from another recipe than %s; make a new one with "
		"`just lock %s`",
		r->variant, arch->name, r->path, r->variant);
}
