#include "codec/deflate_fast.h"

#include <stdint.h>
#include <zlib.h>

#include "codec/deflate.h"
#include "digest/sha256.h"
#include "unit.h"

enum { PIECE = 65536, SIZE = 3 * PIECE, KINDS = 9 };

static unsigned char plain[SIZE + 64], packed[SIZE + SIZE / 8 + 1000], back[SIZE];
static struct deflate_fast *fast;
static struct deflate_decoder *dec;

static uint32_t random_next(void)
{
	static uint32_t x = 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void fill_words(size_t from, size_t to)
{
	static const char *const words[] = {"the ", "kernel ", "module ", "/usr/lib/", "of ",
		"0123456789abcdef", "\n", "a long line that comes back now and then "};

	while (from < to) {
		const char *word = words[random_next() % 8];
		for (; *word && from < to; word++)
			plain[from++] = (unsigned char)*word;
		if (random_next() % 4 == 0 && from < to)
			plain[from++] = (unsigned char)random_next();
	}
}

static void fill_random(size_t from, size_t to, unsigned mask)
{
	for (; from < to; from++)
		plain[from] = (unsigned char)(random_next() & mask);
}

/* Tables of numbers that grow: much alike, never quite. */
static void fill_records(size_t from, size_t to)
{
	for (uint32_t n = 0; from < to; from++, n++)
		plain[from] = (unsigned char)(n % 12 < 4 ? n / 12 >> n % 12 * 8 : n % 12);
}

/* Copies from all distances, those too far to be reached included. */
static void fill_copies(size_t to)
{
	fill_random(0, 300 < to ? 300 : to, 255);
	for (size_t n = 300; n < to;) {
		size_t len = 1 + random_next() % 400;
		size_t from = random_next() % n;
		len = 1 + (len >> random_next() % 7);
		while (len-- && n < to)
			plain[n++] = plain[from++];
	}
}

static void fill(unsigned kind, size_t len)
{
	size_t period = 1 + random_next() % 300;

	switch (kind) {
	case 0:
		memset(plain, 0, len);
		break;
	case 1:
		fill_random(0, len, 255);
		break;
	case 2:
		fill_words(0, len);
		break;
	case 3:
		fill_random(0, period < len ? period : len, 255);
		for (size_t i = period; i < len; i++)
			plain[i] = plain[i - period];
		break;
	case 4:
		fill_records(0, len);
		break;
	case 5:
		fill_copies(len);
		break;
	case 6: /* changes every few thousand bytes */
		for (size_t i = 0; i < len; i += 3000) {
			size_t to = i + 3000 < len ? i + 3000 : len;
			if (i / 3000 % 2)
				fill_random(i, to, 255);
			else
				fill_words(i, to);
		}
		break;
	case 7:
		fill_random(0, len, 3);
		break;
	case 8: /* nothing for long, then a match at the very end */
		fill_random(0, len, 255);
		if (len > 200)
			memcpy(plain + len - 40, plain + 10, 40);
		break;
	}
}

static bool inflates(size_t len, size_t n)
{
	z_stream s = {.next_in = packed, .avail_in = (uInt)n, .next_out = back, .avail_out = SIZE};

	if (inflateInit2(&s, -15) != Z_OK)
		return false;
	int rc = inflate(&s, Z_FINISH);
	inflateEnd(&s);
	return rc == Z_STREAM_END && s.total_out == len && s.avail_in == 0 &&
	       memcmp(plain, back, len) == 0;
}

/* Two decoders give back what went in; the room is used to the last byte and not overstepped. */
static bool round_trip(size_t len)
{
	size_t used, n = deflate_fast_encode(fast, plain, len, packed, sizeof(packed));

	if (n == 0 || n > len + len / 1000 + 64 || !inflates(len, n))
		return false;
	memset(back, 0x55, len);
	if (deflate_decode(dec, packed, n, back, len, &used, NULL) < 0 || used != n ||
		memcmp(plain, back, len) != 0)
		return false;
	packed[n] = 0xa5;
	if (deflate_fast_encode(fast, plain, len, packed, n) != n || packed[n] != 0xa5 ||
		!inflates(len, n))
		return false;
	packed[n - 1] = 0xa5;
	return deflate_fast_encode(fast, plain, len, packed, n - 1) == 0 && packed[n - 1] == 0xa5;
}

static void test_sizes(void)
{
	unit_about("sizes");
	for (unsigned kind = 0; kind < KINDS; kind++) {
		bool ok = true;
		for (size_t len = 0; len < 700; len++) {
			fill(kind, len);
			ok &= round_trip(len);
		}
		CHECK(ok);
		for (unsigned round = 0; round < 60; round++) {
			size_t len = random_next() % SIZE;
			fill(kind, len);
			ok &= round_trip(len);
		}
		CHECK(ok);
		for (size_t at = 8192; at <= SIZE; at += 8192)
			for (size_t len = at - 2; len <= at + 2 && len <= SIZE; len++) {
				fill(kind, len);
				ok &= round_trip(len);
			}
		CHECK(ok);
	}
}

/* No larger than libdeflate's fastest by much on anything, and smaller on words. */
static void test_size(void)
{
	struct deflate_encoder *other;

	unit_about("size");
	CHECK(deflate_encoder_new(&other, 2, DEFLATE_WINDOW_DEFAULT, NULL) == 0);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		fill(kind, PIECE);
		size_t n = deflate_fast_encode(fast, plain, PIECE, packed, sizeof(packed));
		size_t theirs = deflate_encode(other, plain, PIECE, packed, sizeof(packed));
		printf("# kind %u: %zu, libdeflate's level 2: %zu\n", kind, n, theirs);
		CHECK(n <= theirs + theirs / 10 + 100);
	}
	deflate_encoder_free(other);
}

