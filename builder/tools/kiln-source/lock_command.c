#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apk_resolve.h"
#include "apt_root.h"
#include "base/cachedir.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base_image.h"
#include "cache.h"
#include "lock_diff.h"
#include "mirror.h"
#include "options.h"
#include "recipe/recipe.h"
#include "resolve.h"

/* What all architectures of one run share. */
struct run {
	const struct source_options *opts;
	const struct recipe *recipe;
	struct mirrors mirrors; /* for the architecture in work */
	const char *cache;
	bool would_change;
};

/* A lock that cannot be read is made anew, not mended; the message tells what was wrong. */
static int load_before(struct lock **before, const char *path, struct err *e)
{
	struct err why = {0};

	*before = NULL;
	if (access(path, F_OK) < 0 || lock_load(before, path, &why) == 0)
		return 0;
	if (why.kind != ERR_FORMAT)
		return err_set(e, why.kind, "%s", why.msg);
	log_warn("%s; it is made anew", why.msg);
	return 0;
}

static int compare_and_save(struct run *run, const struct lock *before, const struct lock *lock,
	const char *path, struct err *e)
{
	if (before && lock_same_inputs(before, lock)) {
		log_note("%s: nothing new", path);
		return 0;
	}
	lock_print_diff(before, lock, stdout);
	run->would_change = true;
	if (run->opts->check) {
		log_note("%s: would change", path);
		return 0;
	}
	if (lock_save(lock, path, e) < 0)
		return -1;
	log_note("%s: written", path);
	return 0;
}

static int resolve_deb(
	struct run *run, const struct recipe_arch *arch, struct lock **lock, struct err *e)
{
	MEM_CLEANUP(apt_root) struct apt_root *root = NULL;

	if (apt_root_open(&root, run->cache, run->recipe, recipe_deb_arch(arch->name),
		    &run->mirrors, run->opts->keyring, e) < 0 ||
		apt_root_update(root, e) < 0 ||
		resolve_lock(lock, run->recipe, arch, &run->opts->with, root, &run->mirrors, e) < 0)
		return -1;
	return 0;
}

static int resolve_apk(struct run *run, const struct recipe_arch *arch, const struct lock *before,
	struct progress *progress, struct lock **lock, struct err *e)
{
	const struct fetch_options options = {.cache = run->cache,
		.mirrors = &run->mirrors,
		.jobs = 1,
		.timeout_s = (unsigned)run->opts->timeout_s,
		.progress = progress};

	return apk_resolve_lock(
		lock, run->recipe, arch, &run->opts->with, run->opts->root, before, &options, e);
}

static int resolve(struct run *run, const struct recipe_arch *arch, const struct lock *before,
	struct lock **lock, struct err *e)
{
	bool apk = strcmp(run->recipe->family, "apk") == 0;
	cleanup_progress struct progress *progress =
		progress_new(run->opts->common.progress, "resolve", 0);

	if (apk ? resolve_apk(run, arch, before, progress, lock, e) < 0
		: resolve_deb(run, arch, lock, e) < 0)
		return -1;
	progress_finish(progress);
	return 0;
}

/* apt tells where it took a package from by the mirror's address only. */
static int check_distinct(const struct mirrors *m, const struct recipe *r, struct err *e)
{
	const struct recipe_archive *archives = r->archives;

	if (strcmp(r->family, "deb") != 0)
		return 0;
	for (size_t i = 0; i < m->n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (archives[i].suites.n > 0 && archives[j].suites.n > 0 &&
				strcmp(m->items[i].base, m->items[j].base) == 0)
				return err_set(e, ERR_USAGE,
					"archives '%s' and '%s' have the same mirror %s, so a lock "
					"could not tell them apart; name another with --mirror",
					m->items[j].archive, m->items[i].archive, m->items[i].base);
		}
	}
	return 0;
}

/* The base comes first: that it is gone should be known before anything else is fetched. */
static int lock_base(struct run *run, const struct recipe_arch *arch, const struct lock *before,
	struct lock_base **base, struct err *e)
{
	if (!arch->base)
		return 0;
	if (run->opts->without_base)
		return base_image_keep(base, arch->base, before, e);
	cleanup_progress struct progress *progress =
		progress_new(run->opts->common.progress, "base image", 0);
	const struct fetch_options options = {.cache = run->cache,
		.mirrors = &run->mirrors,
		.jobs = 1,
		.timeout_s = (unsigned)run->opts->timeout_s,
		.progress = progress};

	return base_image_lock(base, arch->base, run->recipe->variant, before, &options, e);
}

/* Resolve, with the mirrors for arch found. */
static int make_lock(struct run *run, const struct recipe_arch *arch, const struct lock *before,
	struct lock **lock, struct err *e)
{
	const struct recipe *r = run->recipe;
	struct lock_base *base = NULL;

	if (mirrors_find(&run->mirrors, r->archives, r->n_archives, arch->name, &run->opts->mirrors,
		    e) < 0 ||
		check_distinct(&run->mirrors, r, e) < 0 ||
		lock_base(run, arch, before, &base, e) < 0)
		return -1;
	if (resolve(run, arch, before, lock, e) < 0) {
		lock_base_free(base);
		return -1;
	}
	(*lock)->base = base;
	return 0;
}

static int lock_arch(struct run *run, const char *name, struct err *e)
{
	const struct recipe_arch *arch = recipe_find_arch(run->recipe, name, e);
	cleanup_lock struct lock *before = NULL;
	cleanup_lock struct lock *lock = NULL;

	if (!arch)
		return -1;
	cleanup_free char *path =
		recipe_lock_path(run->opts->root, run->recipe, arch, &run->opts->with, e);
	int rc = path ? load_before(&before, path, e) : -1;
	if (rc == 0)
		rc = make_lock(run, arch, before, &lock, e);
	mirrors_release(&run->mirrors);
	return rc < 0 ? -1 : compare_and_save(run, before, lock, path, e);
}

static int lock_all(struct run *run, struct err *e)
{
	const struct strv *arches = &run->opts->arches;

	if (arches->n > 0) {
		for (size_t i = 0; i < arches->n; i++) {
			if (lock_arch(run, arches->items[i], e) < 0)
				return -1;
		}
		return 0;
	}
	for (size_t i = 0; i < run->recipe->n_arches; i++) {
		if (lock_arch(run, run->recipe->arches[i].name, e) < 0)
			return -1;
	}
	return 0;
}

int source_lock(void *opts, char **operands, size_t n, struct err *e)
{
	const struct source_options *o = opts;
	cleanup_recipe struct recipe *recipe = NULL;
	cleanup_free char *cache = cachedir_base(e);

	(void)n;
	if (!cache || recipe_load(&recipe, o->root, operands[0], e) < 0)
		return -1;
	struct run run = {.opts = o, .recipe = recipe, .cache = cache};
	if (lock_all(&run, e) < 0)
		return -1;
	if (run.would_change && o->check)
		return err_set(e, ERR_CHECK, "the lock of %s is not what the archives give now",
			recipe->variant);
	return 0;
}
