#include "codec/deflate_zlib.h"

#define ZLIB_CONST
#include <zlib.h>

#include "codec/deflate.h"
#include "unit.h"

enum { SIZE = 65536 };

static unsigned char plain[SIZE], packed[SIZE * 2];

/* Words far apart: matches at all distances. */
static void fill(void)
{
	static const char *const words[] = {"kernel ", "module ", "/usr/lib/", "0123456789", "\n"};
	uint32_t x = 1;
	size_t n = 0;

	while (n < SIZE) {
		x = x * 1664525 + 1013904223;
		const char *word = words[(x >> 16) % 5];
		for (; *word && n < SIZE; word++)
			plain[n++] = (unsigned char)*word;
		if (n < SIZE)
			plain[n++] = (unsigned char)(x >> 24);
	}
	memcpy(plain + SIZE - 1000, plain + 1000, 1000);
	memcpy(plain + SIZE / 2, plain + SIZE / 2 - 5000, 1000);
}

/* Decode with a window of 4 KiB and nothing else: each byte is taken away as it comes. */
static bool decodes_in_window(size_t packed_len)
{
	z_stream s = {.next_in = packed, .avail_in = (uInt)packed_len};
	bool same = true;
	int rc = Z_OK;

	if (inflateInit2(&s, -DEFLATE_ZLIB_WINDOW_BITS) != Z_OK)
		return false;
	for (size_t n = 0; rc == Z_OK && same; n++) {
		unsigned char byte;
		s.next_out = &byte;
		s.avail_out = 1;
		rc = inflate(&s, Z_NO_FLUSH);
		if (s.avail_out == 0)
			same = n < SIZE && byte == plain[n];
	}
	same &= rc == Z_STREAM_END && s.total_out == SIZE;
	inflateEnd(&s);
	return same;
}

static void test_levels(void)
{
	unit_about("levels");
	for (unsigned level = 1; level <= DEFLATE_ZLIB_LEVEL_MAX; level++) {
		struct deflate_zlib *z;

		CHECK(deflate_zlib_new(&z, level, NULL) == 0);
		size_t n = deflate_zlib_encode(z, plain, SIZE, packed, sizeof(packed));
		CHECK(n > 0 && n < SIZE && decodes_in_window(n));
		CHECK(deflate_zlib_encode(z, plain, SIZE, packed, n - 1) == 0);
		CHECK(deflate_zlib_encode(z, plain, SIZE, packed, n + 1) == n &&
			decodes_in_window(n));
		deflate_zlib_free(z);
	}
	deflate_zlib_free(NULL);
}

/* What shows that the check above would notice. */
static void test_large_window(void)
{
	struct deflate_encoder *enc;

	unit_about("a large window");
	CHECK(deflate_encoder_new(&enc, 6, DEFLATE_WINDOW_DEFAULT, NULL) == 0);
	size_t n = deflate_encode(enc, plain, SIZE, packed, sizeof(packed));
	CHECK(n > 0 && !decodes_in_window(n));
	deflate_encoder_free(enc);
}

static void test_bad_level(void)
{
	struct deflate_zlib *z;
	struct err e = {0};

	unit_about("bad level");
	CHECK(deflate_zlib_new(&z, 10, &e) == -1 && e.kind == ERR_INTERNAL && !z);
}

int main(void)
{
	fill();
	test_levels();
	test_large_window();
	test_bad_level();
	CHECK(strncmp(deflate_zlib_library(), "zlib 1.", 7) == 0);
	return unit_done();
}
