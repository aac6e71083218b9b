/* The blocks of an ext4 directory, linear or hashed (Linux, Documentation/filesystems/ext4,
 * "Directory Entries" and "Hash Tree Directories"), with room for metadata_csum's checksums. */
#ifndef KILN_IMAGE_EXT4_DIR_H
#define KILN_IMAGE_EXT4_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define EXT4_BLOCK_SIZE 4096

struct ext4_dirent {
	const char *name;
	uint32_t ino;
	uint32_t hash; /* half MD4 of the name with the file system's seed, lowest bit 0 */
	uint32_t minor_hash;
	uint8_t name_len;
	uint8_t type; /* ext4_dirent_type() */
};

/* ext4's number for the file type in mode: regular, directory, link, device or else FIFO. */
uint8_t ext4_dirent_type(mode_t mode);

/* Append the blocks of directory self, which has these entries beside "." and "..". One block is
 * linear; more get a hash tree, *indexed tells. entries are sorted by hash then, else as given.
 * The checksums are left 0. Errors: ERR_UNSUPPORTED with more entries than two levels hold
 * (several million); ERR_INTERNAL. */
int ext4_dir_build(struct ext4_dirent *entries, size_t n, uint32_t self, uint32_t parent,
	struct buf *blocks, bool *indexed, struct err *e);

#endif
