#include "image/ext4_fs.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/crc32c.h"

#define SUPER_OFFSET 1024
#define SUPER_SIZE 1024
#define MAGIC 0xef53
#define CRC_START 0xffffffffu

#define STATE_VALID 1
#define STATE_ERROR 2

#define COMPAT_HAS_JOURNAL 0x4

#define INCOMPAT_RECOVER 0x4
#define INCOMPAT_META_BG 0x10
#define INCOMPAT_64BIT 0x80
#define INCOMPAT_CSUM_SEED 0x2000
#define INCOMPAT_LARGEDIR 0x4000

#define RO_COMPAT_SPARSE_SUPER 0x1
#define RO_COMPAT_METADATA_CSUM 0x400

/* filetype, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, inline_data,
 * encrypt (files that are encrypted are refused one by one) and casefold; needs_recovery is looked
 * at first. */
#define INCOMPAT_KNOWN                                                                           \
	(0x2u | 0x10u | 0x40u | 0x80u | 0x100u | 0x200u | 0x400u | 0x2000u | 0x4000u | 0x8000u | \
		0x10000u | 0x20000u)

static const struct {
	uint32_t bit;
	const char *name;
} unknown_features[] = {{0x1, "compression"}, {0x8, "journal_dev"}, {0x1000, "dirdata"}};

static int check_state(
	const unsigned char *super, uint32_t compat, uint32_t incompat, struct err *e)
{
	unsigned state = ext4_le16(super + 0x3a);

	if (incompat & INCOMPAT_RECOVER)
		return err_set(e, ERR_FORMAT,
			"ext4: the journal was not replayed: the system was not shut down; start "
			"and stop it once, or run e2fsck -fp on a copy");
	if (state & STATE_ERROR)
		return err_set(e, ERR_FORMAT,
			"ext4: the kernel has found errors in it; run e2fsck -f on a copy");
	if (!(compat & COMPAT_HAS_JOURNAL) && !(state & STATE_VALID))
		return err_set(
			e, ERR_FORMAT, "ext4: it was not unmounted; run e2fsck -fp on a copy");
	return 0;
}

static int check_features(uint32_t incompat, struct err *e)
{
	uint32_t unknown = incompat & ~(uint32_t)INCOMPAT_KNOWN;

	for (size_t i = 0; i < sizeof(unknown_features) / sizeof(unknown_features[0]); i++) {
		if (unknown & unknown_features[i].bit)
			return err_set(e, ERR_UNSUPPORTED, "ext4: the feature %s",
				unknown_features[i].name);
	}
	if (unknown)
		return err_set(
			e, ERR_UNSUPPORTED, "ext4: features that are not known (0x%x)", unknown);
	return 0;
}

/* Numbers that the geometry is made of. */
static int read_geometry(struct ext4_fs *fs, const unsigned char *super, struct err *e)
{
	uint32_t log_block_size = ext4_le32(super + 0x18);
	bool dynamic = ext4_le32(super + 0x4c) > 0;

	if (log_block_size > 6)
		return err_set(e, ERR_FORMAT, "ext4: the block size is wrong");
	fs->block_size = 1024u << log_block_size;
	fs->inodes = ext4_le32(super);
	fs->blocks = ext4_le32(super + 4);
	fs->first_data_block = ext4_le32(super + 0x14);
	fs->blocks_per_group = ext4_le32(super + 0x20);
	fs->inodes_per_group = ext4_le32(super + 0x28);
	fs->first_ino = dynamic ? ext4_le32(super + 0x54) : 11;
	fs->inode_size = dynamic ? ext4_le16(super + 0x58) : 128;
	fs->first_meta_bg = ext4_le32(super + 0x104);
	fs->desc_size = 32;
	if (fs->incompat & INCOMPAT_64BIT) {
		fs->blocks |= (uint64_t)ext4_le32(super + 0x150) << 32;
		fs->desc_size = ext4_le16(super + 0xfe);
	}
	if (fs->inode_size > EXT4_INODE_SIZE_MAX && fs->inode_size <= fs->block_size)
		return err_set(e, ERR_UNSUPPORTED, "ext4: inodes of %u bytes", fs->inode_size);
	if (fs->inode_size < 128 || (fs->inode_size & (fs->inode_size - 1)) ||
		fs->inode_size > fs->block_size || fs->desc_size < 32 ||
		fs->desc_size > fs->block_size || (fs->desc_size & (fs->desc_size - 1)) ||
		fs->first_data_block > 1 || fs->blocks <= fs->first_data_block ||
		fs->blocks_per_group == 0 || fs->inodes_per_group == 0 ||
		fs->inodes < EXT4_ROOT_INO || fs->first_ino <= EXT4_ROOT_INO)
		return err_set(e, ERR_FORMAT, "ext4: the superblock is malformed");
	return 0;
}

