#include "codec/deflate_match.h"

#include "codec/deflate_block.h"
#include "unit.h"

enum { SIZE = DEFLATE_PIECE_MAX };

static unsigned char in[SIZE];

/* The longest match at pos, by comparing with everything before. */
static unsigned longest(size_t pos, size_t len)
{
	unsigned best = 0, max = len - pos < 258 ? (unsigned)(len - pos) : 258;

	for (size_t from = pos > 32768 ? pos - 32768 : 0; from < pos; from++) {
		unsigned n = 0;
		while (n < max && in[from + n] == in[pos + n])
			n++;
		if (n > best)
			best = n;
	}
	return best < 3 ? 0 : best;
}

/* Every match is one, in order, within the limits; few positions miss the longest. */
static void check(struct deflate_finder *f, size_t len)
{
	struct deflate_matches m = deflate_finder_run(f, in, len);
	size_t wrong = 0, missed = 0, looked = 0;

	for (size_t pos = 0; pos < len; pos++) {
		unsigned before = 0;
		for (uint32_t i = m.first[pos]; i < m.first[pos + 1]; i++) {
			const struct deflate_match *a = &m.at[i];
			unsigned length = a->slot + 3u;
			if (length < before || a->dist < 1 || a->dist > pos || a->dist > 32768 ||
				pos + length > len || a->symbol != deflate_dist_symbol(a->dist) ||
				memcmp(in + pos, in + pos - a->dist, length) != 0)
				wrong++;
			before = length;
		}
		if (pos % 997 == 0) {
			looked++;
			missed += before != longest(pos, len);
		}
	}
	printf("# %zu bytes: %zu of %zu positions miss the longest match\n", len, missed, looked);
	CHECK(wrong == 0);
	CHECK(missed * 10 <= looked);
}

int main(void)
{
	struct deflate_finder *f;
	uint32_t x = 1;

	CHECK(deflate_finder_new(&f, NULL) == 0);
	for (unsigned mask = 1; mask < 256; mask = mask * 4 + 3) {
		for (size_t i = 0; i < SIZE; i++) {
			x = x * 1664525 + 1013904223;
			in[i] = i % 1000 < 300 && i > 5000 ? in[i - 5000 + i / 7000]
							   : (unsigned char)(x >> 24 & mask);
		}
		unit_about("literals of different numbers");
		check(f, SIZE);
		check(f, 5000);
		for (size_t len = 0; len < 10; len++)
			check(f, len);
	}
	unit_about("one byte");
	memset(in, 7, SIZE);
	check(f, SIZE);
	deflate_finder_free(f);
	deflate_finder_free(NULL);
	return unit_done();
}
