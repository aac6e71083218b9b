#include "apk_resolve.h"

#include <stdlib.h>
#include <string.h>

#include "apk/signed.h"
#include "apk/solve.h"
#include "apk_repository.h"
#include "base/io.h"
#include "cache.h"
#include "digest/sha256.h"
#include "grab.h"
#include "lock_parts.h"

#define MAX_PACKAGE ((size_t)2 << 30)

/* One suite and component of an archive. */
struct repository {
	size_t archive; /* of the recipe */
	char *name;     /* "v3.23/main" */
};

struct state {
	const struct recipe *recipe;
	const struct recipe_arch *arch;
	const struct fetch_options *o;
	const struct lock *before;
	struct apk_keys *keys; /* by archive */
	struct repository *repositories;
	size_t n;
	struct apk_index index; /* of all repositories */
	struct lock *lock;
	uint64_t done_bytes;
};

static int list_repositories(struct state *s, const char *root, struct err *e)
{
	const struct recipe *r = s->recipe;
	size_t most = 0;

	for (size_t i = 0; i < r->n_archives; i++)
		most += r->archives[i].suites.n * r->archives[i].components.n;
	s->repositories = mem_array(most + 1, sizeof(*s->repositories), e);
	s->keys = mem_array(r->n_archives + 1, sizeof(*s->keys), e);
	s->lock->releases = mem_array(most + 1, sizeof(*s->lock->releases), e);
	if (!s->repositories || !s->keys || !s->lock->releases)
		return -1;
	for (size_t i = 0; i < r->n_archives; i++) {
		const struct recipe_archive *a = &r->archives[i];

		if (a->suites.n > 0 && apk_repository_keys(&s->keys[i], r, a, root, e) < 0)
			return -1;
		for (size_t k = 0; k < a->suites.n * a->components.n; k++) {
			struct repository *new = &s->repositories[s->n++];

			new->archive = i;
			new->name = mem_printf(e, "%s/%s", a->suites.items[k / a->components.n],
				a->components.items[k % a->components.n]);
			if (!new->name)
				return -1;
		}
	}
	return 0;
}

/* The date of an index is that of the newest package in it: nothing else in it tells one. */
static int64_t newest(const struct apk_index *index, size_t from)
{
	int64_t newest_s = 0;

	for (size_t i = from; i < index->n; i++) {
		if (index->packages[i].built_s > newest_s)
			newest_s = index->packages[i].built_s;
	}
	return newest_s;
}

static int read_index(struct state *s, size_t which, struct err *e)
{
	const struct repository *repository = &s->repositories[which];
	const char *archive = s->recipe->archives[repository->archive].name;
	struct lock_release *r = &s->lock->releases[s->lock->n_releases++];
	cleanup_buf struct buf file = {0};
	cleanup_buf struct buf text = {0};
	char hex[SHA256_HEX_SIZE];
	size_t from = s->index.n;

	r->archive = mem_strdup(archive, e);
	r->suite = mem_strdup(repository->name, e);
	r->path = mem_printf(e, "%s/%s/APKINDEX.tar.gz", repository->name, s->arch->name);
	if (!r->archive || !r->suite || !r->path ||
		apk_repository_grab(&file, s->o, archive, r->path, e) < 0)
		return -1;
	cleanup_free char *name = mem_printf(e, "archive '%s': %s", archive, r->path);
	if (!name ||
		apk_signed_index(&text, buf_str(&file), file.len, &s->keys[repository->archive],
			name, e) < 0 ||
		apk_index_add(&s->index, buf_str(&text), text.len, which, name, e) < 0 ||
		sha256_buffer_hex(buf_str(&file), file.len, hex, e) < 0 ||
		cache_put(s->o->cache, buf_str(&file), file.len, hex, e) < 0)
		return -1;
	r->sha256 = mem_strdup(hex, e);
	r->date_s = newest(&s->index, from);
	if (r->date_s > s->lock->epoch_s)
		s->lock->epoch_s = r->date_s;
	return r->sha256 ? 0 : -1;
}

/* What is in the cache of a package that an earlier lock has, if anything. */
static void read_cached(struct buf *out, const struct state *s, const struct lock_package *p)
{
	for (size_t i = 0; s->before && i < s->before->n_packages; i++) {
		const struct lock_package *old = &s->before->packages[i];

		if (strcmp(old->path, p->path) != 0 || strcmp(old->archive, p->archive) != 0)
			continue;
		cleanup_free char *path = cache_path(s->o->cache, old->sha256, NULL);
		if (path && cache_has(path, p->size_bytes))
			io_read_file(path, MAX_PACKAGE, out, NULL);
		return;
	}
}

