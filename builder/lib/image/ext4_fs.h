/* Reading the parts of an ext2, ext3 or ext4 file system: superblock, group descriptors, blocks and
 * inodes, each held to its bounds and, with metadata_csum, to its checksum. Specification: Linux,
 * Documentation/filesystems/ext4. Nothing is taken from the file system on trust.
 *
 * Errors of all functions: ERR_FORMAT for what is damaged, ERR_IO. One thread a file system. */
#ifndef KILN_IMAGE_EXT4_FS_H
#define KILN_IMAGE_EXT4_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define EXT4_ROOT_INO 2
#define EXT4_INODE_SIZE_MAX 4096

enum ext4_inode_flag {
	EXT4_FLAG_ENCRYPT = 0x800,
	EXT4_FLAG_INDEX = 0x1000,
	EXT4_FLAG_EXTENTS = 0x80000,
	EXT4_FLAG_VERITY = 0x100000,
	EXT4_FLAG_EA_INODE = 0x200000,
	EXT4_FLAG_INLINE_DATA = 0x10000000,
};

struct ext4_fs {
	int fd;
	uint64_t offset_bytes; /* in fd */
	uint64_t blocks;
	uint32_t block_size;
	uint32_t first_data_block;
	uint32_t blocks_per_group;
	uint32_t inodes_per_group;
	uint32_t inodes;
	uint32_t first_ino; /* the first that is not reserved */
	uint32_t inode_size;
	uint32_t desc_size;
	uint32_t first_meta_bg;
	uint32_t incompat;
	uint32_t ro_compat;
	bool checksums;       /* metadata_csum */
	uint32_t seed;        /* of the checksums */
	uint64_t *claimed;    /* a bit for each block that belongs to a file */
	unsigned char *desc;  /* a block of group descriptors, desc_block */
	uint64_t desc_block;  /* 0: none yet */
	unsigned char *table; /* a block of an inode table, table_block */
	uint64_t table_block;
};

struct ext4_inode {
	uint32_t ino;
	mode_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t flags; /* ext4_inode_flag */
	uint64_t size;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t xattr_block;                   /* 0: none */
	uint32_t seed;                          /* of the checksums of what belongs to it */
	size_t extra_offset;                    /* in raw: behind the fields that are known */
	unsigned char raw[EXT4_INODE_SIZE_MAX]; /* inode_size bytes as on disk */
};

/* The map, or the contents, of an inode: 60 bytes. */
#define EXT4_INODE_MAP 40
#define EXT4_INODE_MAP_SIZE 60

static inline uint16_t ext4_le16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t ext4_le32(const unsigned char *p)
{
	return ext4_le16(p) | (uint32_t)ext4_le16(p + 2) << 16;
}

/* Open the file system that has size_bytes at offset_bytes of fd, which stays the caller's. Errors
 * beside those above: ERR_FORMAT with the remedy when its journal was not replayed or errors are
 * noted in it; ERR_UNSUPPORTED for features that change how it is read and are not known. The
 * caller calls ext4_fs_close() in any case. */
int ext4_fs_open(
	struct ext4_fs *fs, int fd, uint64_t offset_bytes, uint64_t size_bytes, struct err *e);
void ext4_fs_close(struct ext4_fs *fs);

/* Read one block into block_size bytes. */
int ext4_fs_block(const struct ext4_fs *fs, uint64_t block, unsigned char *data, struct err *e);

/* Hold n blocks to the bounds. */
int ext4_fs_check(const struct ext4_fs *fs, uint64_t block, uint64_t n, struct err *e);

/* The same, and make them belong to a file; ERR_FORMAT if one of them does already. */
int ext4_fs_claim(struct ext4_fs *fs, uint64_t block, uint64_t n, struct err *e);

/* Read an inode that is in use. */
int ext4_fs_inode(struct ext4_fs *fs, uint32_t ino, struct ext4_inode *inode, struct err *e);

#endif
