/* Which accelerator a virtual machine can use here. /dev/kvm may be there and never run a guest:
 * a machine of a few instructions is started to find out, with a deadline. */
#ifndef KILN_APPLIANCE_ACCEL_H
#define KILN_APPLIANCE_ACCEL_H

#include <stdbool.h>

#include "base/err.h"

enum accel {
	ACCEL_TCG, /* software emulation: works everywhere */
	ACCEL_KVM,
};

#define ACCEL_PROBE_S 10 /* seconds that the machine gets to run */
#define ACCEL_REASON_SIZE 160

struct accel_choice {
	enum accel accel;
	bool remembered;                /* not probed now */
	char reason[ACCEL_REASON_SIZE]; /* for people: "/dev/kvm does not run a guest (nothing in 10
					   s)" */
};

/* Choose. name is "auto", "kvm" or "tcg" (NULL: $LIMEKILN_ACCEL or auto). auto probes KVM once and
 * remembers the answer until the machine is started again, in the cache folder. ERR_USAGE for
 * another name; ERR_UNSUPPORTED when kvm is asked for and does not work. */
int accel_choose(struct accel_choice *out, const char *name, struct err *e);
/* Forget KVM for this session: an appliance got stuck with it. */
void accel_distrust_kvm(const char *reason);
const char *accel_name(enum accel accel);

#endif