static int bring(
	struct buf *out, const struct state *s, const struct lock_package *p, struct err *e)
{
	const struct mirror *m = mirrors_get(s->o->mirrors, p->archive);
	bool gone;

	out->len = 0;
	if (grab_file(out, s->o->mirrors, m, p->path, MAX_PACKAGE, s->o->timeout_s, &gone, e) < 0)
		return -1;
	if (gone)
		return err_set(e, ERR_NETWORK,
			"the archive '%s' lists %s %s, but has no %s; it may be in the middle of "
			"an update: try again later, or another mirror with --mirror",
			p->archive, p->name, p->version, p->path);
	return 0;
}

/* Find the package's SHA-256 on its bytes, and keep these. */
static int settle(
	struct state *s, const struct apk_package *package, struct lock_package *p, struct err *e)
{
	const struct apk_keys *keys = &s->keys[s->repositories[package->repository].archive];
	cleanup_buf struct buf file = {0};
	char hex[SHA256_HEX_SIZE];

	read_cached(&file, s, p);
	if (file.len == 0 ||
		apk_signed_package(file.data, file.len, package, keys, p->path, NULL) < 0) {
		if (bring(&file, s, p, e) < 0 ||
			apk_signed_package(buf_str(&file), file.len, package, keys, p->path, e) < 0)
			return -1;
	}
	if (sha256_buffer_hex(file.data, file.len, hex, e) < 0 ||
		cache_put(s->o->cache, file.data, file.len, hex, e) < 0)
		return -1;
	p->sha256 = mem_strdup(hex, e);
	return p->sha256 ? 0 : -1;
}

static int add_package(struct state *s, const struct apk_package *package, struct err *e)
{
	const struct repository *repository = &s->repositories[package->repository];
	struct lock_package *p = &s->lock->packages[s->lock->n_packages++];

	p->name = mem_strdup(package->name, e);
	p->version = mem_strdup(package->version, e);
	p->arch = mem_strdup(package->arch, e);
	p->archive = mem_strdup(s->recipe->archives[repository->archive].name, e);
	p->source = mem_strdup(package->origin, e);
	p->path = mem_printf(e, "%s/%s/%s-%s.apk", repository->name, package->arch, package->name,
		package->version);
	p->size_bytes = package->size_bytes;
	if (!p->name || !p->version || !p->arch || !p->archive || !p->source || !p->path)
		return -1;
	if (settle(s, package, p, e) < 0)
		return -1;
	s->done_bytes += p->size_bytes;
	progress_update(s->o->progress, s->done_bytes);
	return 0;
}

static int choose(struct state *s, const struct strv *options, struct err *e)
{
	cleanup_strv struct strv wanted = {0};
	cleanup_free size_t *chosen = NULL;
	size_t n;

	if (recipe_packages(&wanted, s->recipe, s->arch, options, e) < 0)
		return -1;
	if (apk_solve(&chosen, &n, &s->index, &wanted, e) < 0)
		return err_prefix(e, "%s: for %s", s->recipe->path, s->arch->name);
	s->lock->packages = mem_array(n + 1, sizeof(*s->lock->packages), e);
	for (size_t i = 0; s->lock->packages && i < n; i++) {
		if (add_package(s, &s->index.packages[chosen[i]], e) < 0)
			return -1;
	}
	return s->lock->packages ? 0 : -1;
}

static void release(struct state *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->repositories[i].name);
	free(s->repositories);
	for (size_t i = 0; s->keys && i < s->recipe->n_archives; i++)
		apk_keys_release(&s->keys[i]);
	free(s->keys);
	apk_index_release(&s->index);
	lock_free(s->lock);
}

int apk_resolve_lock(struct lock **out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, const char *root, const struct lock *before,
	const struct fetch_options *o, struct err *e)
{
	struct state s = {.recipe = r, .arch = arch, .o = o, .before = before};
	int rc = lock_parts_new(&s.lock, r, arch, options, e);

	*out = NULL;
	if (rc == 0)
		rc = list_repositories(&s, root, e);
	for (size_t i = 0; rc == 0 && i < s.n; i++)
		rc = read_index(&s, i, e);
	if (rc == 0)
		rc = choose(&s, options, e);
	if (rc == 0 && !(s.lock->solver = mem_strdup("limekiln " KILN_VERSION, e)))
		rc = -1;
	if (rc == 0) {
		lock_parts_sort(s.lock);
		*out = steal_ptr(&s.lock);
	}
	release(&s);
	return rc;
}
