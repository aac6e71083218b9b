/* Sizes that are computed: of ext4's journal and descriptors, of FAT's clusters. */
#include "image/ext4_size.h"
#include "image/fat.h"
#include "unit.h"

#define MIB ((uint64_t)1 << 20)

int main(void)
{
	unit_about("journal");
	CHECK(ext4_journal_blocks(2048) == 1024);
	CHECK(ext4_journal_blocks(769536) == 16384);
	CHECK(ext4_journal_blocks(1 << 30) == 262144);

	unit_about("descriptors to grow to 1 TiB");
	CHECK(ext4_reserved_descriptor_blocks(769536) == 127);
	CHECK(ext4_reserved_descriptor_blocks((uint64_t)1 << 28) > 1000);
	CHECK(ext4_reserved_descriptor_blocks((uint64_t)1 << 31) == 1024);

	unit_about("clusters");
	CHECK(fat_cluster_sectors(32 * MIB) == 0);
	CHECK(fat_cluster_sectors(33 * MIB) == 1);
	CHECK(fat_cluster_sectors(64 * MIB) == 1);
	CHECK(fat_cluster_sectors(100 * MIB) == 2);
	CHECK(fat_cluster_sectors(260 * MIB) == 8);
	CHECK(fat_cluster_sectors(2048 * MIB) == 8);
	return unit_done();
}
