/* Writing what is in a guest as archives. */
#ifndef KILN_GUEST_EXPORT_H
#define KILN_GUEST_EXPORT_H

#include "base/err.h"
#include "base/progress.h"
#include "guest/guest.h"

/* Write the root file system's tar to root_path, and unless NULL the EFI system partition's to
 * esp_path and the identifiers (image/keep.h) to identity_path. All appear when all are complete.
 * Errors: ERR_FORMAT when esp_path is given and there is no such partition; ERR_UNSUPPORTED for
 * identifiers that cannot be kept; ERR_IO. */
int export_guest(const struct guest *g, const char *root_path, const char *esp_path,
	const char *identity_path, enum progress_mode progress, struct err *e);

#endif
