/* What the parts of the appliance share. */
#ifndef KILN_APPLIANCE_APPLIANCE_PRIVATE_H
#define KILN_APPLIANCE_APPLIANCE_PRIVATE_H

#include "appliance/appliance.h"
#include "appliance/tempdir.h"
#include "appliance/watch.h"

struct guestfs_h;

#define APPLIANCE_CALL_S 120              /* deadline of a call that should take milliseconds */
#define APPLIANCE_TRANSFER_S 3600         /* of one that moves files of any size */
#define APPLIANCE_CHUNK ((size_t)2 << 20) /* bytes in a message, which takes 4 MiB */

struct appliance {
	struct guestfs_h *g;
	struct watch *watch;
	struct tempdir temp;
	char *disk; /* paths in temp */
	char *packages;
	struct accel_choice accel;
	struct buf log;            /* the end of what the appliance's console said */
	struct progress *progress; /* of the transfer that is running, or NULL */
	enum progress_mode progress_mode;
	bool read_only;
	char *packages_made; /* folder that was made to mount the packages at, or NULL */
	unsigned armed_s;    /* deadline of the running call */
};

/* Around each call to libguestfs: arm the watchdog; refuse when the appliance is gone. */
int appliance_begin(struct appliance *a, unsigned deadline_s, struct err *e);
/* The call returned. failed: its error is taken from libguestfs; about (a path, may be NULL) is
 * named. When the watchdog ended the appliance: ERR_CHECK (deadline) or ERR_INTERNAL (signal). */
int appliance_end(struct appliance *a, bool failed, const char *about, struct err *e);

/* Find what libguestfs needs: ERR_UNSUPPORTED with the remedy. root is put before /boot and
 * /lib/modules. The caller frees *qemu. */
int appliance_find_qemu(char **qemu, struct err *e);
int appliance_check_kernel(const char *root, struct err *e);

/* Make a->g, for a->accel, with the disks and the path of qemu. */
int appliance_make_handle(struct appliance *a, const char *qemu, struct err *e);
/* Start it; the reason of a failure is taken from the log. */
int appliance_launch(struct appliance *a, unsigned deadline_s, struct err *e);

#endif
