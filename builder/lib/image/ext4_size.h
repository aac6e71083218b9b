/* Sizes that follow from the size of an ext4 file system of 4 KiB blocks. Pure functions. */
#ifndef KILN_IMAGE_EXT4_SIZE_H
#define KILN_IMAGE_EXT4_SIZE_H

#include <stdint.h>

/* Blocks for the journal: the steps that mke2fs takes, up to 1 GiB. */
uint32_t ext4_journal_blocks(uint64_t blocks);

/* Group descriptor blocks to set aside so that the mounted file system can grow to 1 TiB, or to
 * 16 times its size where that is more. */
uint32_t ext4_reserved_descriptor_blocks(uint64_t blocks);

#endif
