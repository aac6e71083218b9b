#include "codec/deflate_parts.h"

#include "unit.h"

enum { SIZE = 40000, CHANGE = 33 * 715 /* a candidate */ };

static unsigned char in[SIZE];
static struct deflate_choice choices[SIZE];
static struct deflate_parser parser = {.in = in, .choices = choices};
static struct deflate_parts parts;

/* Literals only: below 16 up to CHANGE, from 128 up after it. */
static void fill(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		in[i] = (unsigned char)(i < CHANGE ? x >> 28 : x >> 25 | 128);
		choices[i].length = 1;
	}
}

int main(void)
{
	struct deflate_parts_finder *f;
	uint32_t sum = 0;

	fill();
	CHECK(deflate_parts_finder_new(&f, NULL) == 0);
	unit_about("two kinds of data");
	deflate_parts_make(&parts, f, &parser, SIZE);
	CHECK(parts.n >= 2 && parts.bounds[0] == 0 && parts.bounds[parts.n] == SIZE);
	deflate_parts_join(&parts);
	CHECK(parts.n == 2 && parts.bounds[0] == 0 && parts.bounds[2] == SIZE);
	CHECK(parts.bounds[1] == CHANGE);
	for (unsigned b = 0; b < parts.n; b++)
		deflate_costs_of_freqs(&parts.costs[b], &parts.freqs[b]);
	parts.bounds[1] -= 300;
	deflate_parts_move(&parts, &parser);
	CHECK(parts.bounds[1] == CHANGE);
	deflate_parts_count(&parts, &parser);
	for (unsigned i = 0; i < 128; i++)
		sum += parts.freqs[0].litlen[i];
	CHECK(sum == CHANGE && parts.freqs[0].litlen[DEFLATE_END] == 1);

	unit_about("one kind");
	deflate_parts_make(&parts, f, &parser, CHANGE);
	deflate_parts_join(&parts);
	CHECK(parts.n == 1 && parts.bounds[1] == CHANGE);

	unit_about("little");
	deflate_parts_make(&parts, f, &parser, 1);
	CHECK(parts.n == 1 && parts.bounds[1] == 1 && parts.freqs[0].litlen[in[0]] == 1);
	deflate_parts_make(&parts, f, &parser, 0);
	CHECK(parts.n == 1 && parts.bounds[1] == 0 && parts.freqs[0].litlen[DEFLATE_END] == 1);
	deflate_parts_finder_free(f);
	deflate_parts_finder_free(NULL);
	return unit_done();
}
