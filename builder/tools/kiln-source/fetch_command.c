#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apk_fetch.h"
#include "base/cachedir.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/progress.h"
#include "base_image.h"
#include "cache.h"
#include "digest/sha256.h"
#include "fetch.h"
#include "mirror.h"
#include "options.h"
#include "recipe/recipe.h"

struct wanted {
	struct source_file *items;
	size_t n;
	uint64_t bytes;
	struct apk_indices indices;
};

struct stale {
	struct fetch_stale files;
	struct apk_indices indices;
};

static int compare_digests(const void *a, const void *b)
{
	const struct source_file *x = a;
	const struct source_file *y = b;

	return strcmp(x->digest, y->digest);
}

/* Every file of the lock, or all but the base image. */
static struct source_file *list_files(
	const struct lock *l, bool with_base, size_t *n, struct err *e)
{
	struct source_file *all = mem_array(l->n_packages + 1, sizeof(*all), e);

	*n = 0;
	if (!all)
		return NULL;
	if (l->base && with_base)
		all[(*n)++] = (struct source_file){l->base->archive, l->base->path, l->base->sha256,
			HASH_SHA256, l->base->size_bytes, "the lock", NULL};
	for (size_t i = 0; i < l->n_packages; i++) {
		const struct lock_package *p = &l->packages[i];

		all[(*n)++] = (struct source_file){
			p->archive, p->path, p->sha256, HASH_SHA256, p->size_bytes, "the lock", p};
	}
	return all;
}

/* Those of the lock's files that are not in the cache, each file once. */
static int find_wanted(
	struct wanted *out, const struct lock *l, bool with_base, const char *cache, struct err *e)
{
	const char *last = "";
	size_t n;

	out->items = list_files(l, with_base, &n, e);
	if (!out->items)
		return -1;
	qsort(out->items, n, sizeof(*out->items), compare_digests);
	for (size_t i = 0; i < n; i++) {
		const struct source_file file = out->items[i];
		cleanup_free char *path = cache_path(cache, file.digest, e);
		bool again = strcmp(last, file.digest) == 0;

		if (!path)
			return -1;
		last = file.digest;
		if (again || cache_has(path, file.size_bytes))
			continue;
		out->items[out->n++] = file;
		out->bytes += file.size_bytes;
	}
	return apk_fetch_find(&out->indices, l, cache, e);
}

static void archives_free(struct recipe_archive *archives)
{
	for (struct recipe_archive *a = archives; a && a->name; a++) {
		strv_release(&a->suites);
		strv_release(&a->urls);
	}
	free(archives);
}
MEM_DEFINE_CLEANUP(archives, struct recipe_archive *, archives_free)

/* The lock's archives with their suites; the last one has no name. Names are the lock's. */
static struct recipe_archive *list_archives(const struct lock *l, size_t *n, struct err *e)
{
	MEM_CLEANUP(archives)
	struct recipe_archive *list = mem_array(l->n_releases + 2, sizeof(*list), e);
	bool has_base_archive = !l->base;

	*n = 0;
	for (size_t i = 0; list && i < l->n_releases; i++) {
		const struct lock_release *r = &l->releases[i];

		if (i == 0 || strcmp(r[-1].archive, r->archive) != 0)
			list[(*n)++].name = r->archive;
		if (strv_add(&list[*n - 1].suites, r->suite, e) < 0)
			return NULL;
		has_base_archive = has_base_archive || strcmp(r->archive, l->base->archive) == 0;
	}
	if (list && !has_base_archive)
		list[(*n)++].name = l->base->archive;
	return steal_ptr(&list);
}

static int copy_urls(struct strv *to, const struct strv *from, struct err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		if (strv_add(to, from->items[i], e) < 0)
			return -1;
	}
	return 0;
}

