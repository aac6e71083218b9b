/* One image to build: a recipe for one architecture with a set of options, and its lock. */
#ifndef KILN_PLAN_IMAGE_H
#define KILN_PLAN_IMAGE_H

#include "base/err.h"
#include "base/strv.h"
#include "recipe/lock.h"
#include "recipe/recipe.h"

/* Where things are: paths as they are written into commands. */
struct plan_paths {
	const char *root;  /* the repository; "." leaves its name out of paths */
	const char *out;   /* build folder */
	const char *tools; /* folder with <tool>/<tool>; NULL: tools are found on PATH */
};

struct image {
	struct recipe *recipe;
	const struct recipe_arch *arch;
	struct strv options; /* sorted */
	struct lock *lock;   /* NULL until image_load_lock() */
	const char *pack;    /* "xz" or "zst": what the disk is packed as besides; NULL: nothing */
	const char *base_file; /* stands in for the recipe's base image; NULL: the locked one */
	char base_sha256[SHA256_HEX_SIZE]; /* of base_file */
	uint64_t base_size_bytes;
	char *lock_path;
	char *label;     /* name, then "+option" each: what distinguishes images of a recipe */
	char *file_name; /* <label>-<arch>: its folder, and its file without ".qcow2" */
	char *identity;  /* <label>/<arch>: all identifiers derive from it */
	char *work_dir;  /* <out>/work/<variant>[+option...]-<arch> */
	char *image_dir; /* <out>/images/<file_name> */
};

/* Read the recipe of variant and name everything. Errors: those of recipe_load(), an architecture
 * or option that the recipe does not have. */
int image_open(struct image *im, const struct plan_paths *paths, const char *variant,
	const char *arch, const struct strv *options, struct err *e);
void image_release(struct image *im);

/* Take the disk image at path for the recipe's base in this build. ERR_USAGE when the recipe has no
 * base; ERR_IO. path must outlive im. */
int image_override_base(struct image *im, const char *path, struct err *e);

/* Read the lock and hold it against the recipe. Missing, of another recipe or without the base
 * image that is needed: ERR_INTEGRITY with the remedy. */
int image_load_lock(struct image *im, struct err *e);

/* Images for these variants; for none, all whose recipe says `default: true`. The caller frees
 * the array with images_free(). */
int images_open(struct image **images, size_t *n, const struct plan_paths *paths, char **variants,
	size_t n_variants, const char *arch, const struct strv *options, struct err *e);
void images_free(struct image *images, size_t n);

/* root/path, or path alone when root is ".". The caller frees. */
char *plan_in_root(const struct plan_paths *paths, const char *path, struct err *e);
/* How a tool is called in commands. The caller frees. */
char *plan_tool(const struct plan_paths *paths, const char *name, struct err *e);

#endif