/* There must be a group for each inode and the blocks must be in the partition. */
static int check_geometry(const struct ext4_fs *fs, uint64_t size_bytes, struct err *e)
{
	uint64_t groups = (fs->blocks - fs->first_data_block + fs->blocks_per_group - 1) /
			  fs->blocks_per_group;

	if (fs->blocks > size_bytes / fs->block_size)
		return err_set(e, ERR_FORMAT,
			"ext4: the file system is larger than its partition: %llu blocks of %u "
			"bytes in %llu bytes",
			(unsigned long long)fs->blocks, fs->block_size,
			(unsigned long long)size_bytes);
	if ((fs->inodes - 1) / fs->inodes_per_group >= groups)
		return err_set(e, ERR_FORMAT, "ext4: the superblock is malformed");
	return 0;
}

static int check_super(struct ext4_fs *fs, unsigned char super[SUPER_SIZE], struct err *e)
{
	fs->checksums = fs->ro_compat & RO_COMPAT_METADATA_CSUM;
	if (!fs->checksums)
		return 0;
	if (super[0x175] != 1)
		return err_set(e, ERR_UNSUPPORTED, "ext4: checksums of type %u", super[0x175]);
	if (crc32c(CRC_START, super, 0x3fc) != ext4_le32(super + 0x3fc))
		return err_set(e, ERR_FORMAT, "ext4: the superblock's checksum is wrong");
	fs->seed = fs->incompat & INCOMPAT_CSUM_SEED ? ext4_le32(super + 0x270)
						     : crc32c(CRC_START, super + 0x68, 16);
	return 0;
}

int ext4_fs_open(
	struct ext4_fs *fs, int fd, uint64_t offset_bytes, uint64_t size_bytes, struct err *e)
{
	unsigned char super[SUPER_SIZE];

	*fs = (struct ext4_fs){.fd = fd, .offset_bytes = offset_bytes};
	if (size_bytes < SUPER_OFFSET + SUPER_SIZE || offset_bytes > UINT64_MAX - size_bytes)
		return err_set(e, ERR_FORMAT, "ext4: the partition is too small");
	if (io_pread_full(fd, super, sizeof(super), offset_bytes + SUPER_OFFSET, e) < 0)
		return err_prefix(e, "ext4: read the superblock");
	if (ext4_le16(super + 0x38) != MAGIC)
		return err_set(e, ERR_FORMAT, "ext4: there is no superblock");
	uint32_t compat = 0;
	if (ext4_le32(super + 0x4c) > 0) {
		compat = ext4_le32(super + 0x5c);
		fs->incompat = ext4_le32(super + 0x60);
		fs->ro_compat = ext4_le32(super + 0x64);
	}
	if (check_super(fs, super, e) < 0 || check_state(super, compat, fs->incompat, e) < 0 ||
		check_features(fs->incompat, e) < 0 || read_geometry(fs, super, e) < 0 ||
		check_geometry(fs, size_bytes, e) < 0)
		return -1;
	fs->claimed = mem_array((size_t)(fs->blocks / 64 + 1), sizeof(*fs->claimed), e);
	fs->desc = mem_zalloc(fs->block_size, e);
	fs->table = mem_zalloc(fs->block_size, e);
	return fs->claimed && fs->desc && fs->table ? 0 : -1;
}

