#include "codec/deflate_parse.h"

#include "unit.h"

static struct deflate_parser parser;
static struct deflate_choice choices[64];

static void test_costs(void)
{
	struct deflate_freqs f = {.litlen = {['a'] = 7, [DEFLATE_END] = 1}};
	struct deflate_lens lens = {.litlen = {['a'] = 3, [265] = 5}, .dist = {[4] = 2}};
	struct deflate_costs c;

	unit_about("costs");
	deflate_costs_of_freqs(&c, &f);
	CHECK(c.literal['a'] == DEFLATE_COST_BIT / 2); /* no code is shorter than a bit by far */
	CHECK(c.literal['b'] == 3 * DEFLATE_COST_BIT);
	CHECK(c.length[258] == 3 * DEFLATE_COST_BIT);
	CHECK(c.length[257] == 8 * DEFLATE_COST_BIT);
	deflate_costs_of_lens(&c, &lens);
	CHECK(c.literal['a'] == 3 * DEFLATE_COST_BIT);
	CHECK(c.length[11] == 6 * DEFLATE_COST_BIT && c.length[12] == c.length[11]);
	CHECK(c.dist[4] == 3 * DEFLATE_COST_BIT);
	CHECK(c.dist[5] > 10 * DEFLATE_COST_BIT);
}

/* "aaaaaaaaXY...": the choices follow the costs, and stay within the block. */
static void test_choices(void)
{
	static const unsigned char in[20] = "aaaaaaaaaaaaaaaaaaab";
	static const struct deflate_match at[] = {
		{.slot = 2, .symbol = 0, .dist = 1}, {.slot = 7, .symbol = 6, .dist = 9}};
	uint32_t first[21] = {0};
	struct deflate_costs c;
	struct deflate_freqs f = {0};

	for (unsigned i = 11; i <= 20; i++)
		first[i] = 2; /* both matches are at 10 */
	parser = (struct deflate_parser){
		.in = in, .matches = {.first = first, .at = at}, .choices = choices};
	for (unsigned i = 0; i < 256; i++)
		c.literal[i] = 100;
	for (unsigned i = 0; i <= DEFLATE_LEN_MAX; i++)
		c.length[i] = 50;
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		c.dist[i] = 60;

	unit_about("choices");
	deflate_parse(&parser, 0, 20, &c);
	CHECK(choices[9].length == 1 && choices[9].dist == 0);
	CHECK(choices[10].length == 10 && choices[10].dist == 9);
	deflate_parse(&parser, 0, 16, &c); /* the block's end cuts the match; equals: the nearest */
	CHECK(choices[10].length == 6 && choices[10].dist == 9);
	deflate_parse(&parser, 0, 14, &c);
	CHECK(choices[10].length == 4 && choices[10].dist == 1);
	c.dist[6] = 10; /* of distance 9 */
	deflate_parse(&parser, 0, 14, &c);
	CHECK(choices[10].length == 4 && choices[10].dist == 9);
	CHECK(deflate_parse_cost(&parser, 10, &c) == 60);
	CHECK(deflate_parse_count(&parser, 10, &f) == 14);
	CHECK(f.litlen[258] == 1 && f.dist[6] == 1);
	for (unsigned i = 0; i <= DEFLATE_LEN_MAX; i++)
		c.length[i] = 400; /* dearer than four literals */
	deflate_parse(&parser, 0, 14, &c);
	CHECK(choices[10].length == 1 && choices[10].dist == 0);
	CHECK(deflate_parse_count(&parser, 10, &f) == 11 && f.litlen['a'] == 1);
}

int main(void)
{
	test_costs();
	test_choices();
	return unit_done();
}
