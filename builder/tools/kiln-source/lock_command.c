#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apt_root.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
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
	const struct mirrors *mirrors;
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

static int compare_and_save(
	struct run *run, const struct lock *lock, const char *path, struct err *e)
{
	cleanup_lock struct lock *before = NULL;

	if (load_before(&before, path, e) < 0)
		return -1;
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

static int resolve(
	struct run *run, const struct recipe_arch *arch, struct lock **lock, struct err *e)
{
	cleanup_progress struct progress *progress =
		progress_new(run->opts->common.progress, "resolve", 0);
	MEM_CLEANUP(apt_root) struct apt_root *root = NULL;

	if (apt_root_open(&root, run->cache, run->recipe, recipe_deb_arch(arch->name), run->mirrors,
		    run->opts->keyring, e) < 0 ||
		apt_root_update(root, e) < 0 ||
		resolve_lock(lock, run->recipe, arch, &run->opts->with, root, run->mirrors, e) < 0)
		return -1;
	progress_finish(progress);
	return 0;
}

static int lock_arch(struct run *run, const char *name, struct err *e)
{
	const struct recipe_arch *arch = recipe_find_arch(run->recipe, name, e);
	cleanup_lock struct lock *lock = NULL;

	if (!arch)
		return -1;
	cleanup_free char *path =
		recipe_lock_path(run->opts->root, run->recipe, arch, &run->opts->with, e);
	if (!path || resolve(run, arch, &lock, e) < 0)
		return -1;
	return compare_and_save(run, lock, path, e);
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

/* apt tells where it took a package from by the mirror's address only. */
static int check_distinct(const struct mirrors *m, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(m->items[i].base, m->items[j].base) == 0)
				return err_set(e, ERR_USAGE,
					"archives '%s' and '%s' have the same mirror %s, so a lock "
					"could not tell them apart; name another with --mirror",
					m->items[j].archive, m->items[i].archive, m->items[i].base);
		}
	}
	return 0;
}

int source_lock(void *opts, char **operands, size_t n, struct err *e)
{
	const struct source_options *o = opts;
	cleanup_recipe struct recipe *recipe = NULL;
	cleanup_mirrors struct mirrors mirrors = {0};
	cleanup_free char *cache = cache_base(e);

	(void)n;
	if (!cache || recipe_load(&recipe, o->root, operands[0], e) < 0)
		return -1;
	if (access(o->keyring, R_OK) < 0)
		return err_set_errno(e, ERR_IO,
			"keyring %s (install debian-archive-keyring, or name one with --keyring)",
			o->keyring);
	cleanup_free char *keyring = realpath(o->keyring, NULL);
	if (!keyring)
		return err_set_errno(e, ERR_IO, "keyring %s", o->keyring);
	struct source_options absolute = *o;
	absolute.keyring = keyring;
	struct run run = {&absolute, recipe, &mirrors, cache, false};
	if (mirrors_find(&mirrors, recipe->archives, recipe->n_archives, &o->mirrors, e) < 0 ||
		check_distinct(&mirrors, e) < 0 || lock_all(&run, e) < 0)
		return -1;
	if (run.would_change && o->check)
		return err_set(e, ERR_CHECK, "the lock of %s is not what the archives give now",
			recipe->variant);
	return 0;
}
