#include "apk_repo.h"

#include <errno.h>
#include <string.h>

#include "apk/signed.h"
#include "apk_repository.h"
#include "base/io.h"
#include "base/mem.h"
#include "cache.h"
#include "digest/sha256.h"
#include "recipe/recipe.h"

static const struct recipe_archive *find_archive(
	const struct recipe *r, const char *name, struct err *e)
{
	for (size_t i = 0; i < r->n_archives; i++) {
		if (strcmp(r->archives[i].name, name) == 0)
			return &r->archives[i];
	}
	err_set(e, ERR_INTEGRITY,
		"%s has no archive '%s', which the lock has; make a new lock with `just lock %s`",
		r->path, name, r->variant);
	return NULL;
}

/* Several archives may name one folder of keys. */
static int place_keys(struct repo_dir *d, const struct apk_keys *keys, struct err *e)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct apk_key *key = &keys->items[i];
		cleanup_free char *name = mem_printf(e, "keys/%s", key->name);

		if (!name || repo_dir_write(d, name, buf_str(&key->pem), key->pem.len, e) < 0)
			return -1;
	}
	return 0;
}

static int check_index(
	const char *path, const struct lock_release *r, const struct apk_keys *keys, struct err *e)
{
	cleanup_buf struct buf file = {0};
	cleanup_buf struct buf text = {0};
	char hex[SHA256_HEX_SIZE];
	struct err why = {0};

	if (io_read_file(path, APK_INDEX_MAX, &file, &why) < 0)
		return err_set(e, why.kind, "%s; %s", why.msg,
			why.errnum == ENOENT ? "bring it with `kiln-source fetch`" : r->path);
	if (sha256_buffer_hex(buf_str(&file), file.len, hex, e) < 0)
		return -1;
	if (strcmp(hex, r->sha256) != 0)
		return err_set(e, ERR_INTEGRITY,
			"%s: has the SHA-256 %s; the index %s has another; `kiln-source verify "
			"--repair` moves wrong files aside",
			path, hex, r->path);
	return apk_signed_index(&text, buf_str(&file), file.len, keys, r->path, e);
}

static int add_index(struct repo_dir *d, const struct recipe *recipe, const char *root,
	const struct lock_release *r, const char *cache, struct err *e)
{
	const struct recipe_archive *a = find_archive(recipe, r->archive, e);
	cleanup_free char *path = cache_path(cache, r->sha256, e);
	cleanup_apk_keys struct apk_keys keys = {0};

	if (!a || !path || apk_repository_keys(&keys, recipe, a, root, e) < 0 ||
		check_index(path, r, &keys, e) < 0 || place_keys(d, &keys, e) < 0)
		return -1;
	return repo_dir_place(d, path, r->path, e);
}

int apk_repo_finish(struct repo_dir *d, const struct lock *l, const char *cache, const char *root,
	struct err *e)
{
	cleanup_recipe struct recipe *recipe = NULL;
	cleanup_buf struct buf lines = {0};

	if (recipe_load(&recipe, root, l->variant, e) < 0)
		return -1;
	for (size_t i = 0; i < l->n_releases; i++) {
		if (add_index(d, recipe, root, &l->releases[i], cache, e) < 0 ||
			buf_printf(&lines, e, "%s\n", l->releases[i].suite) < 0)
			return -1;
	}
	if (repo_dir_write(d, "repositories", buf_str(&lines), lines.len, e) < 0)
		return -1;
	return repo_dir_write(d, "Release", REPO_DIR_MARK, strlen(REPO_DIR_MARK), e);
}