/* The same bytes whatever was encoded before, and the same as ever. */
static void test_bytes(void)
{
	static const char *const want[KINDS] = {
		"71e902b3b28f14618d3ad15dd7d0c31125b5e2ccaf5f0716be8acf45b52b98a4",
		"16f51a1f8e1857b5cd340edd881ce3e48ba7375fa6a98f981d8a0bea1c850540",
		"7ed7ab937f875e10d0c996e7a48d31fa234b2303bd8707b783a18d8044e21532",
		"f7d6b9233d032f518a4f142023193ffc80679c3a3500923b0603ffe11a09d433",
		"7727dbd4fe1be93621e1cff517b9c72e2c1828ace3e4fe89bb5569451cf45414",
		"52b2103e85c88542060d88af790fa9577826d37e3d5f3dcd10d537bbfb007c11",
		"dbc3b6eaf2480bf475ece458f78340a9688ee9e5f79d4c7845cac4e3ba730834",
		"08aa15fe20785829499e8c65f04db341ee42bbe8853b5edcf4b41bf1d06b388a",
		"934263ba50c0c927e3c3ea3aeb7cb8cc401a97ab01722029458a88a9793e6fcf"};
	char hex[SHA256_HEX_SIZE];

	unit_about("the bytes of kiln-deflate 1");
	CHECK_STR(deflate_fast_library(), "kiln-deflate 1");
	for (unsigned kind = 0; kind < KINDS; kind++) {
		fill(kind, 100000);
		size_t n = deflate_fast_encode(fast, plain, 100000, packed, sizeof(packed));
		CHECK(sha256_buffer_hex(packed, n, hex, NULL) == 0);
		CHECK_STR(hex, want[kind]);
	}
}

int main(void)
{
	CHECK(deflate_fast_new(&fast, NULL) == 0 && deflate_decoder_new(&dec, NULL) == 0);
	test_bytes();
	test_sizes();
	test_size();
	deflate_fast_free(fast);
	deflate_fast_free(NULL);
	deflate_decoder_free(dec);
	return unit_done();
}
