/* Recipes: recipes/<variant>/recipe.yaml, what an image is made of. */
#ifndef KILN_RECIPE_RECIPE_H
#define KILN_RECIPE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "digest/hash.h"
#include "digest/sha256.h"
#include "recipe/lock.h"
#include "yaml/ynode.h"

struct recipe_archive {
	char *name;         /* "debian"; lower-case letters, digits, dashes */
	struct strv suites; /* none: only base images come from it */
	struct strv components;
	struct strv urls; /* "x86_64=https://host/path": the distribution's own server, for hosts
			   * that configure no mirror */
	char *keys;       /* apk: folder of public keys, relative to the repository; or NULL */
	char *keyring;    /* deb: file of the host with the keys; NULL: the default one */
};

/* A disk image of a distribution that an image is made from. */
struct recipe_base {
	char *archive;       /* a name from the recipe's archives */
	char *path;          /* relative to that archive's root */
	enum hash_kind kind; /* HASH_SHA256 or HASH_SHA512 */
	char *digest;        /* as the distribution publishes it, in lower-case digits */
	char *format;        /* "qcow2", "raw" */
};

struct recipe_option {
	char *name;
	char *description;
	struct strv packages;
};

/* One file that is laid over the root file system or put on the ESP. Exactly one of
 * template_path, source, content, symlink, from, directory says what it is. */
struct recipe_file {
	char *path;          /* absolute, normalised */
	char *template_path; /* rendered by kiln-render; relative to the repository root */
	char *source;        /* copied; relative to the repository root */
	char *content;       /* as it stands */
	char *symlink;       /* target */
	char *from;          /* ESP only: path in the root file system */
	bool directory;
	uint32_t mode; /* permission bits; 0644 for files, 0755 for directories unless given */
	uint32_t uid;
	uint32_t gid;
};

struct recipe_arch {
	char *name; /* x86_64, aarch64 */
	struct strv packages;
	struct recipe_base *base; /* NULL: the root file system is made of packages alone */
	struct recipe_file *esp;
	size_t n_esp;
};

struct recipe {
	char *variant; /* the folder's name */
	char *path;    /* of recipe.yaml, as opened */
	char *name;    /* of the image */
	char *description;
	char *family; /* "deb", "apk" */
	char *suite;
	char *customize; /* template of the operations on the base; NULL: there is no base */
	char *lima;      /* template of lima.yaml */
	char *pack;      /* "xz", "zst": the disk is packed as such a file too; NULL: it is not */
	bool is_default;
	uint64_t disk_size_bytes;
	uint64_t esp_size_bytes;
	bool keep; /* the base's identifiers and boot loader */
	struct recipe_archive *archives;
	size_t n_archives;
	struct strv packages;
	struct recipe_option *options;
	size_t n_options;
	struct recipe_arch *arches;
	size_t n_arches;
	struct recipe_file *files;
	size_t n_files;
	struct strv delete_paths;
	struct strv allow_files;  /* "kind=path" */
	const struct ynode *vars; /* map or NULL; owned by tree */
	struct ynode *tree;
};

/* Read recipes/<variant>/recipe.yaml below root (the repository). Unknown keys, wrong types and
 * unsafe paths are ERR_FORMAT with file:line:column. The caller frees. */
int recipe_load(struct recipe **out, const char *root, const char *variant, struct err *e);
void recipe_free(struct recipe *r);

static inline void recipe_cleanup(struct recipe **r)
{
	recipe_free(*r);
}
#define cleanup_recipe __attribute__((cleanup(recipe_cleanup)))

/* Names of all folders below root/recipes that hold a recipe.yaml, sorted. */
int recipe_list(struct strv *variants, const char *root, struct err *e);

/* The entry for arch; ERR_UNSUPPORTED naming those there are. */
const struct recipe_arch *recipe_find_arch(const struct recipe *r, const char *arch, struct err *e);
const struct recipe_option *recipe_find_option(
	const struct recipe *r, const char *name, struct err *e);

/* The address of the archive's own server for arch, NULL when the recipe names none. */
const char *recipe_archive_url(const struct recipe_archive *a, const char *arch);

/* "sha512:<digits>" as the recipe gives it. The caller frees. */
char *recipe_base_digest(const struct recipe_base *b, struct err *e);

/* The host's architecture as recipes name it. */
const char *recipe_host_arch(void);
/* The distribution's name: x86_64 -> amd64, aarch64 -> arm64. */
const char *recipe_deb_arch(const char *arch);

/* Everything of the recipe that decides what the solver is asked (family, archives, suites,
 * packages for arch and for the enabled options) and the base image: its digest ties a lock to its
 * recipe. The set of options is part of it; each option set has its own lock file. */
int recipe_lock_inputs(const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, char hex[SHA256_HEX_SIZE], struct err *e);

/* All packages asked for, sorted, without duplicates. */
int recipe_packages(struct strv *out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct err *e);

/* recipes/<variant>/lock.<arch>[+option...].json below root. The caller frees. */
char *recipe_lock_path(const char *root, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct err *e);

/* ERR_INTEGRITY with the remedy `just lock <variant>` when the lock was made from other inputs. */
int recipe_check_lock(const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, const struct lock *l, struct err *e);

#endif
