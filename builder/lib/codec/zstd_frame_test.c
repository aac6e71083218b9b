#include "codec/zstd_frame.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define CLUSTER_MAX (2u << 20)

/* `printf limekiln | zstd -c --no-check`, and a byte that does not belong to it. */
static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x41, 0x00, 0x00, 'l',
	'i', 'm', 'e', 'k', 'i', 'l', 'n', 0xff};

static void test_decode(void)
{
	struct zstd_decoder *dec;
	struct err e = {0};
	size_t used = 0;
	char out[16];

	unit_about("one frame");
	CHECK(zstd_decoder_new(&dec, NULL) == 0);
	CHECK(zstd_decode(dec, frame, sizeof(frame), out, 8, &used, &e) == 0);
	CHECK(memcmp(out, "limekiln", 8) == 0 && used == sizeof(frame) - 1);
	unit_about("bad data");
	CHECK(zstd_decode(dec, frame, sizeof(frame), out, 9, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame, sizeof(frame), out, 7, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame, sizeof(frame) - 2, out, 8, &used, &e) == -1 &&
		e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame + 1, 8, out, 8, &used, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame, 0, out, 8, &used, &e) == -1 && e.kind == ERR_FORMAT);
	zstd_decoder_free(dec);
	zstd_decoder_free(NULL);
}

/* Numbered lines, most of whose parts were there before. */
static void fill(unsigned char *data, size_t len)
{
	uint32_t state = 1;
	char line[64];

	for (size_t at = 0; at < len;) {
		state = state * 1664525 + 1013904223;
		size_t n = (size_t)snprintf(line, sizeof(line), "%u kiln %x lime %x\n", state >> 20,
			state >> 28, state >> 24);
		n = n < len - at ? n : len - at;
		memcpy(data + at, line, n);
		at += n;
	}
}

/* "Frame_Header": no checksum, no dictionary, and the content's size in a field that is wide
 * enough, after the window's size when that is smaller. */
static bool header_is(const unsigned char *data, size_t len, size_t size_bytes)
{
	unsigned wide = size_bytes < 65536 + 256 ? 1 : 2;
	const unsigned char *field = data + 5 + !(data[4] >> 5 & 1);
	uint64_t size = 0;

	if (len < 10 || (data[4] & ~(1u << 5)) != wide << 6)
		return false;
	for (unsigned i = 0; i < 1u << wide; i++)
		size |= (uint64_t)field[i] << 8 * i;
	return size + (wide == 1 ? 256 : 0) == size_bytes;
}

static void test_levels(size_t size_bytes, unsigned step)
{
	unsigned char *data = calloc(3, size_bytes);
	unsigned char *packed = data + size_bytes, *back = packed + size_bytes;
	size_t last = SIZE_MAX, used;
	struct zstd_decoder *dec;

	CHECK(data && zstd_decoder_new(&dec, NULL) == 0);
	fill(data, size_bytes);
	for (unsigned level = ZSTD_LEVEL_MIN; level <= ZSTD_LEVEL_MAX; level += step) {
		struct zstd_encoder *enc;

		CHECK(zstd_encoder_new(&enc, level, NULL) == 0);
		size_t len = zstd_encode(enc, data, size_bytes, packed, size_bytes - 1);
		CHECK(len > 0 && header_is(packed, len, size_bytes));
		CHECK(zstd_decode(dec, packed, len, back, size_bytes, &used, NULL) == 0);
		CHECK(used == len && memcmp(data, back, size_bytes) == 0);
		CHECK(zstd_encode(enc, data, size_bytes, back, size_bytes - 1) == len);
		CHECK(memcmp(packed, back, len) == 0);
		CHECK(zstd_encode(enc, data, size_bytes, back, len - 1) == 0);
		CHECK(level == ZSTD_LEVEL_MIN || last != len);
		last = len;
		zstd_encoder_free(enc);
	}
	zstd_decoder_free(dec);
	free(data);
}

static void test_bad_level(void)
{
	struct zstd_encoder *enc;
	struct err e = {0};

	unit_about("levels there are not");
	CHECK(zstd_encoder_new(&enc, 0, &e) == -1 && e.kind == ERR_USAGE && !enc);
	CHECK(zstd_encoder_new(&enc, 13, &e) == -1 && e.kind == ERR_USAGE && !enc);
	zstd_encoder_free(NULL);
	CHECK(strncmp(zstd_library(), "libzstd ", 8) == 0);
}

int main(void)
{
	test_decode();
	unit_about("64 KiB");
	test_levels(65536, 1);
	unit_about("2 MiB");
	test_levels(CLUSTER_MAX, 5);
	test_bad_level();
	return unit_done();
}
