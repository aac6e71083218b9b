#include "image/gpt.h"

#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <string.h>

#include "base/mem.h"

#define SECTOR_SIZE 512

const char gpt_type_esp[] = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
const char gpt_type_bios_boot[] = "21686148-6449-6e6f-744e-656564454649";

const char *gpt_type_root(const char *arch)
{
	static const struct {
		const char *arch;
		const char *type;
	} types[] = {
		{"x86_64", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"},
		{"aarch64", "B921B045-1DF0-41C3-AF44-4C6F280D3FAE"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].arch, arch) == 0)
			return types[i].type;
	}
	return NULL;
}

MEM_DEFINE_CLEANUP(context, struct fdisk_context *, fdisk_unref_context)
MEM_DEFINE_CLEANUP(partition, struct fdisk_partition *, fdisk_unref_partition)
MEM_DEFINE_CLEANUP(parttype, struct fdisk_parttype *, fdisk_unref_parttype)

/* libfdisk returns 0 or a negative errno. */
static int check(int rc, const char *what, struct err *e)
{
	if (rc >= 0)
		return 0;
	errno = -rc;
	return err_set_errno(e, ERR_IO, "partition table: %s", what);
}

static int add_partition(struct fdisk_context *cxt, const struct gpt_partition *from, struct err *e)
{
	MEM_CLEANUP(partition) struct fdisk_partition *p = fdisk_new_partition();
	MEM_CLEANUP(parttype)
	struct fdisk_parttype *type =
		fdisk_label_get_parttype_from_string(fdisk_get_label(cxt, "gpt"), from->type);

	if (!p || !type)
		return err_nomem(e);
	if (check(fdisk_partition_set_partno(p, from->number - 1), "number", e) < 0 ||
		check(fdisk_partition_set_start(p, from->start_bytes / SECTOR_SIZE), "start", e) <
			0 ||
		check(fdisk_partition_set_size(p, from->size_bytes / SECTOR_SIZE), "size", e) < 0 ||
		check(fdisk_partition_set_type(p, type), "type", e) < 0 ||
		check(fdisk_partition_set_uuid(p, from->uuid), "identifier", e) < 0 ||
		check(fdisk_partition_set_name(p, from->name), "name", e) < 0)
		return -1;
	return check(fdisk_add_partition(cxt, p, NULL), from->name, e);
}

int gpt_write(int fd, const char *disk_uuid, const struct gpt_partition *partitions, size_t n,
	struct err *e)
{
	MEM_CLEANUP(context) struct fdisk_context *cxt = fdisk_new_context();

	if (!cxt)
		return err_nomem(e);
	fdisk_disable_dialogs(cxt, 1);
	if (check(fdisk_save_user_sector_size(cxt, SECTOR_SIZE, SECTOR_SIZE), "sector size", e) <
			0 ||
		check(fdisk_save_user_grain(cxt, GPT_ALIGN_BYTES), "alignment", e) < 0 ||
		check(fdisk_assign_device_by_fd(cxt, fd, "disk", 0), "open", e) < 0 ||
		check(fdisk_create_disklabel(cxt, "gpt"), "create", e) < 0 ||
		check(fdisk_set_disklabel_id_from_string(cxt, disk_uuid), "identifier", e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (add_partition(cxt, &partitions[i], e) < 0)
			return -1;
	}
	if (check(fdisk_write_disklabel(cxt), "write", e) < 0)
		return -1;
	return check(fdisk_deassign_device(cxt, 1), "close", e);
}
