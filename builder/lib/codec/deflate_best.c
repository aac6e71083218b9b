#include "codec/deflate_best.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/deflate_lens.h"
#include "codec/deflate_match.h"
#include "codec/deflate_parse.h"
#include "codec/deflate_parts.h"

enum {
	PASSES = 3,        /* over the blocks */
	PASSES_SMOOTH = 2, /* the first of them, by fractions of bits; the others by real codes */
	PASS_JOIN = 1,
	GAIN_MIN = 4000, /* parts: a pass that gains less of them than one is the last */
};

struct deflate_best {
	struct deflate_finder *finder;
	struct deflate_parts_finder *parts_finder;
	struct deflate_parser parser;
	struct deflate_parts parts;
	struct deflate_block blocks[DEFLATE_BLOCKS_MAX];
	struct deflate_choice choices[DEFLATE_PIECE_MAX];
	struct { /* the smallest so far */
		uint64_t bits;
		unsigned n;
		uint32_t bounds[DEFLATE_BLOCKS_MAX + 1];
		struct deflate_choice choices[DEFLATE_PIECE_MAX];
	} best;
	struct deflate_seq seqs[DEFLATE_PIECE_MAX];
};

int deflate_best_new(struct deflate_best **out, struct err *e)
{
	struct deflate_best *b = mem_zalloc(sizeof(*b), e);

	*out = b;
	if (!b)
		return -1;
	if (deflate_finder_new(&b->finder, e) == 0 &&
		deflate_parts_finder_new(&b->parts_finder, e) == 0)
		return 0;
	deflate_best_free(b);
	*out = NULL;
	return -1;
}

void deflate_best_free(struct deflate_best *b)
{
	if (!b)
		return;
	deflate_finder_free(b->finder);
	deflate_parts_finder_free(b->parts_finder);
	free(b);
}

/* Before anything is known: literals cost between what their number tells and 8 bits, matches
 * what they do at a guess. */
static void first_costs(struct deflate_costs *c, const unsigned char *in, uint32_t len)
{
	struct deflate_freqs f = {.litlen[DEFLATE_END] = 1};

	for (uint32_t i = 0; i < len; i++)
		f.litlen[in[i]]++;
	deflate_costs_of_freqs(c, &f);
	for (unsigned i = 0; i < 256; i++)
		c->literal[i] = (c->literal[i] + 8 * DEFLATE_COST_BIT) / 2;
	for (unsigned i = DEFLATE_LEN_MIN; i <= DEFLATE_LEN_MAX; i++)
		c->length[i] = (5u + deflate_len_extra[deflate_len_slot[i - DEFLATE_LEN_MIN]]) *
			       DEFLATE_COST_BIT;
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		c->dist[i] = (5u + deflate_dist_extra[i]) * DEFLATE_COST_BIT;
}

/* Returns whether it is worth while to go on: something was gained, and literals alone would not
 * do. */
static bool keep_best(struct deflate_best *b, uint32_t len)
{
	uint64_t bits = 0, before = b->best.bits;

	for (unsigned i = 0; i < b->parts.n; i++) {
		deflate_block_plan(&b->blocks[i], &b->parts.freqs[i], NULL,
			b->parts.bounds[i + 1] - b->parts.bounds[i], 0);
		bits += b->blocks[i].bits;
	}
	if (bits >= before)
		return false;
	b->best.bits = bits;
	b->best.n = b->parts.n;
	memcpy(b->best.bounds, b->parts.bounds, sizeof(b->best.bounds));
	memcpy(b->best.choices, b->choices, len * sizeof(b->choices[0]));
	return bits + bits / GAIN_MIN < before && bits < (uint64_t)len * 8;
}

static void parse_blocks(struct deflate_best *b, bool smooth)
{
	struct deflate_parts *s = &b->parts;

	for (unsigned i = 0; i < s->n; i++)
		if (smooth || b->blocks[i].type == DEFLATE_STORED)
			deflate_costs_of_freqs(&s->costs[i], &s->freqs[i]);
		else
			deflate_costs_of_lens(&s->costs[i], &b->blocks[i].lens);
	deflate_parts_move(s, &b->parser);
	for (unsigned i = 0; i < s->n; i++)
		deflate_parse(&b->parser, s->bounds[i], s->bounds[i + 1], &s->costs[i]);
}

static void search(struct deflate_best *b, uint32_t len)
{
	struct deflate_costs *c = &b->parts.costs[0];

	first_costs(c, b->parser.in, len);
	deflate_parse(&b->parser, 0, len, c);
	deflate_parts_make(&b->parts, b->parts_finder, &b->parser, len);
	b->best.bits = UINT64_MAX / 2;
	for (unsigned pass = 0; pass < PASSES; pass++) {
		if (pass == PASS_JOIN)
			deflate_parts_join(&b->parts);
		if (!keep_best(b, len))
			return;
		parse_blocks(b, pass < PASSES_SMOOTH);
		deflate_parts_count(&b->parts, &b->parser);
	}
	keep_best(b, len);
}

/* The sequences of the best choices for a block. Returns how many there are. */
static size_t make_seqs(struct deflate_best *b, uint32_t begin, uint32_t end)
{
	size_t n = 0;
	uint32_t literals = 0;

	for (uint32_t i = begin; i < end;) {
		const struct deflate_choice *c = &b->best.choices[i];
		i += c->length;
		if (!c->dist) {
			literals++;
			continue;
		}
		b->seqs[n++] = (struct deflate_seq){literals, c->length, c->dist};
		literals = 0;
	}
	if (literals)
		b->seqs[n++] = (struct deflate_seq){.literals = literals};
	return n;
}

static bool write_blocks(struct deflate_best *b, struct deflate_bits *bits, bool last)
{
	for (unsigned i = 0; i < b->best.n; i++) {
		uint32_t begin = b->best.bounds[i], end = b->best.bounds[i + 1];
		const unsigned char *raw = b->parser.in + begin;
		size_t n = make_seqs(b, begin, end);
		struct deflate_freqs f;
		struct deflate_lens lens;
		struct deflate_block block;

		deflate_freqs_count(&f, raw, b->seqs, n);
		deflate_lens_make(&lens, &f);
		deflate_lens_improve(&lens, &f);
		deflate_block_plan(&block, &f, &lens, end - begin, deflate_bits_position(bits) % 8);
		if (!deflate_block_write(
			    bits, &block, last && i + 1 == b->best.n, raw, end - begin, b->seqs, n))
			return false;
	}
	return true;
}

static bool encode_piece(struct deflate_best *b, struct deflate_bits *bits, const unsigned char *in,
	uint32_t len, bool last)
{
	b->parser.in = in;
	b->parser.choices = b->choices;
	b->parser.matches = deflate_finder_run(b->finder, in, len);
	search(b, len);
	return write_blocks(b, bits, last);
}

size_t deflate_best_encode(
	struct deflate_best *b, const void *in, size_t in_len, void *out, size_t out_max)
{
	const unsigned char *p = in;
	struct deflate_bits bits;

	deflate_bits_init(&bits, out, out_max);
	do {
		size_t len = in_len < DEFLATE_PIECE_MAX ? in_len : DEFLATE_PIECE_MAX;

		in_len -= len;
		if (!encode_piece(b, &bits, p, (uint32_t)len, in_len == 0))
			return 0;
		p += len;
	} while (in_len);
	deflate_bits_align(&bits);
	return (size_t)(bits.next - bits.start);
}

const char *deflate_best_library(void)
{
	return "kiln-deflate-best 2";
}
