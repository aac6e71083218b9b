#include "codec/deflate_best.h"

#include <stdint.h>
#include <zlib.h>

#include "codec/deflate.h"
#include "digest/sha256.h"
#include "unit.h"

enum { PIECE = 65536, SIZE = 2 * PIECE + 1000, KINDS = 6 };

static unsigned char plain[SIZE], packed[SIZE + SIZE / 8 + 1000], back[SIZE];
static struct deflate_best *best;
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

static void fill(unsigned kind, size_t len)
{
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
	case 3: /* short and long copies from all distances, those too far to be reached included */
		fill_random(0, len < 300 ? len : 300, 255);
		for (size_t n = 300; n < len;) {
			size_t from = random_next() % n;
			size_t most = random_next() % 400; /* apart: the order of calls counts */
			size_t copy = 1 + (most >> random_next() % 7);
			while (copy-- && n < len)
				plain[n++] = plain[from++];
		}
		break;
	case 4: /* parts that want blocks of their own */
		for (size_t i = 0; i < len; i += 3000) {
			size_t to = i + 3000 < len ? i + 3000 : len;
			if (i / 3000 % 2)
				fill_random(i, to, 255 >> i / 3000 % 8);
			else
				fill_words(i, to);
		}
		break;
	case 5:
		fill_random(0, len, 3);
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
	size_t used, n = deflate_best_encode(best, plain, len, packed, sizeof(packed));

	if (n == 0 || n > len + len / 1000 + 64 || !inflates(len, n))
		return false;
	memset(back, 0x55, len);
	if (deflate_decode(dec, packed, n, back, len, &used, NULL) < 0 || used != n ||
		memcmp(plain, back, len) != 0)
		return false;
	packed[n] = 0xa5;
	if (deflate_best_encode(best, plain, len, packed, n) != n || packed[n] != 0xa5 ||
		!inflates(len, n))
		return false;
	packed[n - 1] = 0xa5;
	return deflate_best_encode(best, plain, len, packed, n - 1) == 0 && packed[n - 1] == 0xa5;
}

static void test_sizes(void)
{
	static const size_t sizes[] = {PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, SIZE};

	unit_about("sizes");
	for (unsigned kind = 0; kind < KINDS; kind++) {
		bool ok = true;
		for (size_t len = 0; len < 300; len += len < 20 ? 1 : 7) {
			fill(kind, len);
			ok &= round_trip(len);
		}
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			fill(kind, sizes[i]);
			ok &= round_trip(sizes[i]);
		}
		for (unsigned i = 0; i < 10; i++) {
			size_t len = random_next() % PIECE;
			fill(kind, len);
			ok &= round_trip(len);
		}
		CHECK(ok);
	}
}

/* Never larger than libdeflate's second highest level by much, and smaller where blocks matter. */
static void test_size(void)
{
	struct deflate_encoder *other;

	unit_about("size");
	CHECK(deflate_encoder_new(&other, 11, DEFLATE_WINDOW_DEFAULT, NULL) == 0);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		fill(kind, PIECE);
		size_t n = deflate_best_encode(best, plain, PIECE, packed, sizeof(packed));
		size_t theirs = deflate_encode(other, plain, PIECE, packed, sizeof(packed));
		printf("# kind %u: %zu, libdeflate's level 11: %zu\n", kind, n, theirs);
		CHECK(n <= theirs + theirs / 50 + 20);
		CHECK(kind != 4 || n < theirs - theirs / 200);
	}
	deflate_encoder_free(other);
}

/* The same bytes whatever was encoded before, and the same as ever. */
static void test_bytes(void)
{
	static const char *const want[KINDS] = {
		"20b5467841702a010e0edd16c0ce78b2a95dd7137fe2d1b115d658bb82c1bb95",
		"e7939b4e5fadb96e41c7244c680aec4352ff29f52cad59024e02b907d93f420c",
		"dbf54574bb10d7439716aa79c255f70d3b8fec132599ee55d46435170c26eda4",
		"755df9eb5e6b55b9271c50be522d318be49fdf13550db3dc64175aff1317ad65",
		"511e65aff552978fdadf077898826d96234985e3f89f49acd01c518fb6e5143a",
		"fad2b037b1cde3f988b805758b2af5b38e0db3aed96ec5792ba5410119e57d5b"};
	char hex[SHA256_HEX_SIZE];

	unit_about("the bytes of kiln-deflate-best 2");
	CHECK_STR(deflate_best_library(), "kiln-deflate-best 2");
	for (unsigned kind = 0; kind < KINDS; kind++) {
		fill(kind, 100000);
		size_t n = deflate_best_encode(best, plain, 100000, packed, sizeof(packed));
		CHECK(sha256_buffer_hex(packed, n, hex, NULL) == 0);
		CHECK_STR(hex, want[kind]);
	}
}

int main(void)
{
	CHECK(deflate_best_new(&best, NULL) == 0 && deflate_decoder_new(&dec, NULL) == 0);
	test_bytes();
	test_sizes();
	test_size();
	deflate_best_free(best);
	deflate_best_free(NULL);
	deflate_decoder_free(dec);
	return unit_done();
}
