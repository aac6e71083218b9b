/* Who provides what in an index: each name with the packages that have it, as their own or among
 * their provides. */
#ifndef KILN_APK_PROVIDERS_H
#define KILN_APK_PROVIDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "apk/atom.h"
#include "apk/index.h"
#include "base/strv.h"

struct apk_provider {
	const char *name;
	const char
		*version; /* NULL: a virtual name, which several installed packages may provide */
	size_t package;   /* in the index */
};

/* A list of atoms, at[0] to at[n - 1]. */
struct apk_atoms {
	const struct apk_atom *at;
	size_t n;
};

struct apk_providers {
	const struct apk_index *index;
	struct apk_provider *items; /* sorted by name, then by package */
	size_t n;
	struct apk_atom *atoms; /* of all packages */
	size_t n_atoms;
	struct apk_atoms *depends;    /* by package */
	struct apk_atoms *provides;   /* by package */
	struct apk_atoms *install_if; /* by package */
	struct strv texts;            /* what names and versions point into */
};

/* Read all atoms of the index, which must stay. ERR_FORMAT names the package.
 * apk_providers_release() is due in both cases. */
int apk_providers_init(struct apk_providers *p, const struct apk_index *index, struct err *e);
void apk_providers_release(struct apk_providers *p);
#define cleanup_apk_providers __attribute__((cleanup(apk_providers_release)))

/* The first provider of a name, n of them in a row; n is 0 when there is none. */
const struct apk_provider *apk_providers_find(
	const struct apk_providers *p, const char *name, size_t *n);

#endif
