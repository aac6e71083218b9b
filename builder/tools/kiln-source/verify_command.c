#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cachedir.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base_image.h"
#include "cache.h"
#include "deb_check.h"
#include "options.h"

struct job {
	const struct lock_package *package;
	char *path;
};

struct totals {
	size_t wrong;
	size_t missing;
	uint64_t done_bytes;
};

static int work(void *state, void *arg, struct err *e)
{
	const struct job *job = arg;

	(void)state;
	return deb_check_file(job->path, job->package, e);
}

static int move_aside(const char *path, struct err *e)
{
	cleanup_free char *aside = mem_printf(e, "%s.wrong", path);

	if (!aside)
		return -1;
	if (rename(path, aside) < 0)
		return err_set_errno(e, ERR_IO, "%s: move aside", path);
	log_note("moved aside: %s", aside);
	return 0;
}

/* A wrong or missing file is told and counted; other errors end it all. */
static int take(const struct job *job, int rc, const struct err *why, bool repair, struct totals *t,
	struct err *e)
{
	if (rc == 0)
		return 0;
	if (why->kind == ERR_INTEGRITY) {
		log_warn("%s", why->msg);
		t->wrong++;
		return repair ? move_aside(job->path, e) : 0;
	}
	if (why->errnum == ENOENT) {
		log_warn("%s %s is not in the cache (%s)", job->package->name,
			job->package->version, job->path);
		t->missing++;
		return 0;
	}
	return err_set(e, why->kind, "%s", why->msg);
}

static int run_jobs(struct job *jobs, size_t n, const struct source_options *o, struct totals *t,
	struct progress *progress, struct err *e)
{
	static const struct pool_ops ops = {.work = work};
	cleanup_pool struct pool *pool = NULL;
	size_t next = 0;

	if (pool_new(&pool, (unsigned)o->threads, &ops, NULL, e) < 0)
		return -1;
	while (next < n || pool_in_flight(pool) > 0) {
		struct err why = {0};
		void *done;

		if (next < n && pool_in_flight(pool) < pool_capacity(pool)) {
			pool_submit(pool, &jobs[next++]);
			continue;
		}
		int rc = pool_take(pool, &done, &why);
		const struct job *job = done;
		if (take(job, rc, &why, o->repair, t, e) < 0)
			return -1;
		t->done_bytes += job->package->size_bytes;
		progress_update(progress, t->done_bytes);
	}
	return 0;
}

static int verdict(const struct source_options *o, size_t n, const struct totals *t, struct err *e)
{
	if (t->wrong > 0)
		return err_set(e, ERR_INTEGRITY,
			o->repair
				? "%zu wrong files were moved aside; `kiln-source fetch --lock "
				  "%s` brings them anew"
				: "%zu files in the cache are wrong; `kiln-source verify --repair "
				  "--lock %s` moves them aside, then fetch brings them anew",
			t->wrong, o->lock);
	if (t->missing > 0)
		return err_set(e, ERR_CHECK,
			"%zu files are not in the cache; `kiln-source fetch --lock %s` brings them",
			t->missing, o->lock);
	log_note("all %zu files of %s are in the cache and right", n, o->lock);
	return 0;
}

static uint64_t total_bytes(const struct lock *l)
{
	uint64_t bytes = l->base ? l->base->size_bytes : 0;

	for (size_t i = 0; i < l->n_packages; i++)
		bytes += l->packages[i].size_bytes;
	return bytes;
}

/* An index of apk's as a file to check like the packages; its size is not known. */
static struct lock_package describe_index(const struct lock_release *r)
{
	static char name[] = "the index of";

	return (struct lock_package){.name = name, .version = r->suite, .sha256 = r->sha256};
}

/* Everything of the lock that is in the cache, to check like packages. The caller frees. */
static struct lock_package *list_files(const struct lock *l, size_t *n, struct err *e)
{
	size_t indices = strcmp(l->family, "apk") == 0 ? l->n_releases : 0;
	struct lock_package *files = mem_array(l->n_packages + indices + 2, sizeof(*files), e);

	*n = 0;
	if (!files)
		return NULL;
	for (size_t i = 0; i < l->n_packages; i++)
		files[(*n)++] = l->packages[i];
	for (size_t i = 0; i < indices; i++)
		files[(*n)++] = describe_index(&l->releases[i]);
	if (l->base)
		files[(*n)++] = base_image_package(l->base);
	return files;
}

static int verify_files(const struct source_options *o, const struct lock_package *files, size_t n,
	const char *cache, struct totals *totals, struct progress *progress, struct err *e)
{
	cleanup_free struct job *jobs = mem_array(n + 1, sizeof(*jobs), e);
	int rc = jobs ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		jobs[i].package = &files[i];
		jobs[i].path = cache_path(cache, files[i].sha256, e);
		rc = jobs[i].path ? 0 : -1;
	}
	if (rc == 0)
		rc = run_jobs(jobs, n, o, totals, progress, e);
	for (size_t i = 0; jobs && i < n; i++)
		free(jobs[i].path);
	return rc;
}

int source_verify(void *opts, char **operands, size_t n, struct err *e)
{
	const struct source_options *o = opts;
	cleanup_lock struct lock *l = NULL;
	cleanup_free char *cache = NULL;
	struct totals totals = {0};

	(void)operands;
	if (!o->lock)
		return err_set(e, ERR_USAGE, "--lock FILE is needed");
	if (lock_load(&l, o->lock, e) < 0 || !(cache = cachedir_base(e)))
		return -1;
	cleanup_free struct lock_package *files = list_files(l, &n, e);
	cleanup_progress struct progress *progress =
		progress_new(o->common.progress, "verify", total_bytes(l));
	if (!files || verify_files(o, files, n, cache, &totals, progress, e) < 0)
		return -1;
	progress_finish(progress);
	return verdict(o, n, &totals, e);
}
