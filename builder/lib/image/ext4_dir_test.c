#include "image/ext4_dir.h"

#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"

static struct err err;

static unsigned get16(const struct buf *b, size_t at)
{
	const unsigned char *p = (const unsigned char *)b->data + at;

	return (unsigned)(p[0] | p[1] << 8);
}

static uint32_t get32(const struct buf *b, size_t at)
{
	return get16(b, at) | (uint32_t)get16(b, at + 2) << 16;
}

/* Entries in a block, walked by their lengths; 0 when they do not end at its checksum. */
static size_t count_entries(const struct buf *b, size_t block)
{
	size_t at = block * EXT4_BLOCK_SIZE;
	size_t end = at + EXT4_BLOCK_SIZE - 12;
	size_t n = 0;

	for (; at < end; at += get16(b, at + 4), n++) {
		if (get16(b, at + 4) < 12 || get32(b, at) == 0)
			return 0;
	}
	return at == end && get16(b, at + 4) == 12 && b->data[at + 7] == (char)0xde ? n : 0;
}

/* n entries with names of name_len bytes; the hash of every `same` of them is the same. */
static struct ext4_dirent *make(size_t n, uint8_t name_len, unsigned same)
{
	struct ext4_dirent *list = mem_array(n + 1, sizeof(*list), NULL);

	for (size_t i = 0; i < n; i++) {
		char *name = malloc(256);

		snprintf(name, 256, "%0*zu", name_len, i);
		list[i] = (struct ext4_dirent){.name = name,
			.name_len = name_len,
			.ino = (uint32_t)(100 + i),
			.type = 1,
			.hash = (uint32_t)(n - i) / same * 2,
			.minor_hash = (uint32_t)i};
	}
	return list;
}

static void release(struct ext4_dirent *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)list[i].name);
	free(list);
}

static void test_linear(void)
{
	/* ".", ".." and this many entries of 20 bytes fill a block. */
	const size_t full = (EXT4_BLOCK_SIZE - 12 - 24) / 20;

	unit_about("one block");
	for (size_t n = 0; n <= full; n += full / 2) {
		cleanup_buf struct buf b = {0};
		struct ext4_dirent *list = make(n, 12, 1);
		bool indexed;

		CHECK(ext4_dir_build(list, n, 11, 2, &b, &indexed, &err) == 0 && !indexed);
		CHECK(b.len == EXT4_BLOCK_SIZE && count_entries(&b, 0) == n + 2);
		CHECK(get32(&b, 0) == 11 && get32(&b, 12) == 2);
		release(list, n);
	}
}

/* Every leaf in the table that starts at byte at; counts its entries. */
static size_t check_table(const struct buf *b, size_t at, unsigned limit, uint32_t *last_hash)
{
	size_t total = 0;
	unsigned n = get16(b, at + 2);

	CHECK(get16(b, at) == limit && n <= limit);
	for (unsigned i = 0; i < n; i++) {
		uint32_t hash = i ? get32(b, at + 8 * i) : *last_hash;

		if (hash < *last_hash)
			CHECK(!"ascending");
		*last_hash = hash;
		total += count_entries(b, get32(b, at + 8 * i + 4));
	}
	return total;
}

static void test_one_level(void)
{
	cleanup_buf struct buf b = {0};
	struct ext4_dirent *list = make(1000, 12, 1);
	uint32_t hash = 0;
	bool indexed;

	unit_about("one level");
	CHECK(ext4_dir_build(list, 1000, 11, 2, &b, &indexed, &err) == 0 && indexed);
	CHECK(b.data[28] == 1 && b.data[29] == 8 && b.data[30] == 0);
	CHECK(check_table(&b, 32, 507, &hash) == 1000);
	release(list, 1000);
}

static void test_two_levels(void)
{
	const size_t n = 20000; /* 15 a leaf */
	cleanup_buf struct buf b = {0};
	struct ext4_dirent *list = make(n, 250, 1);
	uint32_t hash = 0;
	size_t total = 0;
	bool indexed;

	unit_about("two levels");
	CHECK(ext4_dir_build(list, n, 11, 2, &b, &indexed, &err) == 0 && indexed);
	CHECK(b.data[30] == 1 && get16(&b, 34) == (n / 15 + 1 + 509) / 510);
	for (unsigned i = 0; i < get16(&b, 34); i++) {
		uint32_t block = get32(&b, 32 + 8 * i + 4);

		if (i > 0)
			hash = get32(&b, 32 + 8 * i);
		CHECK(get32(&b, (size_t)block * EXT4_BLOCK_SIZE) == 0);
		CHECK(get16(&b, (size_t)block * EXT4_BLOCK_SIZE + 4) == EXT4_BLOCK_SIZE);
		total += check_table(&b, (size_t)block * EXT4_BLOCK_SIZE + 8, 510, &hash);
	}
	CHECK(total == n);
	release(list, n);
}

static void test_collisions(void)
{
	cleanup_buf struct buf b = {0};
	struct ext4_dirent *list = make(1000, 12, 2000);
	bool indexed;

	/* One hash in all leaves: each but the first goes on from the one before. */
	unit_about("equal hashes");
	CHECK(ext4_dir_build(list, 1000, 11, 2, &b, &indexed, &err) == 0 && indexed);
	for (unsigned i = 1; i < get16(&b, 34); i++)
		CHECK(get32(&b, 32 + 8 * i) == 1);
	release(list, 1000);
}

int main(void)
{
	test_linear();
	test_one_level();
	test_two_levels();
	test_collisions();
	return unit_done();
}
