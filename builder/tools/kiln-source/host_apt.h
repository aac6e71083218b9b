/* What this host's apt is configured with, as apt itself reads it. */
#ifndef KILN_SOURCE_HOST_APT_H
#define KILN_SOURCE_HOST_APT_H

#include "base/err.h"
#include "base/mem.h"
#include "mirror.h"
#include "recipe/recipe.h"

struct host_apt;

/* An empty one; nothing is read before host_apt_load(). */
struct host_apt *host_apt_new(struct err *e);
void host_apt_free(struct host_apt *h);
MEM_DEFINE_CLEANUP(host_apt, struct host_apt *, host_apt_free)

/* Ask apt for its sources, once. A host without apt has none. */
int host_apt_load(struct host_apt *h, struct err *e);

/* The base URI of the entry that serves most of the archive's suites, or of the same suites of the
 * host's own Debian release (trixie-security is like bookworm-security) unless the archive has an
 * address of its own: then it is another distribution's; the first of equals.
 * The caller frees; NULL without an error when there is none. */
char *host_apt_find(const struct host_apt *h, const struct recipe_archive *archive, struct err *e);

/* Proxies and certificate file. Nothing when apt is not installed. */
int host_apt_access(struct mirror_access *access, struct err *e);

#endif
