#include "image/content.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/fat_boot.h"
#include "image/le.h"

/* All signatures but those of btrfs and of swap with large pages lie in here. */
#define HEAD_SIZE 65536u
#define BTRFS_SUPERBLOCK 65536u

struct start {
	int fd;
	uint64_t offset; /* of the part */
	uint64_t size;
	unsigned char head[HEAD_SIZE]; /* zeros after a part that is shorter */
	unsigned char page[4096];      /* for what lies further on */
};

/* Up to one page at a byte of the part; zeros where it ends. */
static int load_page(struct start *s, uint64_t at, size_t len, struct err *e)
{
	size_t got;

	memset(s->page, 0, sizeof(s->page));
	if (at >= s->size)
		return 0;
	if (len > s->size - at)
		len = (size_t)(s->size - at);
	return io_pread(s->fd, s->page, len, s->offset + at, &got, e);
}

static void set_label(struct part *part, const unsigned char *label, size_t len)
{
	memcpy(part->fs_label, label, len);
	part->fs_label[len] = 0;
}

/* An all-zero UUID is none. */
static void set_uuid(struct part *part, const unsigned char *uuid)
{
	static const unsigned char none[UUID_SIZE];

	if (memcmp(uuid, none, UUID_SIZE) != 0)
		uuid5_format(uuid, part->fs_uuid);
}

/* LUKS has its UUID as text, of which only that form is taken over. */
static void set_uuid_text(struct part *part, const unsigned char *text)
{
	for (size_t i = 0; i < UUID_TEXT_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit(text[i]))
			return;
	}
	memcpy(part->fs_uuid, text, UUID_TEXT_SIZE - 1);
}

static bool is_luks(const struct start *s, struct part *part)
{
	if (memcmp(s->head, "LUKS\xba\xbe", 6) != 0)
		return false;
	part->content = PARTS_LUKS;
	set_uuid_text(part, s->head + 168);
	if (s->head[7] == 2)
		set_label(part, s->head + 24, 48);
	return true;
}

/* A physical volume's label stands in one of the first four sectors. */
static bool is_lvm(const struct start *s, struct part *part)
{
	for (size_t at = 0; at < 2048; at += 512) {
		if (memcmp(s->head + at, "LABELONE", 8) == 0 &&
			memcmp(s->head + at + 24, "LVM2 001", 8) == 0) {
			part->content = PARTS_LVM;
			return true;
		}
	}
	return false;
}

static bool is_xfs(const struct start *s, struct part *part)
{
	if (memcmp(s->head, "XFSB", 4) != 0)
		return false;
	part->content = PARTS_XFS;
	set_uuid(part, s->head + 32);
	set_label(part, s->head + 108, 12);
	return true;
}

static bool is_squashfs(const struct start *s, struct part *part)
{
	if (memcmp(s->head, "hsqs", 4) != 0 || le_get16(s->head + 28) != 4)
		return false;
	part->content = PARTS_SQUASHFS;
	return true;
}

static bool is_ext4(const struct start *s, struct part *part)
{
	const unsigned char *super = s->head + 1024;

	if (le_get16(super + 56) != 0xef53 || le_get32(super + 24) > 6 || s->size < 2048)
		return false;
	part->content = PARTS_EXT4;
	set_uuid(part, super + 104);
	set_label(part, super + 120, 16);
	return true;
}

static int is_btrfs(struct start *s, struct part *part, bool *found, struct err *e)
{
	if (load_page(s, BTRFS_SUPERBLOCK, sizeof(s->page), e) < 0)
		return -1;
	*found = memcmp(s->page + 64, "_BHRfS_M", 8) == 0;
	if (*found) {
		part->content = PARTS_BTRFS;
		set_uuid(part, s->page + 32);
		set_label(part, s->page + 299, 256);
	}
	return 0;
}

/* The signature ends the first page, whose size depends on the machine. */
static int is_swap(struct start *s, struct part *part, bool *found, struct err *e)
{
	for (uint32_t page_size = 4096; page_size <= 65536; page_size *= 2) {
		if (load_page(s, page_size - 10, 10, e) < 0)
			return -1;
		*found = memcmp(s->page, "SWAPSPACE2", 10) == 0;
		if (*found) {
			part->content = PARTS_SWAP;
			set_uuid(part, s->head + 1024 + 12);
			set_label(part, s->head + 1024 + 28, 16);
			return 0;
		}
	}
	return 0;
}

/* The root directory's label, when it stands in the first cluster, comes before the boot
 * sector's. */
static int find_fat_label(
	struct start *s, const struct fat_boot *b, struct part *part, struct err *e)
{
	uint64_t at = b->bits == 32 ? fat_boot_cluster(b, b->root_cluster) : b->root_offset;
	uint64_t len = b->bits == 32 ? b->cluster_size : b->root_len;
	char label[FAT_LABEL_SIZE + 1];

	memcpy(part->fs_label, b->label, sizeof(b->label));
	for (uint64_t done = 0; done < len; done += sizeof(s->page)) {
		if (load_page(s, at + done, sizeof(s->page), e) < 0)
			return -1;
		for (size_t i = 0; i < sizeof(s->page) && done + i < len; i += FAT_ENTRY_SIZE) {
			const unsigned char *entry = s->page + i;

			if (entry[0] == 0)
				return 0;
			if (entry[0] == 0xe5 || (entry[11] & 0x3f) == 0x0f ||
				(entry[11] & 0x18) != 0x08)
				continue;
			fat_boot_label(label, entry);
			memcpy(part->fs_label, label, sizeof(label));
			return 0;
		}
	}
	return 0;
}

static int is_fat(struct start *s, struct part *part, bool *found, struct err *e)
{
	struct fat_boot b;

	*found = fat_boot_parse(&b, s->head, s->size, NULL) == 0;
	if (!*found)
		return 0;
	part->content = PARTS_FAT;
	if (b.serial)
		snprintf(part->fs_uuid, sizeof(part->fs_uuid), "%04X-%04X", b.serial >> 16,
			b.serial & 0xffff);
	return find_fat_label(s, &b, part, e);
}

static int identify(struct start *s, struct part *part, struct err *e)
{
	size_t want = s->size < HEAD_SIZE ? (size_t)s->size : HEAD_SIZE;
	size_t got;
	bool found;

	if (io_pread(s->fd, s->head, want, s->offset, &got, e) < 0)
		return -1;
	if (is_luks(s, part) || is_lvm(s, part) || is_xfs(s, part) || is_squashfs(s, part) ||
		is_ext4(s, part))
		return 0;
	if (is_btrfs(s, part, &found, e) < 0 || (!found && is_swap(s, part, &found, e) < 0) ||
		(!found && is_fat(s, part, &found, e) < 0))
		return -1;
	if (!found && s->head[0] == 0 && memcmp(s->head, s->head + 1, HEAD_SIZE - 1) == 0)
		part->content = PARTS_EMPTY;
	return 0;
}

int content_identify(int fd, struct part *part, struct err *e)
{
	cleanup_free struct start *s = mem_zalloc(sizeof(*s), e);

	if (!s)
		return -1;
	s->fd = fd;
	s->offset = part->start_bytes;
	s->size = part->size_bytes;
	part->content = PARTS_UNKNOWN;
	part->fs_uuid[0] = 0;
	part->fs_label[0] = 0;
	return identify(s, part, e);
}