void ext4_fs_close(struct ext4_fs *fs)
{
	free(fs->claimed);
	free(fs->desc);
	free(fs->table);
}

int ext4_fs_check(const struct ext4_fs *fs, uint64_t block, uint64_t n, struct err *e)
{
	if (block <= fs->first_data_block || block >= fs->blocks || n > fs->blocks - block)
		return err_set(e, ERR_FORMAT, "block %llu is outside the file system",
			(unsigned long long)block);
	return 0;
}

int ext4_fs_claim(struct ext4_fs *fs, uint64_t block, uint64_t n, struct err *e)
{
	if (ext4_fs_check(fs, block, n, e) < 0)
		return -1;
	for (; n > 0; block++, n--) {
		uint64_t bit = (uint64_t)1 << (block % 64);

		if (fs->claimed[block / 64] & bit)
			return err_set(e, ERR_FORMAT, "block %llu is used twice",
				(unsigned long long)block);
		fs->claimed[block / 64] |= bit;
	}
	return 0;
}

int ext4_fs_block(const struct ext4_fs *fs, uint64_t block, unsigned char *data, struct err *e)
{
	if (ext4_fs_check(fs, block, 1, e) < 0)
		return -1;
	if (io_pread_full(
		    fs->fd, data, fs->block_size, fs->offset_bytes + block * fs->block_size, e) < 0)
		return err_prefix(e, "block %llu", (unsigned long long)block);
	return 0;
}

