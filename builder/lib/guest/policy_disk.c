#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

#define ESP_TYPE "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define LOADER_MAX ((size_t)32 * 1024 * 1024)
#define MIB ((uint64_t)1024 * 1024)

/* What UEFI calls an architecture: 2.10, 3.5.1.1 (file names) and the PE format (machine types). */
static const struct efi_arch {
	const char *arch;
	const char *removable;
	const char *second; /* what shim starts */
	uint16_t machine;
} efi_arches[] = {
	{"x86_64", "BOOTX64.EFI", "grubx64.efi", 0x8664},
	{"aarch64", "BOOTAA64.EFI", "grubaa64.efi", 0xaa64},
};

static int find_arch(struct policy_ctx *c, const struct efi_arch **arch, struct err *e)
{
	for (size_t i = 0; i < sizeof(efi_arches) / sizeof(efi_arches[0]); i++) {
		*arch = &efi_arches[i];
		if (strcmp(c->f->arch, efi_arches[i].arch) == 0)
			return 0;
	}
	return err_set(e, ERR_UNSUPPORTED, "the architecture '%s' is not known", c->f->arch);
}

/* The entry of dir by its name in any case, as FAT has names; NULL when there is none. */
static struct tree_node *child_of(struct tree_node *dir, const char *name)
{
	struct tree_node *n = dir ? dir->child : NULL;

	while (n && strcasecmp(n->name, name) != 0)
		n = n->next;
	return n;
}

/* \EFI\BOOT\NAME. */
static struct tree_node *removable(struct policy_ctx *c, const char *name)
{
	struct tree_node *root = c->g->esp ? tree_root(c->g->esp) : NULL;

	return child_of(child_of(child_of(root, "EFI"), "BOOT"), name);
}

static int check_esp(struct policy_ctx *c, struct err *e)
{
	const struct guest *g = c->g;

	if (g->parts.table != PARTS_GPT && policy_found(c, e, "the disk has no GPT") < 0)
		return -1;
	if (!g->esp_part || !g->esp)
		return policy_found(c, e, "there is no EFI system partition");
	if (g->parts.table == PARTS_GPT && strcmp(g->esp_part->type, ESP_TYPE) != 0 &&
		policy_found(c, e, "partition %u has type %s", g->esp_part->number,
			g->esp_part->type) < 0)
		return -1;
	return g->esp_part->content == PARTS_FAT
		       ? 0
		       : policy_found(c, e, "partition %u is no FAT", g->esp_part->number);
}

static int check_removable(struct policy_ctx *c, struct err *e)
{
	const struct efi_arch *arch;

	if (find_arch(c, &arch, e) < 0)
		return -1;
	struct tree_node *n = removable(c, arch->removable);
	if (!n || !S_ISREG(n->inode->mode))
		return policy_found(c, e, "/EFI/BOOT/%s is not there", arch->removable);
	return 0;
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Why data is no EFI application for the machine; NULL when it is one. Microsoft, "PE Format":
 * the offset of the signature at 0x3c, the machine behind it, the subsystem 92 bytes in. */
static const char *pe_fault(const unsigned char *data, size_t len, uint16_t machine)
{
	enum { EFI_APPLICATION = 10 };
	uint32_t at = len >= 64 && memcmp(data, "MZ", 2) == 0 ? get32(data + 0x3c) : UINT32_MAX;

	if (at > len || len - at < 94 || memcmp(data + at, "PE\0\0", 4) != 0)
		return "is no PE file";
	if ((data[at + 4] | data[at + 5] << 8) != machine)
		return "is for another machine";
	if ((data[at + 92] | data[at + 93] << 8) != EFI_APPLICATION)
		return "is no EFI application";
	return NULL;
}

static int check_machines(struct policy_ctx *c, struct err *e)
{
	const struct efi_arch *arch;

	if (find_arch(c, &arch, e) < 0)
		return -1;
	const char *const names[] = {arch->removable, arch->second};
	for (size_t i = 0; i < 2; i++) {
		struct tree_node *n = removable(c, names[i]);
		cleanup_buf struct buf data = {0};

		if (!n || !S_ISREG(n->inode->mode))
			continue;
		if (guest_read_inode(n->inode, LOADER_MAX, &data, e) < 0)
			return err_prefix(e, "/EFI/BOOT/%s", names[i]);
		const char *fault =
			pe_fault((const unsigned char *)buf_str(&data), data.len, arch->machine);
		if (fault && policy_found(c, e, "/EFI/BOOT/%s %s", names[i], fault) < 0)
			return -1;
	}
	return 0;
}

/* shim says so in its section .sbat: a line that starts with "shim,". */
static int check_second(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf data = {0};
	const struct efi_arch *arch;

	if (find_arch(c, &arch, e) < 0)
		return -1;
	struct tree_node *n = removable(c, arch->removable);
	if (!n || !S_ISREG(n->inode->mode))
		return policy_skip(c, "there is no boot loader");
	if (guest_read_inode(n->inode, LOADER_MAX, &data, e) < 0)
		return err_prefix(e, "/EFI/BOOT/%s", arch->removable);
	if (data.len == 0 || !memmem(data.data, data.len, "\nshim,", 6))
		return policy_skip(c, "the boot loader is not shim");
	return removable(c, arch->second)
		       ? 0
		       : policy_found(c, e, "/EFI/BOOT/%s is not there", arch->second);
}

static int check_last(struct policy_ctx *c, struct err *e)
{
	const struct parts *p = &c->g->parts;

	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].start_bytes > c->g->root_part->start_bytes &&
			policy_found(c, e, "partition %u lies behind the root, partition %u",
				p->items[i].number, c->g->root_part->number) < 0)
			return -1;
	}
	return 0;
}

