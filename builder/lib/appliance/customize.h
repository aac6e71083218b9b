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
	const char
		*packages_dir; /* host folder: the repository that kiln-source made; NULL: none */
	int64_t epoch_s;       /* SOURCE_DATE_EPOCH of what runs in the guest */
	unsigned timeout_s;    /* of a command that has none of its own */
};

/* Check what can be without a guest: sources exist, packages have a repository, commands can run
 * in the guest's architecture (ERR_UNSUPPORTED naming the operation and both architectures). */
int customize_check(const struct ops *ops, const struct customize_options *opt, struct err *e);

/* True when an operation needs opt->packages_dir attached. */
bool customize_needs_packages(const struct ops *ops);

/* Apply all, in order; stops at the first that fails: ERR_CHECK for a command (its output went to
 * standard error), the operation and its line named. */
int customize_apply(struct appliance *a, const struct ops *ops, const struct customize_options *opt,
	struct err *e);

#endif
