/* A private apt: its own folder, sources and empty system, so that the solver sees the recipe's
 * archives and nothing of this host but how servers are reached. */
#ifndef KILN_SOURCE_APT_ROOT_H
#define KILN_SOURCE_APT_ROOT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "mirror.h"
#include "recipe/recipe.h"

struct apt_root;

/* Make ready the folder for these archives and mirrors below <cache>/apt, and keep other
 * processes out of it until apt_root_free(); waits for one that is in it. keyring: path of
 * the file that signatures are checked with; NULL: each archive's own, or Debian's. */
int apt_root_open(struct apt_root **out, const char *cache, const struct recipe *r,
	const char *deb_arch, const struct mirrors *mirrors, const char *keyring, struct err *e);
void apt_root_free(struct apt_root *a);
MEM_DEFINE_CLEANUP(apt_root, struct apt_root *, apt_root_free)

/* Fetch the archives' indices and check their signatures. ERR_INTEGRITY when a signature or digest
 * is wrong, ERR_IO when the disk is full, otherwise ERR_NETWORK; apt's own words are said as
 * warnings. */
int apt_root_update(struct apt_root *a, struct err *e);

/* Run apt's program argv[0] with this root and append what it prints to *out. When it fails:
 * ERR_IO, with its last words. */
int apt_root_run(struct apt_root *a, const struct strv *argv, struct buf *out, struct err *e);

/* Run the solver: apt-get install with these options and packages. When it finds no solution:
 * ERR_FORMAT, after its reasons were said as warnings. */
int apt_root_solve(struct apt_root *a, const struct strv *packages, struct buf *out, struct err *e);

/* The file that holds a suite's InRelease after an update. The caller frees. */
char *apt_root_release_path(
	struct apt_root *a, const struct mirror *m, const char *suite, struct err *e);

/* The mirror's address as apt gets it; the caller frees. */
char *apt_root_uri(const struct mirror *m, struct err *e);

#endif
