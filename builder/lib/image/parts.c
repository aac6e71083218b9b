#include "image/parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "image/content.h"
#include "image/le.h"
#include "image/parts_gpt.h"

#define SECTOR_SIZE 512u

/* Offsets in a master boot record (UEFI 2.10, table 5.1) and in one of its entries. */
enum {
	M_SIGNATURE = 440,
	M_ENTRIES = 446,
	M_ENTRY_SIZE = 16,
	M_N = 4,
	M_END = 510,
	E_BOOT = 0,
	E_TYPE = 4,
	E_START = 8,
	E_SECTORS = 12,
	TYPE_GPT = 0xee,
};

const char *parts_content_name(enum parts_content content)
{
	switch (content) {
	case PARTS_UNKNOWN:
		break;
	case PARTS_EMPTY:
		return "empty";
	case PARTS_EXT4:
		return "ext4";
	case PARTS_FAT:
		return "vfat";
	case PARTS_SWAP:
		return "swap";
	case PARTS_XFS:
		return "xfs";
	case PARTS_BTRFS:
		return "btrfs";
	case PARTS_SQUASHFS:
		return "squashfs";
	case PARTS_LUKS:
		return "luks";
	case PARTS_LVM:
		return "lvm";
	}
	return "unknown";
}

/* A boot sector that is no table may end with the same signature: then these bytes are code. */
static bool is_mbr(const unsigned char *sector)
{
	if (sector[M_END] != 0x55 || sector[M_END + 1] != 0xaa)
		return false;
	for (unsigned i = 0; i < M_N; i++) {
		const unsigned char *entry = sector + M_ENTRIES + i * M_ENTRY_SIZE;

		if (entry[E_BOOT] & 0x7f || (entry[E_TYPE] && !le_get32(entry + E_START)))
			return false;
	}
	return true;
}

static bool has_type(const unsigned char *sector, unsigned char type)
{
	for (unsigned i = 0; i < M_N; i++) {
		if (sector[M_ENTRIES + i * M_ENTRY_SIZE + E_TYPE] == type)
			return true;
	}
	return false;
}

static int read_mbr_entry(const unsigned char *entry, unsigned number, uint64_t size_bytes,
	struct parts *p, struct err *e)
{
	struct part *part = &p->items[p->n];
	uint64_t start = le_get32(entry + E_START);
	uint64_t sectors = le_get32(entry + E_SECTORS);

	if (entry[E_TYPE] == 0x05 || entry[E_TYPE] == 0x0f || entry[E_TYPE] == 0x85)
		return err_set(e, ERR_UNSUPPORTED,
			"partition %u: extended partitions are not read; convert the table to GPT "
			"with 'sgdisk --mbrtogpt'",
			number);
	if (sectors == 0 || start + sectors > size_bytes / SECTOR_SIZE)
		return err_set(e, ERR_FORMAT, "partition %u: lies outside the disk", number);
	part->number = number;
	part->start_bytes = start * SECTOR_SIZE;
	part->size_bytes = sectors * SECTOR_SIZE;
	snprintf(part->type, sizeof(part->type), "mbr-%02x", entry[E_TYPE]);
	if (p->disk_uuid[0])
		snprintf(part->uuid, sizeof(part->uuid), "%.8s-%02x", p->disk_uuid, number);
	p->n++;
	return 0;
}

static int read_mbr(
	const unsigned char *sector, uint64_t size_bytes, struct parts *p, struct err *e)
{
	uint32_t signature = le_get32(sector + M_SIGNATURE);

	p->table = PARTS_MBR;
	if (signature)
		snprintf(p->disk_uuid, sizeof(p->disk_uuid), "%08x", signature);
	for (unsigned i = 0; i < M_N; i++) {
		const unsigned char *entry = sector + M_ENTRIES + i * M_ENTRY_SIZE;

		if (entry[E_TYPE] && read_mbr_entry(entry, i + 1, size_bytes, p, e) < 0)
			return -1;
	}
	return 0;
}

static int check_overlaps(const struct parts *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t j = i + 1; j < p->n; j++) {
			const struct part *a = &p->items[i], *b = &p->items[j];

			if (a->start_bytes < b->start_bytes + b->size_bytes &&
				b->start_bytes < a->start_bytes + a->size_bytes)
				return err_set(e, ERR_FORMAT, "partitions %u and %u overlap",
					a->number, b->number);
		}
	}
	return 0;
}

static bool is_known(enum parts_content content)
{
	return content != PARTS_UNKNOWN && content != PARTS_EMPTY;
}

/* The boot sector of a file system on the whole disk may look like a table: FAT's always does,
 * others' have no partitions, or none that can be. */
static int read_table(int fd, const unsigned char *sector, uint64_t size_bytes, struct parts *p,
	struct part *whole, struct err *e)
{
	int rc;

	if (is_mbr(sector) && has_type(sector, TYPE_GPT)) {
		rc = parts_gpt_read(fd, size_bytes, p, e);
		return rc < 0 ? -1 : check_overlaps(p, e);
	}
	if (content_identify(fd, whole, e) < 0)
		return -1;
	if (is_mbr(sector) && whole->content != PARTS_FAT) {
		rc = read_mbr(sector, size_bytes, p, e);
		if (rc == 0)
			rc = check_overlaps(p, e);
		if (!is_known(whole->content) || (rc == 0 && p->n > 0))
			return rc;
		err_clear(e);
	}
	memset(p, 0, sizeof(*p));
	p->n = 1;
	p->items[0] = *whole;
	return 0;
}

int parts_read(int fd, uint64_t size_bytes, struct parts *p, struct err *e)
{
	unsigned char sector[SECTOR_SIZE] = {0};
	struct part whole = {.size_bytes = size_bytes};
	size_t got;

	memset(p, 0, sizeof(*p));
	if (io_pread(fd, sector, sizeof(sector), 0, &got, e) < 0 ||
		read_table(fd, sector, size_bytes, p, &whole, e) < 0)
		return -1;
	for (size_t i = 0; p->table != PARTS_NONE && i < p->n; i++) {
		if (content_identify(fd, &p->items[i], e) < 0)
			return -1;
	}
	return 0;
}
