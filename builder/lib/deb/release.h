/* Debian's Release files: the signed index of an archive's suite. */
#ifndef KILN_DEB_RELEASE_H
#define KILN_DEB_RELEASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Read the Date field of an InRelease or Release file (its signature is the caller's business).
 * name stands for it in messages. ERR_FORMAT. */
int release_read_date(
	const char *text, size_t len, const char *name, int64_t *date_s, struct err *e);

#define RELEASE_DATE_SIZE 32
/* "Sat, 06 Sep 2025 10:22:21 UTC" */
void release_format_date(int64_t date_s, char text[RELEASE_DATE_SIZE]);

#endif
