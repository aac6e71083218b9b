#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apk_repo.h"
#include "base/cachedir.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base_image.h"
#include "cache.h"
#include "deb/release.h"
#include "deb_check.h"
#include "digest/sha256.h"
#include "link_file.h"
#include "options.h"
#include "recipe/recipe.h"
#include "repo_dir.h"

/* One package: checked by a worker, linked by the owner. */
struct job {
	const struct lock_package *package;
	char *path; /* in the cache */
	bool is_apk;
	struct buf stanza; /* of a Debian package */
};

struct repo {
	const struct source_options *opts;
	const struct lock *lock;
	bool is_apk;
	struct repo_dir *dir;
	struct progress *progress;
	struct job *jobs;
	struct buf packages; /* the Packages file */
	uint64_t done_bytes;
};

static int work(void *state, void *arg, struct err *e)
{
	struct job *job = arg;
	struct err why = {0};

	(void)state;
	if (job->is_apk ? deb_check_file(job->path, job->package, &why) == 0
			: deb_check_stanza(job->path, job->package, &job->stanza, &why) == 0)
		return 0;
	return err_set(e, why.kind, "%s; %s", why.msg,
		why.errnum == ENOENT ? "bring it with `kiln-source fetch`"
				     : "`kiln-source verify --repair` moves wrong files aside");
}

static int place_file(const struct repo *r, const struct job *job, struct err *e)
{
	if (job->is_apk)
		return repo_dir_place(r->dir, job->path, job->package->path, e);
	cleanup_free char *file = deb_file_name(job->package, e);
	cleanup_free char *name = file ? mem_printf(e, "pool/%s", file) : NULL;
	return name ? repo_dir_place(r->dir, job->path, name, e) : -1;
}

/* Give the file at from the name to as well, in place of what has that name. */
static int link_over(const char *from, const char *to, struct err *e)
{
	cleanup_free char *temp = mem_printf(e, "%s.kiln-tmp", to);

	if (!temp)
		return -1;
	unlink(temp);
	if (link_or_copy(from, temp, e) < 0)
		return -1;
	int rc = rename(temp, to) < 0 ? err_set_errno(e, ERR_IO, "%s: rename", to) : 0;
	/* It stays when both names were this file's already. */
	unlink(temp);
	return rc;
}

static int place_base(
	const struct source_options *o, const struct lock *l, const char *cache, struct err *e)
{
	if (!o->base)
		return 0;
	if (!l->base)
		return err_set(e, ERR_USAGE, "--base: %s has no base image", o->lock);
	const struct lock_package base = base_image_package(l->base);
	cleanup_free char *path = cache_path(cache, base.sha256, e);
	struct err why = {0};

	if (!path)
		return -1;
	if (deb_check_file(path, &base, &why) < 0)
		return err_set(e, why.kind, "%s; bring it with `kiln-source fetch`", why.msg);
	return link_over(path, o->base, e);
}

static int take_job(struct repo *r, struct pool *pool, struct err *e)
{
	void *done;

	if (pool_take(pool, &done, e) < 0)
		return -1;
	struct job *job = done;
	if (place_file(r, job, e) < 0 ||
		buf_append(&r->packages, job->stanza.data, job->stanza.len, e) < 0)
		return -1;
	buf_release(&job->stanza);
	r->done_bytes += job->package->size_bytes;
	progress_update(r->progress, r->done_bytes);
	return 0;
}

static int run_jobs(struct repo *r, struct err *e)
{
	static const struct pool_ops ops = {.work = work};
	cleanup_pool struct pool *pool = NULL;
	size_t next = 0;

	if (pool_new(&pool, (unsigned)r->opts->threads, &ops, NULL, e) < 0)
		return -1;
	while (next < r->lock->n_packages || pool_in_flight(pool) > 0) {
		if (next < r->lock->n_packages && pool_in_flight(pool) < pool_capacity(pool))
			pool_submit(pool, &r->jobs[next++]);
		else if (take_job(r, pool, e) < 0)
			return -1;
	}
	return 0;
}

