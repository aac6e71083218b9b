#include "image/ext4_size.h"

#include <stddef.h>

#define BLOCK_SIZE 4096U
#define GROW_TO_BYTES ((uint64_t)1 << 40)
#define GROW_FACTOR 16
#define DESCRIPTOR_SIZE 64U /* with the feature 64bit */

uint32_t ext4_journal_blocks(uint64_t blocks)
{
	static const struct {
		uint64_t below; /* blocks in the file system */
		uint32_t journal;
	} sizes[] = {{32768, 1024}, {262144, 4096}, {524288, 8192}, {4194304, 16384},
		{8388608, 32768}, {16777216, 65536}, {33554432, 131072}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (blocks < sizes[i].below)
			return sizes[i].journal;
	}
	return 262144;
}

uint32_t ext4_reserved_descriptor_blocks(uint64_t blocks)
{
	const uint64_t blocks_per_group = (uint64_t)8 * BLOCK_SIZE;
	/* What one block of descriptors describes. */
	const uint64_t covered = blocks_per_group * (BLOCK_SIZE / DESCRIPTOR_SIZE);
	/* The resize inode's one double-indirect block has to name them all. */
	const uint64_t max = BLOCK_SIZE / 4;
	uint64_t target = GROW_TO_BYTES / BLOCK_SIZE;

	if (blocks * GROW_FACTOR > target)
		target = blocks * GROW_FACTOR;
	uint64_t own = (blocks + covered - 1) / covered;
	uint64_t reserved = (target + covered - 1) / covered - own;
	return (uint32_t)(reserved < max ? reserved : max);
}
