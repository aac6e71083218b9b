#include "codec/deflate_split.h"

#include <math.h>

#include "unit.h"

static struct deflate_split split;

static uint32_t random_next(void)
{
	static uint32_t x = 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void test_logs(void)
{
	bool near = true;

	unit_about("logarithms");
	for (unsigned n = 1; n < DEFLATE_SPLIT_LOGS; n++)
		near &= fabs(split.log[n] - log2(n) * DEFLATE_SPLIT_UNIT) < 1.01;
	CHECK(near);
	CHECK(split.log[1] == 0 && split.log[512] == 9 * DEFLATE_SPLIT_UNIT);
}

/* literals different bytes, each equally often. */
static void fill(struct deflate_freqs *f, unsigned first, unsigned literals, unsigned times)
{
	memset(f, 0, sizeof(*f));
	f->litlen[DEFLATE_END] = 1;
	for (unsigned i = 0; i < literals; i++)
		f->litlen[first + i] = times;
}

/* The estimate is near to what a block really takes. */
static void test_cost(void)
{
	struct deflate_freqs f;
	struct deflate_block b;

	unit_about("cost");
	for (unsigned round = 0; round < 10; round++) {
		fill(&f, 0, 200, 0);
		for (unsigned i = 0; i < 200; i++)
			f.litlen[i] = 1 + (random_next() % 1000 >> random_next() % 6);
		deflate_block_plan(&b, &f, NULL, 1000000, 0);
		double cost = (double)deflate_split_cost(&split, &f) / DEFLATE_SPLIT_UNIT;
		CHECK(b.type == DEFLATE_DYNAMIC && fabs(cost / (double)b.bits - 1) < 0.03);
	}
}

static void test_choice(void)
{
	struct deflate_freqs a, b, both;

	unit_about("choice");
	fill(&a, 0, 64, 100);
	fill(&b, 0, 64, 100);
	both = a;
	deflate_split_join(&both, &b);
	CHECK(both.litlen[0] == 200 && both.litlen[DEFLATE_END] == 1);
	CHECK(deflate_split_cost(&split, &both) <
		deflate_split_cost(&split, &a) + deflate_split_cost(&split, &b));
	fill(&b, 64, 64, 100);
	both = a;
	deflate_split_join(&both, &b);
	CHECK(deflate_split_cost(&split, &both) >
		deflate_split_cost(&split, &a) + deflate_split_cost(&split, &b));
}

static void test_log2(void)
{
	unit_about("logarithms");
	CHECK(deflate_log2(1, 8) == 0);
	CHECK(deflate_log2(2, 8) == 256);
	CHECK(deflate_log2(65536, 8) == 16 * 256);
	CHECK(deflate_log2(3, 8) == 405); /* 256 * 1.58496 */
	CHECK(deflate_log2(3, 11) == 3246);
	CHECK(deflate_log2(UINT32_MAX, 8) == 32 * 256 - 1);
}

int main(void)
{
	test_log2();
	deflate_split_init(&split);
	test_logs();
	test_cost();
	test_choice();
	return unit_done();
}
