#include "codec/deflate_lens.h"

#include "unit.h"

static uint32_t random_next(void)
{
	static uint32_t x = 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static uint64_t all_bits(const struct deflate_freqs *f, const struct deflate_lens *lens)
{
	struct deflate_header h;

	deflate_header_make(&h, lens);
	return h.bits + deflate_data_bits(f, lens);
}

/* A code that is neither over nor under full, with a word for all that occurs. */
static bool complete(const uint8_t *lens, const uint32_t *freqs, unsigned n)
{
	uint32_t room = 0;

	for (unsigned i = 0; i < n; i++) {
		if (lens[i] > DEFLATE_CODE_MAX || (freqs[i] && !lens[i]))
			return false;
		room += lens[i] ? 1u << (DEFLATE_CODE_MAX - lens[i]) : 0;
	}
	return room == 1u << DEFLATE_CODE_MAX;
}

int main(void)
{
	uint64_t before = 0, after = 0;
	bool right = true, smaller = true;

	unit_about("lengths of random frequencies");
	for (unsigned round = 0; round < 400; round++) {
		struct deflate_freqs f = {.litlen[DEFLATE_END] = 1};
		struct deflate_lens huffman, lens;
		unsigned shift = random_next() % 20, odds = 1 + random_next() % 20;

		for (unsigned i = 0; i < 286; i++)
			if (i != DEFLATE_END && random_next() % odds == 0)
				f.litlen[i] = random_next() >> 16 >> random_next() % (shift + 1);
		for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS && round % 5; i++)
			if (random_next() % odds == 0)
				f.dist[i] = random_next() >> 17 >> random_next() % (shift + 1);
		deflate_lens_make(&huffman, &f);
		lens = huffman;
		deflate_lens_improve(&lens, &f);
		right &= complete(lens.litlen, f.litlen, DEFLATE_LITLEN_SYMBOLS) &&
			 complete(lens.dist, f.dist, DEFLATE_DIST_SYMBOLS);
		smaller &= all_bits(&f, &lens) <= all_bits(&f, &huffman);
		before += all_bits(&f, &huffman) - deflate_data_bits(&f, &huffman);
		after += all_bits(&f, &lens) - deflate_data_bits(&f, &huffman);
	}
	CHECK(right);
	CHECK(smaller);
	printf("# headers: %llu bits, %llu with what the data grew\n", (unsigned long long)before,
		(unsigned long long)after);
	CHECK(after < before - before / 50);
	return unit_done();
}
