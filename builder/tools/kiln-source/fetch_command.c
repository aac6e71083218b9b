#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/progress.h"
#include "cache.h"
#include "digest/sha256.h"
#include "fetch.h"
#include "mirror.h"
#include "options.h"

struct wanted {
	const struct lock_package **items;
	size_t n;
	uint64_t bytes;
};

static int compare_digests(const void *a, const void *b)
{
	const struct lock_package *x = *(const struct lock_package *const *)a;
	const struct lock_package *y = *(const struct lock_package *const *)b;

	return strcmp(x->sha256, y->sha256);
}

/* The packages whose files are not in the cache, each file once. */
static int find_wanted(struct wanted *out, const struct lock *l, const char *cache, struct err *e)
{
	cleanup_free const struct lock_package **all =
		mem_array(l->n_packages + 1, sizeof(*all), e);

	out->items = mem_array(l->n_packages + 1, sizeof(*out->items), e);
	if (!all || !out->items)
		return -1;
	for (size_t i = 0; i < l->n_packages; i++)
		all[i] = &l->packages[i];
	qsort(all, l->n_packages, sizeof(*all), compare_digests);
	for (size_t i = 0; i < l->n_packages; i++) {
		cleanup_free char *path = cache_path(cache, all[i]->sha256, e);

		if (!path)
			return -1;
		if ((i > 0 && strcmp(all[i - 1]->sha256, all[i]->sha256) == 0) ||
			cache_has(path, all[i]->size_bytes))
			continue;
		out->items[out->n++] = all[i];
		out->bytes += all[i]->size_bytes;
	}
	return 0;
}

static void archives_free(struct recipe_archive *archives)
{
	for (struct recipe_archive *a = archives; a && a->name; a++)
		strv_release(&a->suites);
	free(archives);
}
MEM_DEFINE_CLEANUP(archives, struct recipe_archive *, archives_free)

/* The lock's archives with their suites; the last one has no name. Names are the lock's. */
static struct recipe_archive *list_archives(const struct lock *l, size_t *n, struct err *e)
{
	MEM_CLEANUP(archives)
	struct recipe_archive *list = mem_array(l->n_releases + 1, sizeof(*list), e);

	*n = 0;
	for (size_t i = 0; list && i < l->n_releases; i++) {
		const struct lock_release *r = &l->releases[i];

		if (i == 0 || strcmp(r[-1].archive, r->archive) != 0)
			list[(*n)++].name = r->archive;
		if (strv_add(&list[*n - 1].suites, r->suite, e) < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

/* A line for each: name, version, architecture, archive and path, separated by tabs. */
static int write_stale_list(const char *path, const struct fetch_stale *stale, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (!path)
		return 0;
	for (size_t i = 0; i < stale->n; i++) {
		const struct lock_package *p = stale->items[i];

		if (buf_printf(&text, e, "%s\t%s\t%s\t%s\t%s\n", p->name, p->version, p->arch,
			    p->archive, p->path) < 0)
			return -1;
	}
	return outfile_write(path, 0644, buf_str(&text), text.len, e);
}

static int report_stale(const struct source_options *o, const struct lock *l,
	const struct fetch_stale *stale, struct err *e)
{
	if (write_stale_list(o->stale_list, stale, e) < 0)
		return -1;
	for (size_t i = 0; i < stale->n; i++)
		log_warn("%s: the archive no longer has %s %s (%s)", o->lock, stale->items[i]->name,
			stale->items[i]->version, stale->items[i]->path);
	if (stale->n == 0)
		return 0;
	return err_set(e, ERR_NETWORK,
		"%s: the archive no longer has %zu of its %zu packages; make a new lock with `just "
		"lock %s`, or build without --locked",
		o->lock, stale->n, l->n_packages, l->variant);
}

static int fetch_wanted(const struct source_options *o, const struct lock *l, const char *cache,
	const struct wanted *wanted, struct err *e)
{
	size_t n;
	MEM_CLEANUP(archives) struct recipe_archive *archives = list_archives(l, &n, e);
	cleanup_free const struct lock_package **room = mem_array(wanted->n + 1, sizeof(*room), e);
	cleanup_mirrors struct mirrors mirrors = {0};
	struct fetch_stale stale = {.items = room};

	if (!archives || !room || mirrors_find(&mirrors, archives, n, &o->mirrors, e) < 0)
		return -1;
	cleanup_progress struct progress *progress =
		progress_new(o->common.progress, "fetch", wanted->bytes);
	struct fetch_options options = {.cache = cache,
		.mirrors = &mirrors,
		.jobs = (unsigned)o->jobs,
		.timeout_s = (unsigned)o->timeout_s,
		.progress = progress};
	if (fetch_packages(wanted->items, wanted->n, &options, &stale, e) < 0)
		return -1;
	if (stale.n == 0)
		progress_finish(progress);
	return report_stale(o, l, &stale, e);
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

int source_fetch(void *opts, char **operands, size_t n, struct err *e)
{
	const struct source_options *o = opts;
	cleanup_lock struct lock *lock = NULL;
	cleanup_free char *cache = NULL;
	struct wanted wanted = {0};

	(void)operands;
	(void)n;
	if (check_options(o, e) < 0 || lock_load(&lock, o->lock, e) < 0 || !(cache = cache_base(e)))
		return -1;
	int rc = find_wanted(&wanted, lock, cache, e);
	if (rc == 0 && wanted.n > 0)
		rc = fetch_wanted(o, lock, cache, &wanted, e);
	free(wanted.items);
	if (rc < 0)
		return -1;
	log_note("%zu files are in the cache, %zu of them new (%" PRIu64 " bytes)",
		lock->n_packages, wanted.n, wanted.bytes);
	return write_stamp(o, e);
}
