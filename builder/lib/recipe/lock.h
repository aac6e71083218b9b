/* Lock files: every input of an image by name, size and SHA-256. recipes/<variant>/lock.<arch>.json
 *
 * One format for all package families. Paths are relative to an archive's root, so that any
 * mirror serves; no host name is in a lock. Written canonically (json_write); "base" is there only
 * for recipes that have one. */
#ifndef KILN_RECIPE_LOCK_H
#define KILN_RECIPE_LOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "digest/sha256.h"

#define LOCK_SCHEMA "limekiln-lock-1"

/* A signed index the solver used: an InRelease file. */
struct lock_release {
	char *archive; /* name from the recipe: "debian" */
	char *suite;   /* "trixie-updates" */
	char *path;    /* "dists/trixie-updates/InRelease" */
	char *sha256;
	int64_t date_s; /* its Date field */
};

struct lock_package {
	char *name;
	char *version;
	char *arch;    /* the distribution's name for it: amd64, all */
	char *archive; /* which archive's root path is relative to */
	char *path;    /* "pool/main/b/bash/bash_5.2.37-2_amd64.deb" */
	char *source;  /* source package name */
	char *sha256;
	uint64_t size_bytes;
};

/* The disk image that the recipe starts from. */
struct lock_base {
	char *archive; /* which archive's root path is relative to */
	char *path;
	char *digest; /* the recipe's: "sha512:..." */
	char *sha256; /* of the same file: its name in the cache */
	uint64_t size_bytes;
};

struct lock {
	char *variant;                 /* recipe folder's name */
	char *arch;                    /* x86_64 */
	char *family;                  /* deb, apk */
	char *solver;                  /* "apt 2.6.1" */
	char *inputs_sha256;           /* recipe_lock_inputs() when it was made */
	int64_t epoch_s;               /* newest release date: SOURCE_DATE_EPOCH of the image */
	struct lock_release *releases; /* sorted by archive, suite */
	size_t n_releases;
	struct lock_package *packages; /* sorted by name, arch */
	size_t n_packages;
	struct lock_base *base; /* NULL: none */
};

/* Read and check every field (digest form, relative paths without "..", no duplicates, sizes).
 * A missing file is ERR_IO with the remedy `just lock <variant>`. The caller frees. */
int lock_load(struct lock **out, const char *path, struct err *e);
/* The same for text that was read already; name stands for it in messages. */
int lock_parse(struct lock **out, const char *data, size_t len, const char *name, struct err *e);

/* Append the canonical text; ERR_FORMAT for a lock that lock_parse() would refuse. */
int lock_format(const struct lock *l, struct buf *out, struct err *e);
/* Write canonically, only when the contents differ. */
int lock_save(const struct lock *l, const char *path, struct err *e);
void lock_free(struct lock *l);
void lock_base_free(struct lock_base *b);

static inline void lock_cleanup(struct lock **l)
{
	lock_free(*l);
}
#define cleanup_lock __attribute__((cleanup(lock_cleanup)))

#endif
