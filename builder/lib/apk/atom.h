/* Dependency atoms: what a package needs, provides or cannot stand (apk-package(5), apk-world(5)).
 *
 *   name  name=1.2-r0  name>=1  name<2  name~1.2 (1.2 and 1.2.*)  !name (must not be there)
 *
 * Names may have a kind before them: so:libz.so.1, cmd:sh, pc:zlib, and may be paths: /bin/sh. */
#ifndef KILN_APK_ATOM_H
#define KILN_APK_ATOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum apk_order {
	APK_LESS = 1,
	APK_EQUAL = 2,
	APK_GREATER = 4,
};

#define APK_NAME_MAX 256

struct apk_atom {
	const char *name;
	const char *version; /* NULL when any will do */
	unsigned orders;     /* apk_order flags: how a fitting version may compare with version */
	bool fuzzy;          /* what begins with version counts as equal to it */
	bool conflict;
};

/* Cut the next atom off *text, which atoms separated by blanks stand in; the text is changed and
 * the atom points into it. Returns 1, 0 at the end, or -1 with ERR_FORMAT. */
int apk_atom_next(struct apk_atom *out, char **text, struct err *e);

/* Whether a thing of that version, NULL when it has none, is what the atom names; the atom's
 * conflict is not looked at. What has no version fits only an atom without one. */
bool apk_atom_fits(const struct apk_atom *a, const char *version);

/* True for a package's own name: letters, digits and "._+-", not beginning with '-' or '.'. */
bool apk_name_is_valid(const char *name);

#endif
