#include "recipe/lock_check.h"

#include <string.h>

#include "digest/hash.h"
#include "recipe/recipe_read.h"

#define MAX_TEXT 512

static const char *fault_of_word(enum recipe_word word, const char *text)
{
	const char *why = NULL;

	if (strlen(text) > MAX_TEXT)
		return "is too long";
	return recipe_word_is_valid(word, text, &why) ? NULL : why;
}

static const char *fault_of_name(const char *text)
{
	return fault_of_word(WORD_NAME, text);
}

static const char *fault_of_package(const char *text)
{
	return fault_of_word(WORD_PACKAGE, text);
}

static const char *fault_of_suite(const char *text)
{
	return fault_of_word(WORD_SUITE, text);
}

static const char *fault_of_solver(const char *text)
{
	return fault_of_word(WORD_ANY, text);
}

static const char *fault_of_sha256(const char *text)
{
	return sha256_is_hex(text) ? NULL : "is not a SHA-256 of 64 lower-case digits";
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Debian Policy 5.6.12, and '_' for other families. */
static const char *fault_of_version(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > MAX_TEXT || !strchr(ALNUM, text[0]) ||
		strspn(text, ALNUM ".+:~-_") != len)
		return "is not a package's version";
	return NULL;
}

static const char *fault_of_path(const char *text)
{
	return fault_of_word(WORD_ARCHIVE_PATH, text);
}

static const char *fault_of_digest(const char *text)
{
	if (strncmp(text, "sha512:", 7) == 0 && hash_is_hex(HASH_SHA512, text + 7))
		return NULL;
	if (strncmp(text, "sha256:", 7) == 0 && hash_is_hex(HASH_SHA256, text + 7))
		return NULL;
	return "is not sha256: or sha512: with lower-case digits";
}

const struct lock_field lock_top_fields[] = {
	{"arch", fault_of_name, offsetof(struct lock, arch)},
	{"family", fault_of_name, offsetof(struct lock, family)},
	{"inputs_sha256", fault_of_sha256, offsetof(struct lock, inputs_sha256)},
	{"solver", fault_of_solver, offsetof(struct lock, solver)},
	{"variant", fault_of_name, offsetof(struct lock, variant)},
	{NULL, NULL, 0},
};

const struct lock_field lock_release_fields[] = {
	{"archive", fault_of_name, offsetof(struct lock_release, archive)},
	{"path", fault_of_path, offsetof(struct lock_release, path)},
	{"sha256", fault_of_sha256, offsetof(struct lock_release, sha256)},
	{"suite", fault_of_suite, offsetof(struct lock_release, suite)},
	{NULL, NULL, 0},
};

const struct lock_field lock_package_fields[] = {
	{"arch", fault_of_name, offsetof(struct lock_package, arch)},
	{"archive", fault_of_name, offsetof(struct lock_package, archive)},
	{"name", fault_of_package, offsetof(struct lock_package, name)},
	{"path", fault_of_path, offsetof(struct lock_package, path)},
	{"sha256", fault_of_sha256, offsetof(struct lock_package, sha256)},
	{"source", fault_of_package, offsetof(struct lock_package, source)},
	{"version", fault_of_version, offsetof(struct lock_package, version)},
	{NULL, NULL, 0},
};

const struct lock_field lock_base_fields[] = {
	{"archive", fault_of_name, offsetof(struct lock_base, archive)},
	{"digest", fault_of_digest, offsetof(struct lock_base, digest)},
	{"path", fault_of_path, offsetof(struct lock_base, path)},
	{"sha256", fault_of_sha256, offsetof(struct lock_base, sha256)},
	{NULL, NULL, 0},
};

static int check_fields(const struct lock_field *fields, const void *structure, const char *name,
	const char *what, size_t i, struct err *e)
{
	for (const struct lock_field *f = fields; f->key; f++) {
		const char *text = *(char *const *)((const char *)structure + f->offset);
		const char *fault = text ? f->fault(text) : "is missing";

		if (fault)
			return err_set(e, ERR_FORMAT, "%s: %s[%zu]: %s '%s' %s", name, what, i,
				f->key, text ? text : "", fault);
	}
	return 0;
}

static int check_order(int compared, const char *name, const char *what, size_t i,
	const char *first, const char *second, struct err *e)
{
	if (compared < 0)
		return 0;
	return err_set(e, ERR_FORMAT, "%s: %s[%zu]: '%s %s' %s", name, what, i, first, second,
		compared == 0 ? "stands twice" : "is not in sorted order");
}

static int check_releases(const struct lock *l, const char *name, struct err *e)
{
	for (size_t i = 0; i < l->n_releases; i++) {
		const struct lock_release *r = &l->releases[i];

		if (check_fields(lock_release_fields, r, name, "releases", i, e) < 0)
			return -1;
		if (r->date_s < 0 || r->date_s > LOCK_MAX_EPOCH_S)
			return err_set(
				e, ERR_FORMAT, "%s: releases[%zu]: date is out of range", name, i);
		if (i == 0)
			continue;
		int order = strcmp(r[-1].archive, r->archive);
		if (order == 0)
			order = strcmp(r[-1].suite, r->suite);
		if (check_order(order, name, "releases", i, r->archive, r->suite, e) < 0)
			return -1;
	}
	return 0;
}

static int check_packages(const struct lock *l, const char *name, struct err *e)
{
	for (size_t i = 0; i < l->n_packages; i++) {
		const struct lock_package *p = &l->packages[i];

		if (check_fields(lock_package_fields, p, name, "packages", i, e) < 0)
			return -1;
		if (p->size_bytes == 0 || p->size_bytes > LOCK_MAX_SIZE_BYTES)
			return err_set(
				e, ERR_FORMAT, "%s: packages[%zu]: size is out of range", name, i);
		if (i == 0)
			continue;
		int order = strcmp(p[-1].name, p->name);
		if (order == 0)
			order = strcmp(p[-1].arch, p->arch);
		if (check_order(order, name, "packages", i, p->name, p->arch, e) < 0)
			return -1;
	}
	return 0;
}

/* A SHA-256 of the distribution's is the one we computed. */
static int check_base(const struct lock_base *b, const char *name, struct err *e)
{
	if (check_fields(lock_base_fields, b, name, "base", 0, e) < 0)
		return -1;
	if (b->size_bytes == 0 || b->size_bytes > LOCK_MAX_SIZE_BYTES)
		return err_set(e, ERR_FORMAT, "%s: base: size is out of range", name);
	if (strncmp(b->digest, "sha256:", 7) == 0 && strcmp(b->digest + 7, b->sha256) != 0)
		return err_set(e, ERR_FORMAT, "%s: base: digest and sha256 differ", name);
	return 0;
}

int lock_check(const struct lock *l, const char *name, struct err *e)
{
	if (check_fields(lock_top_fields, l, name, "lock", 0, e) < 0)
		return -1;
	if (l->base && check_base(l->base, name, e) < 0)
		return -1;
	if (l->epoch_s < 0 || l->epoch_s > LOCK_MAX_EPOCH_S)
		return err_set(e, ERR_FORMAT, "%s: epoch is out of range", name);
	if (check_releases(l, name, e) < 0)
		return -1;
	return check_packages(l, name, e);
}
