#include "apk_fetch.h"

#include <string.h>
#include <unistd.h>

#include "apk/signed.h"
#include "apk/version.h"
#include "apk_repository.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache.h"
#include "digest/sha256.h"
#include "grab.h"
#include "recipe/recipe.h"

int apk_fetch_find(struct apk_indices *out, const struct lock *l, const char *cache, struct err *e)
{
	*out = (struct apk_indices){.items = mem_array(l->n_releases + 1, sizeof(*out->items), e)};
	if (!out->items)
		return -1;
	for (size_t i = 0; strcmp(l->family, "apk") == 0 && i < l->n_releases; i++) {
		cleanup_free char *path = cache_path(cache, l->releases[i].sha256, e);

		if (!path)
			return -1;
		if (!cache_has(path, 0))
			out->items[out->n++] = &l->releases[i];
	}
	return 0;
}

/* The keys of an archive, from the recipe; none where the recipe is not there. */
static int load_keys(struct apk_keys *keys, const struct lock *l, const char *archive,
	const char *root, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/recipes/%s/recipe.yaml", root, l->variant);
	cleanup_recipe struct recipe *r = NULL;

	if (!path || (access(path, F_OK) == 0 && recipe_load(&r, root, l->variant, e) < 0))
		return -1;
	for (size_t i = 0; r && i < r->n_archives; i++) {
		if (strcmp(r->archives[i].name, archive) == 0)
			return apk_repository_keys(keys, r, &r->archives[i], root, e);
	}
	return 0;
}

/* Another index than the locked one: newer, or no index of the archive's at all. */
static int check_other(const struct lock_release *r, const struct buf *file, const struct lock *l,
	const char *root, struct err *e)
{
	cleanup_apk_keys struct apk_keys keys = {0};
	cleanup_buf struct buf text = {0};

	if (load_keys(&keys, l, r->archive, root, e) < 0)
		return -1;
	return apk_signed_index(
		&text, buf_str(file), file->len, keys.n > 0 ? &keys : NULL, r->path, e);
}

/* Returns 1 when it was brought, 0 when the archive has another one, or -1. */
static int bring(const struct lock_release *r, const struct lock *l, const char *root,
	const struct fetch_options *o, struct err *e)
{
	cleanup_buf struct buf file = {0};
	char hex[SHA256_HEX_SIZE];

	if (apk_repository_grab(&file, o, r->archive, r->path, e) < 0 ||
		sha256_buffer_hex(buf_str(&file), file.len, hex, e) < 0)
		return -1;
	if (strcmp(hex, r->sha256) != 0)
		return check_other(r, &file, l, root, e);
	return cache_put(o->cache, buf_str(&file), file.len, hex, e) < 0 ? -1 : 1;
}

int apk_fetch_indices(const struct apk_indices *wanted, const struct lock *l, const char *root,
	const struct fetch_options *o, struct apk_indices *stale, struct err *e)
{
	for (size_t i = 0; i < wanted->n; i++) {
		int rc = bring(wanted->items[i], l, root, o, e);

		if (rc < 0)
			return -1;
		if (rc == 0)
			stale->items[stale->n++] = wanted->items[i];
	}
	return 0;
}

static const struct apk_package *find_newest(const struct apk_index *index, const char *name)
{
	const struct apk_package *best = NULL;

	for (size_t i = 0; i < index->n; i++) {
		const struct apk_package *p = &index->packages[i];

		if (strcmp(p->name, name) == 0 &&
			(!best || apk_version_compare(p->version, best->version) > 0))
			best = p;
	}
	return best;
}

static bool is_of(const struct lock_package *p, const struct lock_release *r)
{
	size_t len = strlen(r->suite);

	return p && strcmp(p->archive, r->archive) == 0 && strncmp(p->path, r->suite, len) == 0 &&
	       p->path[len] == '/';
}

/* What the index says is only shown: its signature does not matter. */
static void say_newer(const struct lock_release *r, const struct fetch_stale *stale,
	const struct fetch_options *o)
{
	cleanup_apk_index struct apk_index index = {0};
	cleanup_buf struct buf file = {0};
	cleanup_buf struct buf text = {0};

	if (apk_repository_grab(&file, o, r->archive, r->path, NULL) < 0 ||
		apk_signed_index(&text, buf_str(&file), file.len, NULL, r->path, NULL) < 0 ||
		apk_index_add(&index, buf_str(&text), text.len, 0, r->path, NULL) < 0)
		return;
	for (size_t i = 0; i < stale->n; i++) {
		const struct lock_package *p = stale->items[i]->package;
		const struct apk_package *newer = NULL;

		if (!is_of(p, r))
			continue;
		newer = find_newest(&index, p->name);
		if (newer)
			log_warn("%s now lists %s %s", r->suite, newer->name, newer->version);
		else
			log_warn("%s lists %s no longer", r->suite, p->name);
	}
}

void apk_fetch_say_newer(
	const struct lock *l, const struct fetch_stale *stale, const struct fetch_options *o)
{
	for (size_t i = 0; strcmp(l->family, "apk") == 0 && i < l->n_releases; i++) {
		bool any = false;

		for (size_t k = 0; k < stale->n; k++)
			any = any || is_of(stale->items[k]->package, &l->releases[i]);
		if (any)
			say_newer(&l->releases[i], stale, o);
	}
}
