/* What an archive has in place of a file that it no longer has: distributions replace their images
 * by newer ones whose names differ in digits only. */
#ifndef KILN_SOURCE_CANDIDATE_H
#define KILN_SOURCE_CANDIDATE_H

#include "base/err.h"
#include "base/strv.h"
#include "mirror.h"

/* The path of the newest file or folder that is called like path but for digits, which need not
 * be there for the rest of the path. Looks into the file's folder, then into those above it; a
 * listing that cannot be had is passed over. NULL when there is none. The caller frees. */
char *candidate_find(const struct mirrors *mirrors, const struct mirror *m, const char *path,
	unsigned timeout_s);

/* The newest of names that is newer than name and differs from it in digits only; NULL: none. */
const char *candidate_choose(const struct strv *names, const char *name);

/* Append the names that a server's listing of a folder (HTML) links to. */
int candidate_read_listing(struct strv *names, const char *html, struct err *e);

#endif
