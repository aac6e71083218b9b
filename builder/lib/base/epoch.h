/* SOURCE_DATE_EPOCH: the one time that may appear in an output.
 * Specification: reproducible-builds.org, "SOURCE_DATE_EPOCH specification" 1.1. */
#ifndef KILN_BASE_EPOCH_H
#define KILN_BASE_EPOCH_H

#include <stdint.h>

#include "base/err.h"

/* Parse decimal seconds since 1970, 0 to 4294967295 (what ext4 and FAT hold without tricks).
 * Errors: ERR_USAGE, naming what. */
int epoch_parse(const char *text, const char *what, int64_t *epoch_s, struct err *e);

/* Take SOURCE_DATE_EPOCH from the environment; fallback_s when it is not set or empty. */
int epoch_from_env(int64_t fallback_s, int64_t *epoch_s, struct err *e);

#define EPOCH_TEXT_SIZE 21
/* Write "YYYY-MM-DDThh:mm:ssZ" (RFC 3339, UTC). */
void epoch_format(int64_t epoch_s, char text[EPOCH_TEXT_SIZE]);

#endif
