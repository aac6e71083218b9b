/* Choosing among literals and matches the ones that take the fewest bits, given what each symbol
 * costs. Pure functions. */
#ifndef KILN_CODEC_DEFLATE_PARSE_H
#define KILN_CODEC_DEFLATE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/deflate_block.h"
#include "codec/deflate_match.h"

/* Costs are in units of a 1/DEFLATE_COST_BIT bit: integers, so that every machine decides alike. */
enum { DEFLATE_COST_SHIFT = 8, DEFLATE_COST_BIT = 1 << DEFLATE_COST_SHIFT };

/* Extra bits are included. */
struct deflate_costs {
	uint32_t literal[256];
	uint32_t length[DEFLATE_LEN_MAX + 1];
	uint32_t dist[DEFLATE_DIST_SYMBOLS];
};

/* What is taken at a position: a literal (length 1, dist 0) or a match. Positions within what is
 * taken mean nothing. */
struct deflate_choice {
	uint16_t length, dist;
};

struct deflate_parser {
	const unsigned char *in;
	struct deflate_matches matches;
	struct deflate_choice *choices;           /* by position */
	uint64_t cheapest[DEFLATE_PIECE_MAX + 1]; /* from a position to the end of its block */
};

/* What symbols cost that occur this often, to the fraction of a bit; ones that do not occur cost
 * as much as if they did once. */
void deflate_costs_of_freqs(struct deflate_costs *c, const struct deflate_freqs *f);

/* What symbols cost with these codes; ones that have none cost more than most. */
void deflate_costs_of_lens(struct deflate_costs *c, const struct deflate_lens *lens);

/* Choose for the block from begin to end: no match reaches beyond it. */
void deflate_parse(
	struct deflate_parser *p, uint32_t begin, uint32_t end, const struct deflate_costs *c);

/* Add the symbol taken at position i to f. Returns the position after it. */
uint32_t deflate_parse_count(const struct deflate_parser *p, uint32_t i, struct deflate_freqs *f);

/* What the symbol taken at position i costs. */
uint32_t deflate_parse_cost(
	const struct deflate_parser *p, uint32_t i, const struct deflate_costs *c);

#endif
