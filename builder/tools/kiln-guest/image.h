/* Opening the image that a command was given. */
#ifndef KILN_GUEST_IMAGE_H
#define KILN_GUEST_IMAGE_H

#include "base/err.h"
#include "guest/guest.h"
#include "options.h"

/* How to read path, from --format, --threads and --progress. Errors: ERR_USAGE. */
int image_options(
	const struct guest_cli *o, const char *path, struct raw_options *raw, struct err *e);

/* Open path for looking inside: times later than --epoch or SOURCE_DATE_EPOCH become that, if one
 * is given. Errors: those of guest_open(); ERR_USAGE. The caller frees. */
int image_open(const struct guest_cli *o, const char *path, struct guest **g, struct err *e);

#endif
