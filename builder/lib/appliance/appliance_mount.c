#include <guestfs.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/appliance_private.h"

#define PACKAGES_DEVICE "/dev/sdb" /* after the disk */

int appliance_mount(struct appliance *a, unsigned number, const char *path, struct err *e)
{
	cleanup_free char *device =
		number ? mem_printf(e, "/dev/sda%u", number) : mem_strdup("/dev/sda", e);

	if (!device || appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	int rc = a->read_only ? guestfs_mount_ro(a->g, device, path)
			      : guestfs_mount(a->g, device, path);
	if (appliance_end(a, rc < 0, path, e) < 0)
		return err_prefix(e, "mount partition %u", number);
	return 0;
}

int appliance_mount_packages(struct appliance *a, const char *path, struct err *e)
{
	enum appliance_type type;

	if (appliance_type(a, path, &type, e) < 0)
		return -1;
	if (type == APPLIANCE_ABSENT) {
		if (appliance_mkdir(a, path, e) < 0)
			return -1;
		free(a->packages_made);
		a->packages_made = mem_strdup(path, e);
		if (!a->packages_made)
			return -1;
	}
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	int rc = guestfs_mount_ro(a->g, PACKAGES_DEVICE, path);
	if (appliance_end(a, rc < 0, path, e) < 0)
		return err_prefix(e, "mount the packages");
	return 0;
}

int appliance_unmount(struct appliance *a, const char *path, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	int rc = guestfs_umount(a->g, path);
	if (rc == 0 && a->packages_made && strcmp(a->packages_made, path) == 0)
		rc = guestfs_rmdir(a->g, path);
	if (appliance_end(a, rc < 0, path, e) < 0)
		return err_prefix(e, "unmount");
	return 0;
}