/* The distribution release that the lock's suites belong to: "trixie" of "trixie-updates". */
static void codename(const struct lock *l, char *out, size_t size)
{
	const char *suite = l->n_releases > 0 ? l->releases[0].suite : "none";
	size_t len = strcspn(suite, "-");

	if (len >= size)
		len = size - 1;
	memcpy(out, suite, len);
	out[len] = 0;
}

/* Packages, and the deb822 Release file of a flat repository: no signature, it never leaves this
 * machine. */
static int write_index(const struct repo *r, struct err *e)
{
	char hex[SHA256_HEX_SIZE];
	char date[RELEASE_DATE_SIZE];
	char suite[128];
	cleanup_buf struct buf text = {0};

	release_format_date(r->lock->epoch_s, date);
	codename(r->lock, suite, sizeof(suite));
	if (sha256_buffer_hex(buf_str(&r->packages), r->packages.len, hex, e) < 0 ||
		buf_printf(&text, e,
			REPO_DIR_MARK "Label: limekiln\nSuite: %s\nCodename: %s\nDate: %s\n"
				      "Architectures: %s\nSHA256:\n %s %zu Packages\n",
			suite, suite, date, recipe_deb_arch(r->lock->arch), hex,
			r->packages.len) < 0)
		return -1;
	if (repo_dir_write(r->dir, "Packages", buf_str(&r->packages), r->packages.len, e) < 0)
		return -1;
	return repo_dir_write(r->dir, "Release", buf_str(&text), text.len, e);
}

static int make_jobs(struct repo *r, const char *cache, struct err *e)
{
	r->jobs = mem_array(r->lock->n_packages + 1, sizeof(*r->jobs), e);
	if (!r->jobs)
		return -1;
	for (size_t i = 0; i < r->lock->n_packages; i++) {
		r->jobs[i].package = &r->lock->packages[i];
		r->jobs[i].is_apk = r->is_apk;
		r->jobs[i].path = cache_path(cache, r->lock->packages[i].sha256, e);
		if (!r->jobs[i].path)
			return -1;
	}
	return 0;
}

static int make_repo(struct repo *r, const char *cache, struct err *e)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->lock->n_packages; i++)
		total += r->lock->packages[i].size_bytes;
	r->progress = progress_new(r->opts->common.progress, "repo", total);
	if (repo_dir_open(&r->dir, r->opts->output, e) < 0 || make_jobs(r, cache, e) < 0 ||
		run_jobs(r, e) < 0)
		return -1;
	if (r->is_apk ? apk_repo_finish(r->dir, r->lock, cache, r->opts->root, e) < 0
		      : write_index(r, e) < 0)
		return -1;
	if (repo_dir_commit(r->dir, e) < 0)
		return -1;
	progress_finish(r->progress);
	return 0;
}

static void repo_release(struct repo *r)
{
	for (size_t i = 0; r->jobs && i < r->lock->n_packages; i++) {
		free(r->jobs[i].path);
		buf_release(&r->jobs[i].stanza);
	}
	free(r->jobs);
	buf_release(&r->packages);
	repo_dir_free(r->dir);
	progress_free(r->progress);
}

int source_repo(void *opts, char **operands, size_t n, struct err *e)
{
	const struct source_options *o = opts;
	cleanup_lock struct lock *lock = NULL;
	cleanup_free char *cache = NULL;

	(void)operands;
	(void)n;
	if (!o->lock || !o->output)
		return err_set(e, ERR_USAGE, "--lock FILE and --output DIR are needed");
	if (lock_load(&lock, o->lock, e) < 0 || !(cache = cachedir_base(e)))
		return -1;
	struct repo r = {.opts = o, .lock = lock, .is_apk = strcmp(lock->family, "apk") == 0};
	int rc = place_base(o, lock, cache, e);
	if (rc == 0)
		rc = make_repo(&r, cache, e);
	repo_release(&r);
	return rc;
}
