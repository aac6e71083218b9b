#include "codec/deflate.h"

#include <stdint.h>
#include <stdlib.h>

#include "unit.h"

enum { SIZE = 65536 };

static unsigned char plain[SIZE], packed[SIZE * 2], back[SIZE + 1];

static void fill(unsigned kind)
{
	uint32_t x = 1;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = (unsigned char)(kind == 0 ? 0u : kind == 1 ? i % 251 : x >> 24);
	}
}

static void test_levels(unsigned window_bits)
{
	struct deflate_decoder *dec;
	size_t used;

	unit_about(window_bits == DEFLATE_WINDOW_SMALL ? "levels, small window" : "levels");
	CHECK(deflate_decoder_new(&dec, NULL) == 0);
	for (unsigned level = DEFLATE_LEVEL_MIN; level <= DEFLATE_LEVEL_MAX; level++) {
		struct deflate_encoder *enc;

		CHECK(deflate_encoder_new(&enc, level, window_bits, NULL) == 0);
		for (unsigned kind = 0; kind < 3; kind++) {
			fill(kind);
			size_t n = deflate_encode(enc, plain, SIZE, packed, sizeof(packed));
			CHECK(n > 0 && (kind == 2 || n < SIZE / 8));
			memset(packed + n, 0xff, 16);
			CHECK(deflate_decode(dec, packed, n + 16, back, SIZE, &used, NULL) == 0);
			CHECK(used == n);
			CHECK(memcmp(plain, back, SIZE) == 0);
		}
		CHECK(deflate_encode(enc, plain, SIZE, packed, SIZE - 1) == 0);
		deflate_encoder_free(enc);
	}
	deflate_decoder_free(dec);
}

static void test_bad_level(void)
{
	struct deflate_encoder *enc;
	struct err e = {0};

	unit_about("bad level");
	CHECK(deflate_encoder_new(&enc, 0, 15, &e) == -1 && e.kind == ERR_USAGE && !enc);
	CHECK(deflate_encoder_new(&enc, 6, 14, &e) == -1 && e.kind == ERR_USAGE && !enc);
	CHECK(deflate_encoder_new(&enc, 13, 15, &e) == -1 && e.kind == ERR_USAGE && !enc);
}

static void test_bad_data(void)
{
	struct deflate_encoder *enc;
	struct deflate_decoder *dec;
	size_t used;
	struct err e = {0};

	unit_about("bad data");
	fill(1);
	CHECK(deflate_encoder_new(&enc, 6, 15, NULL) == 0);
	CHECK(deflate_decoder_new(&dec, NULL) == 0);
	size_t n = deflate_encode(enc, plain, SIZE, packed, SIZE);
	CHECK(deflate_decode(dec, packed, n, back, SIZE + 1, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
	CHECK(deflate_decode(dec, packed, n, back, SIZE - 1, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
	CHECK(deflate_decode(dec, packed, n - 1, back, SIZE, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
	CHECK(deflate_decode(dec, packed, 0, back, SIZE, &used, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(deflate_decode(dec, "\xff\xff\xff", 3, back, SIZE, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
	deflate_encoder_free(enc);
	deflate_decoder_free(dec);
	deflate_encoder_free(NULL);
	deflate_decoder_free(NULL);
}

static void test_crc32(void)
{
	unit_about("CRC-32");
	CHECK(deflate_crc32("123456789", 9) == 0xcbf43926);
	CHECK(deflate_crc32("", 0) == 0);
}

static void test_library(void)
{
	unit_about("library");
	CHECK_STR(deflate_library(1, DEFLATE_WINDOW_DEFAULT), "kiln-deflate 1");
	CHECK(strncmp(deflate_library(6, DEFLATE_WINDOW_DEFAULT), "libdeflate 1.", 13) == 0);
	CHECK(strncmp(deflate_library(6, DEFLATE_WINDOW_SMALL), "zlib 1.", 7) == 0);
}

int main(void)
{
	test_crc32();
	test_levels(DEFLATE_WINDOW_DEFAULT);
	test_levels(DEFLATE_WINDOW_SMALL);
	test_library();
	test_bad_level();
	test_bad_data();
	return unit_done();
}
