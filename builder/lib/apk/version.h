/* Versions of Alpine packages: 1.2.3b_rc1-r4 (apk-package(5), "Package version").
 *
 * Numbers divided by dots, a letter, suffixes (_alpha _beta _pre _rc come before the plain version,
 * _cvs _svn _git _hg _p after it) each with a number, and a revision. A number after a dot that
 * begins with zeros is compared like a decimal fraction. */
#ifndef KILN_APK_VERSION_H
#define KILN_APK_VERSION_H

#include <stdbool.h>

#define APK_VERSION_MAX 256

/* True for a version in full; at most APK_VERSION_MAX bytes. */
bool apk_version_is_valid(const char *version);

/* Negative, 0 or positive as a comes before, with or after b. What is no version is compared up to
 * where it ceases to be one, as apk does. */
int apk_version_compare(const char *a, const char *b);

/* True when version is pattern, or pattern with more parts after it: 1.2.3-r0 for ~1.2. */
bool apk_version_begins_with(const char *version, const char *pattern);

#endif
