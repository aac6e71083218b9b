#include "codec/gunzip.h"

#include <stdlib.h>

#include "unit.h"

/* printf hello | gzip -n, then printf '' | gzip -n */
static const unsigned char hello[] = {0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x48, 0xcd,
	0xc9, 0xc9, 0x07, 0, 0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0};
static const unsigned char empty[] = {
	0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0};

static void test_members(void)
{
	unsigned char two[sizeof(hello) + sizeof(empty)];
	cleanup_buf struct buf out = {0};
	size_t used;

	unit_about("members, one after the other");
	memcpy(two, hello, sizeof(hello));
	memcpy(two + sizeof(hello), empty, sizeof(empty));
	CHECK(gunzip_member(two, sizeof(two), 100, &out, &used, NULL) == 0);
	CHECK(used == sizeof(hello));
	CHECK_STR(buf_str(&out), "hello");
	CHECK(gunzip_member(two + used, sizeof(two) - used, 100, &out, &used, NULL) == 0);
	CHECK(used == sizeof(empty) && out.len == 5);
}

static void test_faults(void)
{
	unsigned char bad[sizeof(hello)];
	cleanup_buf struct buf out = {0};
	struct err e = {0};
	size_t used;

	unit_about("faults");
	for (size_t len = 0; len < sizeof(hello); len++)
		CHECK(gunzip_member(hello, len, 100, &out, &used, &e) == -1 &&
			e.kind == ERR_INTEGRITY);
	for (size_t at = 16; at < sizeof(hello); at++) {
		memcpy(bad, hello, sizeof(hello));
		bad[at] ^= 1;
		CHECK(gunzip_member(bad, sizeof(bad), 100, &out, &used, &e) == -1);
	}
	CHECK(gunzip_member(hello, sizeof(hello), 5, &out, &used, &e) == 0);
	CHECK(gunzip_member(hello, sizeof(hello), 4, &out, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
}

int main(void)
{
	test_members();
	test_faults();
	return unit_done();
}
