#include "image/parts_gpt.h"

#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "codec/deflate.h"
#include "image/le.h"
#include "image/utf16.h"

#define SECTOR_SIZE 512u
#define TABLE_MAX (1u << 20) /* bytes of entries; 16 KiB are usual */

/* Offsets in the header (table 5.5) and in an entry (table 5.6). */
enum {
	H_REVISION = 8,
	H_SIZE = 12,
	H_CRC = 16,
	H_MY_LBA = 24,
	H_ALTERNATE_LBA = 32,
	H_FIRST_LBA = 40,
	H_LAST_LBA = 48,
	H_GUID = 56,
	H_ENTRIES_LBA = 72,
	H_N_ENTRIES = 80,
	H_ENTRY_SIZE = 84,
	H_ENTRIES_CRC = 88,
	H_MIN = 92,
	E_TYPE = 0,
	E_GUID = 16,
	E_FIRST = 32,
	E_LAST = 40,
	E_NAME = 56,
	E_NAME_UNITS = 36,
	E_MIN = 128,
};

struct table {
	uint64_t sectors; /* of the disk */
	uint64_t first, last;
	uint64_t entries_lba;
	uint32_t n, entry_size, entries_crc;
};

static int malformed(const char *what, struct err *e)
{
	return err_set(
		e, ERR_FORMAT, "GUID partition table: %s; repair it with 'sgdisk --verify'", what);
}

/* The first three fields are little-endian numbers; text has them the other way round. */
static void format_guid(const unsigned char *guid, char text[UUID_TEXT_SIZE])
{
	static const unsigned char order[UUID_SIZE] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	unsigned char uuid[UUID_SIZE];

	for (size_t i = 0; i < UUID_SIZE; i++)
		uuid[i] = guid[order[i]];
	uuid5_format(uuid, text);
}

static int check_crc(unsigned char *header, struct err *e)
{
	uint32_t len = le_get32(header + H_SIZE);
	uint32_t crc = le_get32(header + H_CRC);

	if (memcmp(header, "EFI PART", 8) != 0)
		return malformed("no header, although the MBR announces one", e);
	if (le_get32(header + H_REVISION) != 0x10000)
		return malformed("unknown revision", e);
	if (len < H_MIN || len > SECTOR_SIZE)
		return malformed("header size out of range", e);
	memset(header + H_CRC, 0, 4);
	return deflate_crc32(header, len) == crc ? 0
						 : malformed("the header's checksum is wrong", e);
}

static int parse_header(struct table *t, unsigned char *header, struct err *e)
{
	if (check_crc(header, e) < 0)
		return -1;
	t->first = le_get64(header + H_FIRST_LBA);
	t->last = le_get64(header + H_LAST_LBA);
	t->entries_lba = le_get64(header + H_ENTRIES_LBA);
	t->n = le_get32(header + H_N_ENTRIES);
	t->entry_size = le_get32(header + H_ENTRY_SIZE);
	t->entries_crc = le_get32(header + H_ENTRIES_CRC);
	if (le_get64(header + H_MY_LBA) != 1)
		return malformed("the header is not where it says it is", e);
	if (t->entry_size < E_MIN || t->entry_size > 4096 || t->entry_size % 8)
		return malformed("entry size out of range", e);
	if (t->n == 0 || t->n > TABLE_MAX / t->entry_size)
		return malformed("number of entries out of range", e);
	if (t->first > t->last || t->entries_lba < 2)
		return malformed("sectors out of order", e);
	uint64_t alternate = le_get64(header + H_ALTERNATE_LBA);
	if (t->last >= t->sectors || alternate >= t->sectors || t->entries_lba >= t->sectors ||
		(uint64_t)t->n * t->entry_size > (t->sectors - t->entries_lba) * SECTOR_SIZE)
		return err_set(e, ERR_INTEGRITY,
			"cut off: the partition table is for a disk of at least %llu sectors, this "
			"one has %llu",
			(unsigned long long)(alternate > t->last ? alternate : t->last) + 1,
			(unsigned long long)t->sectors);
	return 0;
}

static int parse_entry(const struct table *t, const unsigned char *entry, unsigned number,
	struct parts *p, struct err *e)
{
	uint64_t first = le_get64(entry + E_FIRST);
	uint64_t last = le_get64(entry + E_LAST);
	uint16_t name[E_NAME_UNITS];

	if (p->n == PARTS_MAX)
		return err_set(e, ERR_UNSUPPORTED, "more than %d partitions", PARTS_MAX);
	if (first > last || first < t->first || last > t->last)
		return err_set(
			e, ERR_FORMAT, "partition %u: lies outside the disk's usable part", number);
	struct part *part = &p->items[p->n++];
	part->number = number;
	part->start_bytes = first * SECTOR_SIZE;
	part->size_bytes = (last - first + 1) * SECTOR_SIZE;
	format_guid(entry + E_TYPE, part->type);
	format_guid(entry + E_GUID, part->uuid);
	for (size_t i = 0; i < E_NAME_UNITS; i++)
		name[i] = le_get16(entry + E_NAME + i * 2);
	if (utf16_to_utf8(name, E_NAME_UNITS, part->name, NULL, e) < 0)
		return err_prefix(e, "partition %u", number);
	return 0;
}

static int parse_entries(
	const struct table *t, const unsigned char *entries, struct parts *p, struct err *e)
{
	static const unsigned char unused[UUID_SIZE];

	for (uint32_t i = 0; i < t->n; i++) {
		const unsigned char *entry = entries + (size_t)i * t->entry_size;

		if (memcmp(entry + E_TYPE, unused, UUID_SIZE) != 0 &&
			parse_entry(t, entry, i + 1, p, e) < 0)
			return -1;
	}
	return 0;
}

int parts_gpt_read(int fd, uint64_t size_bytes, struct parts *p, struct err *e)
{
	struct table t = {.sectors = size_bytes / SECTOR_SIZE};
	unsigned char header[SECTOR_SIZE];

	if (t.sectors < 3)
		return err_set(e, ERR_INTEGRITY, "cut off: ends within the partition table");
	if (io_pread_full(fd, header, sizeof(header), SECTOR_SIZE, e) < 0 ||
		parse_header(&t, header, e) < 0)
		return -1;

	size_t len = (size_t)t.n * t.entry_size;
	cleanup_free unsigned char *entries = mem_zalloc(len, e);
	if (!entries || io_pread_full(fd, entries, len, t.entries_lba * SECTOR_SIZE, e) < 0)
		return -1;
	if (deflate_crc32(entries, len) != t.entries_crc)
		return malformed("the entries' checksum is wrong", e);
	p->table = PARTS_GPT;
	format_guid(header + H_GUID, p->disk_uuid);
	return parse_entries(&t, entries, p, e);
}
