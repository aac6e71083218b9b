/* A new image from a guest's trees: a disk with the same identifiers, as qcow2. */
#ifndef KILN_GUEST_REBUILD_H
#define KILN_GUEST_REBUILD_H

#include <stdint.h>

#include "base/err.h"
#include "guest/guest.h"
#include "options.h"

/* The time that later ones become: --epoch, SOURCE_DATE_EPOCH, or the newest in the guest. Errors:
 * ERR_USAGE for one that is no time or is 0. */
int rebuild_epoch(
	const struct guest_cli *o, const struct guest *g, int64_t *epoch_s, struct err *e);

/* Where -o or --in-place says the image goes; belongs to the caller's operand or options. Errors:
 * ERR_USAGE when there is neither or both, when -o names the image itself, and for --in-place when
 * the image is a symbolic link or no qcow2 image. */
int rebuild_output(
	const struct guest_cli *o, const char *image, const char **output, struct err *e);

/* Refuse disks that cannot be built anew: further partitions beside the root, the EFI system
 * partition and a BIOS boot partition, which is dropped. Errors: ERR_UNSUPPORTED, the partition
 * named, with the remedy. */
int rebuild_check(const struct guest *g, const char *image, struct err *e);

/* Make the new disk from g's trees, which are used up, in a temporary file that the caller closes.
 * image is the name of the one that was read. Disk, partitions and file systems keep their
 * identifiers, labels and numbers. Errors: those of rebuild_check() and disk_build_trees(). */
int rebuild_disk(const struct guest_cli *o, struct guest *g, const char *image, int64_t epoch_s,
	int *fd, struct err *e);

/* Write that disk as a qcow2 image. Errors: those of qcow2_write(). */
int rebuild_write(
	const struct guest_cli *o, int fd, const char *image, const char *output, struct err *e);

#endif
