/* Operations (guest/ops.h) applied to the guest in an appliance. */
#ifndef KILN_APPLIANCE_CUSTOMIZE_H
#define KILN_APPLIANCE_CUSTOMIZE_H

#include <stdint.h>

#include "appliance/appliance.h"
#include "base/err.h"
#include "guest/facts.h"
#include "guest/ops.h"

struct customize_options {
	const struct facts *facts; /* of the guest before the operations */
	/* host folder: the repository that kiln-source made; NULL: none. The appliance must have
	 * been started with what customize_make_packages() makes of it. */
	const char *packages_dir;
	int64_t epoch_s;    /* SOURCE_DATE_EPOCH of what runs in the guest, dates in accounts */
	unsigned timeout_s; /* of a command that has none of its own; 0: 10 minutes */
};

/* Check what can be without a guest: sources exist, packages have a repository and are in it
 * (ERR_INTEGRITY), commands can run in the guest's architecture (ERR_UNSUPPORTED naming the
 * operation and both architectures). */
int customize_check(const struct ops *ops, const struct customize_options *opt, struct err *e);

/* True when an operation needs opt->packages_dir attached. */
bool customize_needs_packages(const struct ops *ops);

/* Write the repository in a host folder as an ext4 file system into the empty file fd (see
 * appliance_options.packages). Errors: ERR_IO; ERR_FORMAT. */
int customize_make_packages(const char *dir, int fd, struct err *e);

/* Apply all, in order; stops at the first that fails: ERR_CHECK for a command that fails (its
 * output went to standard error) and for a guest that is not as the operation needs it, the
 * operation and its line named. What was done before stays: work on a copy. */
int customize_apply(struct appliance *a, const struct ops *ops, const struct customize_options *opt,
	struct err *e);

#endif
