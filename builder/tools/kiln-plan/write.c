#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "documents.h"
#include "edge.h"
#include "options.h"
#include "stages.h"

/* A root file system of another architecture is configured by running its programs. Whether what is
 * done to a base image runs any, kiln-guest knows. */
static int check_arch(const char *arch, struct err *e)
{
	cleanup_free char *handler = mem_printf(e, "/proc/sys/fs/binfmt_misc/qemu-%s", arch);

	if (!handler)
		return -1;
	if (strcmp(arch, recipe_host_arch()) == 0 || access(handler, F_OK) == 0)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		"this machine (%s) cannot run programs for %s; install qemu-user-static, which "
		"registers them with binfmt_misc (%s), or build on such a machine",
		recipe_host_arch(), arch, handler);
}

/* Folders are made now, so that a read-only place is noticed before anything is built. */
static int check_writable(const struct image *im, struct err *e)
{
	const char *folders[] = {im->work_dir, im->image_dir};

	for (size_t i = 0; i < 2; i++) {
		if (io_mkdirs(folders[i], e) < 0)
			return -1;
		if (access(folders[i], W_OK | X_OK) < 0)
			return err_set_errno(e, ERR_IO, "%s: cannot write here", folders[i]);
	}
	return 0;
}

struct graph {
	struct buf text;
	struct strv last;
	struct strv packages;
};

static int add_image(struct graph *g, struct image *im, const struct plan_paths *paths,
	const struct versions *versions, struct err *e)
{
	struct stages s = {.paths = paths, .image = im, .versions = versions, .ninja = &g->text};
	int rc = -1;

	if ((!im->arch->base && check_arch(im->arch->name, e) < 0) || check_writable(im, e) < 0 ||
		image_load_lock(im, e) < 0)
		return -1;
	if (stages_open(&s, e) == 0 && stages_put_edges(&s, &g->last, &g->packages, e) == 0)
		rc = stages_write_documents(&s, e);
	stages_release(&s);
	return rc;
}

static int write_graph(struct graph *g, struct image *images, size_t n,
	const struct plan_paths *paths, const struct versions *versions, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/build.ninja", paths->out);

	if (!path || ninja_put_head(&g->text, paths->out, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (add_image(g, &images[i], paths, versions, e) < 0)
			return -1;
	}
	if (ninja_put_phony(&g->text, "packages", &g->packages, e) < 0 ||
		ninja_put_phony(&g->text, "images", &g->last, e) < 0 ||
		buf_puts(&g->text, "\ndefault images\n", e) < 0)
		return -1;
	return outfile_write_if_changed(path, 0644, buf_str(&g->text), g->text.len, NULL, e);
}

static int open_images(struct image **images, size_t *n, const struct options *o,
	const struct plan_paths *paths, char **variants, size_t n_variants, struct err *e)
{
	if (o->base && n_variants != 1)
		return err_set(e, ERR_USAGE, "--base: name one variant, whose base it stands for");
	if (images_open(images, n, paths, variants, n_variants, o->arch, &o->with, e) < 0)
		return -1;
	for (size_t i = 0; o->pack && i < *n; i++)
		(*images)[i].pack = strcmp(o->pack, "none") == 0 ? NULL : o->pack;
	if (!o->base || image_override_base(&(*images)[0], o->base, e) == 0)
		return 0;
	images_free(*images, *n);
	return -1;
}

int command_write(void *opts, char **variants, size_t n_variants, struct err *e)
{
	const struct options *o = opts;
	struct plan_paths paths = options_paths(o);
	struct versions versions = {0};
	struct graph g = {0};
	struct image *images;
	size_t n;
	int rc = -1;

	if (open_images(&images, &n, o, &paths, variants, n_variants, e) < 0)
		return -1;
	if (versions_load(&versions, o->versions, e) == 0)
		rc = write_graph(&g, images, n, &paths, &versions, e);
	images_free(images, n);
	versions_release(&versions);
	buf_release(&g.text);
	strv_release(&g.last);
	strv_release(&g.packages);
	return rc;
}

/* The lock's state, or NULL with *e when it cannot be read at all. */
static const char *lock_state(struct image *im, struct err *e)
{
	if (access(im->lock_path, F_OK) < 0)
		return "missing";
	if (image_load_lock(im, e) == 0)
		return "ok";
	return e->kind == ERR_INTEGRITY ? "stale" : NULL;
}

int command_locks(void *opts, char **variants, size_t n_variants, struct err *e)
{
	const struct options *o = opts;
	struct plan_paths paths = options_paths(o);
	struct image *images;
	size_t n;
	int rc = 0;

	if (open_images(&images, &n, o, &paths, variants, n_variants, e) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const char *state = lock_state(&images[i], e);

		if (state)
			printf("%s\t%s\t%s\n", images[i].recipe->variant, images[i].lock_path,
				state);
		rc = state ? 0 : -1;
	}
	images_free(images, n);
	return rc;
}