/* The archives' own servers, which the lock does not name: from the recipe, where it is there. */
static int add_servers(struct recipe_archive *list, size_t n, const struct lock *l,
	const char *root, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/recipes/%s/recipe.yaml", root, l->variant);
	cleanup_recipe struct recipe *r = NULL;

	if (!path || (access(path, F_OK) == 0 && recipe_load(&r, root, l->variant, e) < 0))
		return -1;
	for (size_t i = 0; r && i < r->n_archives; i++) {
		const struct recipe_archive *own = &r->archives[i];

		for (size_t j = 0; j < n; j++) {
			if (strcmp(list[j].name, own->name) == 0 &&
				copy_urls(&list[j].urls, &own->urls, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* A line for each: name, version, architecture, archive and path, separated by tabs. */
static int write_stale_list(const char *path, const struct stale *stale, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (!path)
		return 0;
	for (size_t i = 0; i < stale->indices.n; i++) {
		const struct lock_release *r = stale->indices.items[i];

		if (buf_printf(&text, e, "index\t-\t-\t%s\t%s\n", r->archive, r->path) < 0)
			return -1;
	}
	for (size_t i = 0; i < stale->files.n; i++) {
		const struct source_file *f = stale->files.items[i];
		const struct lock_package *p = f->package;

		if (buf_printf(&text, e, "%s\t%s\t%s\t%s\t%s\n", p ? p->name : "base-image",
			    p ? p->version : "-", p ? p->arch : "-", f->archive, f->path) < 0)
			return -1;
	}
	return outfile_write(path, 0644, buf_str(&text), text.len, e);
}

/* The base image cannot be locked anew: its digest stands in the recipe. */
static int report_stale_base(const struct lock *l, const struct fetch_stale *stale,
	const struct fetch_options *options, struct err *e)
{
	for (size_t i = 0; i < stale->n; i++) {
		if (!stale->items[i]->package)
			return base_image_gone(l->variant, stale->items[i], options, e);
	}
	return 0;
}

static int report_stale(const struct source_options *o, const struct lock *l,
	const struct stale *stale, const struct fetch_options *options, struct err *e)
{
	const struct fetch_stale *files = &stale->files;
	size_t packages = 0;

	if (write_stale_list(o->stale_list, stale, e) < 0)
		return -1;
	for (size_t i = 0; i < files->n; i++) {
		const struct lock_package *p = files->items[i]->package;

		if (p)
			log_warn("%s: the archive no longer has %s %s (%s)", o->lock, p->name,
				p->version, p->path);
		packages += !!p;
	}
	apk_fetch_say_newer(l, files, options);
	if (report_stale_base(l, files, options, e) < 0)
		return -1;
	if (packages > 0)
		return err_set(e, ERR_NETWORK,
			"%s: the archive no longer has %zu of its %zu packages; make a new lock "
			"with `just lock %s`, or build without --locked",
			o->lock, packages, l->n_packages, l->variant);
	if (stale->indices.n > 0)
		return err_set(e, ERR_NETWORK,
			"%s: the archive has replaced the index %s; make a new lock with `just "
			"lock %s`, or build without --locked",
			o->lock, stale->indices.items[0]->path, l->variant);
	return 0;
}

static int fetch_wanted(const struct source_options *o, const struct lock *l, const char *cache,
	const struct wanted *wanted, struct err *e)
{
	size_t n;
	MEM_CLEANUP(archives) struct recipe_archive *archives = list_archives(l, &n, e);
	cleanup_free const struct source_file **room = mem_array(wanted->n + 1, sizeof(*room), e);
	cleanup_free const struct lock_release **indices =
		mem_array(wanted->indices.n + 1, sizeof(*indices), e);
	cleanup_mirrors struct mirrors mirrors = {0};
	struct stale stale = {.files.items = room, .indices.items = indices};

	if (!archives || !room || !indices || add_servers(archives, n, l, o->root, e) < 0 ||
		mirrors_find(&mirrors, archives, n, l->arch, &o->mirrors, e) < 0)
		return -1;
	cleanup_progress struct progress *progress =
		progress_new(o->common.progress, "fetch", wanted->bytes);
	struct fetch_options options = {.cache = cache,
		.mirrors = &mirrors,
		.jobs = (unsigned)o->jobs,
		.timeout_s = (unsigned)o->timeout_s,
		.progress = progress};
	if (fetch_files(wanted->items, wanted->n, &options, &stale.files, e) < 0 ||
		apk_fetch_indices(&wanted->indices, l, o->root, &options, &stale.indices, e) < 0)
		return -1;
	if (stale.files.n == 0 && stale.indices.n == 0)
		progress_finish(progress);
	return report_stale(o, l, &stale, &options, e);
}

/* The stamp holds the lock's digest: equal locks, equal stamps. */
static int write_stamp(const struct source_options *o, struct err *e)
{
	char line[SHA256_HEX_SIZE + 1];

	if (!o->stamp)
		return 0;
	if (sha256_file_hex(o->lock, line, NULL, e) < 0)
		return -1;
	line[SHA256_HEX_SIZE - 1] = '\n';
	return outfile_write_if_changed(o->stamp, 0644, line, SHA256_HEX_SIZE, NULL, e);
}

static int check_options(const struct source_options *o, struct err *e)
{
	if (!o->lock)
		return err_set(e, ERR_USAGE, "--lock FILE is needed");
	if (o->jobs < 1 || o->jobs > 64)
		return err_set(e, ERR_USAGE, "--jobs must be from 1 to 64");
	if (o->timeout_s < 1 || o->timeout_s > 3600)
		return err_set(e, ERR_USAGE, "--timeout must be from 1 to 3600 seconds");
	if (o->stale_list && unlink(o->stale_list) < 0 && errno != ENOENT)
		return err_set_errno(e, ERR_IO, "%s", o->stale_list);
	return 0;
}

static size_t count_files(const struct lock *l, bool with_base)
{
	size_t indices = strcmp(l->family, "apk") == 0 ? l->n_releases : 0;

	return l->n_packages + indices + (l->base && with_base);
}

int source_fetch(void *opts, char **operands, size_t n, struct err *e)
{
	const struct source_options *o = opts;
	cleanup_lock struct lock *lock = NULL;
	cleanup_free char *cache = NULL;
	struct wanted wanted = {0};

	(void)operands;
	(void)n;
	if (check_options(o, e) < 0 || lock_load(&lock, o->lock, e) < 0 ||
		!(cache = cachedir_base(e)))
		return -1;
	int rc = find_wanted(&wanted, lock, !o->without_base, cache, e);
	if (rc == 0 && (wanted.n > 0 || wanted.indices.n > 0))
		rc = fetch_wanted(o, lock, cache, &wanted, e);
	free(wanted.items);
	free(wanted.indices.items);
	if (rc < 0)
		return -1;
	log_note("%zu files are in the cache, %zu of them new (%" PRIu64 " bytes)",
		count_files(lock, !o->without_base), wanted.n + wanted.indices.n, wanted.bytes);
	return write_stamp(o, e);
}