static int check_alignment(struct policy_ctx *c, struct err *e)
{
	const struct parts *p = &c->g->parts;

	if (c->g->size_bytes % MIB &&
		policy_found(c, e, "the disk has %llu bytes, no multiple of 1 MiB",
			(unsigned long long)c->g->size_bytes) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].start_bytes % MIB && p->table != PARTS_NONE &&
			policy_found(c, e, "partition %u starts at byte %llu", p->items[i].number,
				(unsigned long long)p->items[i].start_bytes) < 0)
			return -1;
	}
	return 0;
}

static bool is_set(const char *uuid)
{
	return strspn(uuid, "0-") < strlen(uuid);
}

static int check_uuids(struct policy_ctx *c, struct err *e)
{
	const struct parts *p = &c->g->parts;

	if (p->table == PARTS_GPT && !is_set(p->disk_uuid) &&
		policy_found(c, e, "the disk's GUID is %s", p->disk_uuid) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		const struct part *a = &p->items[i];
		bool no_uuid = (p->table == PARTS_GPT && !is_set(a->uuid)) ||
			       (a->content == PARTS_EXT4 && !is_set(a->fs_uuid));

		if (no_uuid && policy_found(c, e, "partition %u has no UUID", a->number) < 0)
			return -1;
		for (size_t k = 0; k < i; k++) {
			const struct part *b = &p->items[k];
			bool same = (*a->uuid && strcmp(a->uuid, b->uuid) == 0) ||
				    (*a->fs_uuid && strcmp(a->fs_uuid, b->fs_uuid) == 0);

			if (same && policy_found(c, e, "partitions %u and %u have the same UUID",
					    b->number, a->number) < 0)
				return -1;
		}
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"DISK-01", POLICY_ERROR, "the disk has a GPT with an EFI system partition",
		 "kiln-disk makes one"},
		check_esp},
	{{"DISK-02", POLICY_ERROR, "the boot loader is at the removable path",
		 "copy it to /EFI/BOOT/BOOTX64.EFI or BOOTAA64.EFI: Lima keeps no boot entries"},
		check_removable},
	{{"DISK-03", POLICY_ERROR, "boot loaders are EFI applications for the guest's machine",
		 "copy those of the guest's architecture"},
		check_machines},
	{{"DISK-04", POLICY_ERROR, "what shim starts lies beside it",
		 "copy grubx64.efi or grubaa64.efi to /EFI/BOOT"},
		check_second},
	{{"DISK-05", POLICY_ERROR, "the root is the last partition",
		 "put it last: cloud-init grows it to the disk's end"},
		check_last},
	{{"DISK-06", POLICY_ERROR, "the disk's size and its partitions are aligned to 1 MiB",
		 "make the disk anew with kiln-disk"},
		check_alignment},
	{{"DISK-07", POLICY_ERROR, "disk, partitions and file systems have UUIDs of their own",
		 "make the disk anew with kiln-disk"},
		check_uuids},
};

POLICY_THEME(disk, checks, false);
