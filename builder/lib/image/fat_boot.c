#include "image/fat_boot.h"

#include <stdbool.h>
#include <string.h>

#include "image/le.h"

/* Offsets ("BPB Structure", and what FAT12/16 and FAT32 add). */
enum {
	B_SECTOR_SIZE = 11,
	B_CLUSTER_SECTORS = 13,
	B_RESERVED = 14,
	B_N_FATS = 16,
	B_ROOT_ENTRIES = 17,
	B_SECTORS16 = 19,
	B_MEDIA = 21,
	B_FAT_SECTORS16 = 22,
	B_SECTORS32 = 32,
	B_SIGNATURE16 = 38,
	B_SERIAL16 = 39,
	B_LABEL16 = 43,
	B_FAT_SECTORS32 = 36,
	B_FLAGS32 = 40,
	B_ROOT_CLUSTER = 44,
	B_SIGNATURE32 = 66,
	B_SERIAL32 = 67,
	B_LABEL32 = 71,
	B_END = 510,
};

static int malformed(const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "not a FAT file system, or a malformed one: %s", what);
}

static bool is_power_of_2(uint32_t v)
{
	return v && (v & (v - 1)) == 0;
}

void fat_boot_label(char label[FAT_LABEL_SIZE + 1], const unsigned char field[FAT_LABEL_SIZE])
{
	size_t len = FAT_LABEL_SIZE;

	memset(label, 0, FAT_LABEL_SIZE + 1);
	if (memcmp(field, "NO NAME    ", FAT_LABEL_SIZE) == 0)
		return;
	while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == 0))
		len--;
	memcpy(label, field, len);
}

/* Serial number and label stand behind a signature, and elsewhere in FAT32. */
static void parse_identity(struct fat_boot *b, const unsigned char *data)
{
	bool fat32 = b->bits == 32;
	unsigned char signature = data[fat32 ? B_SIGNATURE32 : B_SIGNATURE16];

	if (signature == 0x28 || signature == 0x29)
		b->serial = le_get32(data + (fat32 ? B_SERIAL32 : B_SERIAL16));
	if (signature == 0x29)
		fat_boot_label(b->label, data + (fat32 ? B_LABEL32 : B_LABEL16));
}

/* The numbers that need no others. */
static int check_fields(const unsigned char *data, struct err *e)
{
	uint32_t sector_size = le_get16(data + B_SECTOR_SIZE);
	unsigned char media = data[B_MEDIA];

	if (data[B_END] != 0x55 || data[B_END + 1] != 0xaa)
		return malformed("no boot signature", e);
	if (!is_power_of_2(sector_size) || sector_size < 512 || sector_size > 4096)
		return malformed("sector size", e);
	if (!is_power_of_2(data[B_CLUSTER_SECTORS]))
		return malformed("cluster size", e);
	if (le_get16(data + B_RESERVED) == 0)
		return malformed("reserved sectors", e);
	if (data[B_N_FATS] == 0 || data[B_N_FATS] > 4)
		return malformed("number of FATs", e);
	if (media != 0xf0 && media < 0xf8)
		return malformed("media type", e);
	return 0;
}

/* Where FAT, root directory and data lie; in sectors. */
struct layout {
	uint64_t sectors, fat_sectors, root_start, data_start;
	uint32_t active_fat;
};

static int parse_layout(struct layout *l, const unsigned char *data, uint32_t sector_size,
	bool fat32, struct err *e)
{
	uint32_t root_bytes = le_get16(data + B_ROOT_ENTRIES) * (uint32_t)FAT_ENTRY_SIZE;
	uint16_t flags = le_get16(data + B_FLAGS32);

	l->sectors = le_get16(data + B_SECTORS16);
	if (l->sectors == 0)
		l->sectors = le_get32(data + B_SECTORS32);
	l->fat_sectors =
		fat32 ? le_get32(data + B_FAT_SECTORS32) : le_get16(data + B_FAT_SECTORS16);
	/* "Bit 7: 0 means the FAT is mirrored at runtime into all FATs, 1 means only one is
	 * active." */
	l->active_fat = fat32 && flags & 0x80 ? flags & 0xf : 0;
	if (fat32 == (root_bytes != 0))
		return malformed("root directory", e);
	if (l->fat_sectors == 0 || l->active_fat >= data[B_N_FATS])
		return malformed("FAT", e);
	l->root_start = le_get16(data + B_RESERVED) + data[B_N_FATS] * l->fat_sectors;
	l->data_start = l->root_start + (root_bytes + sector_size - 1) / sector_size;
	if (l->data_start >= l->sectors)
		return malformed("no room for data", e);
	return 0;
}

int fat_boot_parse(struct fat_boot *b, const unsigned char data[FAT_BOOT_SIZE], uint64_t size_bytes,
	struct err *e)
{
	bool fat32 = le_get16(data + B_FAT_SECTORS16) == 0;
	uint32_t sector_size = le_get16(data + B_SECTOR_SIZE);
	struct layout l = {0};

	memset(b, 0, sizeof(*b));
	if (check_fields(data, e) < 0 || parse_layout(&l, data, sector_size, fat32, e) < 0)
		return -1;
	if (l.sectors > size_bytes / sector_size)
		return malformed("larger than its partition", e);
	uint64_t clusters = (l.sectors - l.data_start) / data[B_CLUSTER_SECTORS];
	b->bits = fat32 ? 32 : clusters < 4085 ? 12 : 16;
	if (clusters == 0 || clusters > (fat32 ? 0x0ffffff5u : 65524u))
		return malformed("number of clusters", e);
	b->clusters = (uint32_t)clusters;
	b->cluster_size = sector_size * data[B_CLUSTER_SECTORS];
	b->fat_offset = (le_get16(data + B_RESERVED) + l.active_fat * l.fat_sectors) * sector_size;
	b->fat_len = ((clusters + 2) * b->bits + 7) / 8;
	if (b->fat_len > l.fat_sectors * sector_size)
		return malformed("FAT smaller than the disk needs", e);
	b->root_offset = l.root_start * sector_size;
	b->root_len = le_get16(data + B_ROOT_ENTRIES) * (uint64_t)FAT_ENTRY_SIZE;
	b->data_offset = l.data_start * sector_size;
	if (fat32) {
		b->root_cluster = le_get32(data + B_ROOT_CLUSTER);
		if (b->root_cluster < 2 || b->root_cluster - 2 >= b->clusters)
			return malformed("root directory", e);
	}
	parse_identity(b, data);
	return 0;
}
