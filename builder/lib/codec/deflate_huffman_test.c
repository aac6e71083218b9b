#include "codec/deflate_huffman.h"

#include "unit.h"

static uint32_t freqs[DEFLATE_ALPHABET_MAX];
static uint8_t lens[DEFLATE_ALPHABET_MAX];

/* Every word is some code's or begins with one: the sum of 2^-length is 1. */
static bool is_complete(unsigned n, unsigned max_len)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		if (lens[i] > max_len)
			return false;
		if (lens[i])
			sum += UINT64_C(1) << (max_len - lens[i]);
	}
	return sum == UINT64_C(1) << max_len;
}

static uint64_t cost(unsigned n)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits += (uint64_t)freqs[i] * lens[i];
	return bits;
}

/* What Huffman's construction gives: the sum of all joined weights. */
static uint64_t huffman_cost(unsigned n)
{
	uint32_t weight[DEFLATE_ALPHABET_MAX];
	uint64_t bits = 0;
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		if (freqs[i])
			weight[left++] = freqs[i];
	while (left > 1) {
		for (unsigned k = 0; k < 2; k++)
			for (unsigned i = k + 1; i < left; i++)
				if (weight[i] < weight[k]) {
					uint32_t w = weight[i];
					weight[i] = weight[k];
					weight[k] = w;
				}
		weight[0] += weight[1];
		bits += weight[0];
		weight[1] = weight[--left];
	}
	return bits;
}

static void test_few_symbols(void)
{
	unit_about("few symbols");
	memset(freqs, 0, sizeof(freqs));
	deflate_huffman_lengths(freqs, 30, 15, lens);
	CHECK(lens[0] == 1 && lens[1] == 1 && is_complete(30, 15));
	freqs[0] = 7;
	deflate_huffman_lengths(freqs, 30, 15, lens);
	CHECK(lens[0] == 1 && lens[1] == 1 && is_complete(30, 15));
	freqs[0] = 0;
	freqs[29] = 7;
	deflate_huffman_lengths(freqs, 30, 15, lens);
	CHECK(lens[0] == 1 && lens[29] == 1 && is_complete(30, 15));
	freqs[3] = 1;
	deflate_huffman_lengths(freqs, 30, 15, lens);
	CHECK(lens[3] == 1 && lens[29] == 1 && is_complete(30, 15));
}

static void test_random(void)
{
	uint32_t x = 1;
	bool complete = true, best = true;

	unit_about("random frequencies");
	for (unsigned round = 0; round < 400; round++) {
		unsigned n = 2 + round % (DEFLATE_ALPHABET_MAX - 1);
		for (unsigned i = 0; i < n; i++) {
			x = x * 1664525 + 1013904223;
			freqs[i] = (x >> 24) >> (x >> 20 & 7);
		}
		freqs[0] |= 1;
		freqs[n - 1] |= 1;
		deflate_huffman_lengths(freqs, n, 15, lens);
		complete &= is_complete(n, 15);
		best &= cost(n) == huffman_cost(n);
	}
	CHECK(complete);
	CHECK(best);
}

/* The least that any code of at most max_len bits takes (the package-merge construction), for
 * frequencies that are sorted. */
static uint64_t least_cost(unsigned n, unsigned max_len)
{
	uint64_t row[2 * DEFLATE_ALPHABET_MAX], above[2 * DEFLATE_ALPHABET_MAX], bits = 0;
	unsigned used = 0;

	for (unsigned len = 0; len < max_len; len++) {
		unsigned pairs = used / 2, leaf = 0, pair = 0;
		memcpy(above, row, sizeof(row));
		for (used = 0; used < n + pairs; used++) {
			uint64_t sum = pair < pairs ? above[2 * pair] + above[2 * pair + 1] : 0;
			if (pair == pairs || (leaf < n && freqs[leaf] <= sum)) {
				row[used] = freqs[leaf++];
			} else {
				row[used] = sum;
				pair++;
			}
		}
	}
	for (unsigned i = 0; i < 2 * n - 2; i++)
		bits += row[i];
	return bits;
}

/* Fibonacci's numbers make the deepest trees. */
static void test_limit(void)
{
	unsigned n = 30;

	unit_about("limited lengths");
	freqs[0] = freqs[1] = 1;
	for (unsigned i = 2; i < n; i++)
		freqs[i] = freqs[i - 1] + freqs[i - 2];
	CHECK(least_cost(n, 29) == huffman_cost(n));
	for (unsigned max_len = 5; max_len <= 15; max_len++) {
		deflate_huffman_lengths(freqs, n, max_len, lens);
		CHECK(is_complete(n, max_len));
		CHECK(cost(n) >= least_cost(n, max_len));
		CHECK(cost(n) * 100 < least_cost(n, max_len) * 120);
	}
}

/* The example of RFC 1951 section 3.2.2, its words reversed. */
static void test_codes(void)
{
	static const uint8_t example[] = {3, 3, 3, 3, 3, 2, 4, 4};
	static const uint16_t want[] = {2, 6, 1, 5, 3, 0, 7, 15};
	uint16_t codes[8];

	unit_about("canonical codes");
	deflate_huffman_codes(example, 8, codes);
	CHECK(memcmp(codes, want, sizeof(want)) == 0);
}

int main(void)
{
	test_few_symbols();
	test_random();
	test_limit();
	test_codes();
	return unit_done();
}
