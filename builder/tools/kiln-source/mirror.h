/* Mirrors: where the archives that recipes and locks name are to be had on this host. */
#ifndef KILN_SOURCE_MIRROR_H
#define KILN_SOURCE_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "http/http.h"
#include "recipe/recipe.h"

struct mirror {
	char *archive;
	char *base;     /* "http://host/debian" or an absolute folder; no slash at the end */
	bool is_folder; /* base is a folder's path */
};

/* What apt on this host is told about reaching servers; NULL where it is told nothing. */
struct mirror_access {
	char *http_proxy;
	char *https_proxy;
	char *ca_file;
};

struct mirrors {
	struct mirror *items; /* as many as there are archives, in their order */
	size_t n;
	struct mirror_access access;
};

/* Find a mirror for each archive: from given ("ARCHIVE=URL" or "ARCHIVE=FOLDER"), else from
 * LIMEKILN_MIRROR_<ARCHIVE>, else from the host's apt configuration: the entry that serves most of
 * the archive's suites, or the same suites of the host's own Debian release (which is not done for
 * an archive whose own server is known), else that server for arch.
 * ERR_USAGE with the remedy when there is none. mirrors_release() is due in both cases. */
int mirrors_find(struct mirrors *out, const struct recipe_archive *archives, size_t n,
	const char *arch, const struct strv *given, struct err *e);
void mirrors_release(struct mirrors *m);
#define cleanup_mirrors __attribute__((cleanup(mirrors_release)))

/* How servers are to be reached, for http_new(). Texts are m's. */
struct http_options mirrors_http(const struct mirrors *m, unsigned connections, unsigned timeout_s);

/* NULL when there is none of that name. */
const struct mirror *mirrors_get(const struct mirrors *m, const char *archive);

/* The address of a path below the mirror: percent-encoded for a URL, joined for a folder. The
 * caller frees. */
char *mirror_address(const struct mirror *m, const char *path, struct err *e);

/* Append text with all but letters, digits and "-._~/+:@=," percent-encoded (RFC 3986, 2.1). */
int mirror_put_encoded(struct buf *out, const char *text, struct err *e);

#endif