static bool is_power_of(uint64_t n, uint64_t base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

static bool has_super(const struct ext4_fs *fs, uint64_t group)
{
	if (group <= 1 || !(fs->ro_compat & RO_COMPAT_SPARSE_SUPER))
		return true;
	return is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

/* Where block number i of the group descriptors is. */
static uint64_t desc_location(const struct ext4_fs *fs, uint64_t i)
{
	if (!(fs->incompat & INCOMPAT_META_BG) || i < fs->first_meta_bg)
		return (fs->block_size == 1024 ? 2 : 1) + i;
	uint64_t group = i * (fs->block_size / fs->desc_size);
	return fs->first_data_block + group * fs->blocks_per_group + has_super(fs, group);
}

static int check_desc(
	const struct ext4_fs *fs, uint32_t group, const unsigned char *desc, struct err *e)
{
	static const unsigned char zeros[2];
	unsigned char number[4] = {(unsigned char)group, (unsigned char)(group >> 8),
		(unsigned char)(group >> 16), (unsigned char)(group >> 24)};

	if (!fs->checksums)
		return 0;
	uint32_t crc = crc32c(crc32c(fs->seed, number, 4), desc, 0x1e);
	crc = crc32c(crc32c(crc, zeros, 2), desc + 0x20, fs->desc_size - 0x20);
	if ((crc & 0xffff) != ext4_le16(desc + 0x1e))
		return err_set(
			e, ERR_FORMAT, "the checksum of group descriptor %u is wrong", group);
	return 0;
}

/* The block where the inode table of a group starts. */
static int find_table(struct ext4_fs *fs, uint32_t group, uint64_t *table, struct err *e)
{
	uint32_t per_block = fs->block_size / fs->desc_size;
	uint64_t block = desc_location(fs, group / per_block);

	if (block != fs->desc_block) {
		fs->desc_block = 0;
		if (ext4_fs_block(fs, block, fs->desc, e) < 0)
			return err_prefix(e, "group descriptor %u", group);
		fs->desc_block = block;
	}
	const unsigned char *desc = fs->desc + (size_t)(group % per_block) * fs->desc_size;
	*table = ext4_le32(desc + 8);
	if (fs->desc_size >= 64)
		*table |= (uint64_t)ext4_le32(desc + 0x28) << 32;
	return check_desc(fs, group, desc, e);
}

/* --- inodes --- */

static int check_inode(const struct ext4_fs *fs, struct ext4_inode *inode, struct err *e)
{
	unsigned char *raw = inode->raw;
	unsigned char number[4] = {(unsigned char)inode->ino, (unsigned char)(inode->ino >> 8),
		(unsigned char)(inode->ino >> 16), (unsigned char)(inode->ino >> 24)};
	bool high = inode->extra_offset >= 0x84;
	uint32_t want = ext4_le16(raw + 0x7c);

	if (!fs->checksums)
		return 0;
	inode->seed = crc32c(crc32c(fs->seed, number, 4), raw + 0x64, 4);
	memset(raw + 0x7c, 0, 2);
	if (high) {
		want |= (uint32_t)ext4_le16(raw + 0x82) << 16;
		memset(raw + 0x82, 0, 2);
	}
	uint32_t crc = crc32c(inode->seed, raw, fs->inode_size);
	if ((high ? crc : crc & 0xffff) != want)
		return err_set(e, ERR_FORMAT, "the checksum of inode %u is wrong", inode->ino);
	return 0;
}

static void read_time(struct ext4_inode *inode)
{
	const unsigned char *raw = inode->raw;

	inode->mtime_s = (int32_t)ext4_le32(raw + 0x10);
	inode->mtime_ns = 0;
	if (inode->extra_offset >= 0x8c) {
		uint32_t extra = ext4_le32(raw + 0x88);

		inode->mtime_s += (int64_t)(extra & 3) << 32;
		inode->mtime_ns = extra >> 2;
	}
}

static int decode_inode(const struct ext4_fs *fs, struct ext4_inode *inode, struct err *e)
{
	const unsigned char *raw = inode->raw;

	inode->extra_offset = 128;
	if (fs->inode_size > 128)
		inode->extra_offset += ext4_le16(raw + 0x80);
	if (inode->extra_offset % 4 || inode->extra_offset > fs->inode_size)
		return err_set(e, ERR_FORMAT, "inode %u is malformed", inode->ino);
	if (check_inode(fs, inode, e) < 0)
		return -1;
	inode->mode = ext4_le16(raw);
	inode->uid = ext4_le16(raw + 2) | (uint32_t)ext4_le16(raw + 0x78) << 16;
	inode->gid = ext4_le16(raw + 0x18) | (uint32_t)ext4_le16(raw + 0x7a) << 16;
	inode->flags = ext4_le32(raw + 0x20);
	inode->size = ext4_le32(raw + 4);
	if ((inode->mode & 0170000) == 0100000 || (fs->incompat & INCOMPAT_LARGEDIR))
		inode->size |= (uint64_t)ext4_le32(raw + 0x6c) << 32;
	inode->xattr_block = ext4_le32(raw + 0x68);
	if (fs->incompat & INCOMPAT_64BIT)
		inode->xattr_block |= (uint64_t)ext4_le16(raw + 0x76) << 32;
	read_time(inode);
	if (ext4_le16(raw + 0x1a) == 0)
		return err_set(e, ERR_FORMAT, "inode %u is deleted", inode->ino);
	return 0;
}

int ext4_fs_inode(struct ext4_fs *fs, uint32_t ino, struct ext4_inode *inode, struct err *e)
{
	uint64_t table = 0;

	if (ino == 0 || ino > fs->inodes)
		return err_set(e, ERR_FORMAT, "there is no inode %u", ino);
	uint32_t group = (ino - 1) / fs->inodes_per_group;
	uint64_t at = (uint64_t)((ino - 1) % fs->inodes_per_group) * fs->inode_size;
	if (find_table(fs, group, &table, e) < 0)
		return -1;
	uint64_t block = table + at / fs->block_size;
	if (block != fs->table_block) {
		fs->table_block = 0;
		if (ext4_fs_check(fs, table, at / fs->block_size + 1, e) < 0 ||
			ext4_fs_block(fs, block, fs->table, e) < 0)
			return err_prefix(e, "inode %u", ino);
		fs->table_block = block;
	}
	inode->ino = ino;
	memcpy(inode->raw, fs->table + at % fs->block_size, fs->inode_size);
	return decode_inode(fs, inode, e);
}
