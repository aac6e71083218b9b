/* A machine of a few instructions, to see whether an accelerator runs one. */
#ifndef KILN_APPLIANCE_ACCEL_PROBE_H
#define KILN_APPLIANCE_ACCEL_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/accel.h"

/* Name of the program that emulates this machine's own architecture: "qemu-system-x86_64". NULL
 * where limekiln knows none. */
const char *accel_qemu(void);

/* Start the machine, for deadline_s at most; its whole process group is gone afterwards.
 * True when it ran; else why (size bytes) says what happened, without control characters. */
bool accel_probe(enum accel accel, unsigned deadline_s, char *why, size_t size);

#endif
