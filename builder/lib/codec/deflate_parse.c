#include "codec/deflate_parse.h"

enum {
	MISSING_BITS = 13,
	SPARSE = 32, /* of lengths over this only each so-many-th is tried */
	SPARSE_STEP = 8,
};

uint32_t deflate_log2(uint32_t n)
{
	unsigned top = 31u - (unsigned)__builtin_clz(n);
	uint64_t x = (uint64_t)n << (31 - top); /* 1 to 2, with 31 binary places */
	uint32_t log = top;

	for (unsigned i = 0; i < DEFLATE_COST_SHIFT; i++) {
		x = x * x >> 31;
		log = log << 1 | (uint32_t)(x >> 32);
		x >>= x >> 32;
	}
	return log;
}

static uint32_t cost_of_freq(uint32_t f, uint32_t total)
{
	uint32_t cost = deflate_log2(total) - deflate_log2(f ? f : 1);

	return cost < DEFLATE_COST_BIT / 2 ? DEFLATE_COST_BIT / 2 : cost;
}

/* From costs of the symbols alone. */
static void spread(struct deflate_costs *c, const uint32_t *litlen, const uint32_t *dist)
{
	for (unsigned i = 0; i < 256; i++)
		c->literal[i] = litlen[i];
	for (unsigned i = DEFLATE_LEN_MIN; i <= DEFLATE_LEN_MAX; i++) {
		unsigned symbol = deflate_len_symbol(i);
		c->length[i] =
			litlen[symbol] +
			(uint32_t)deflate_len_extra[symbol - DEFLATE_LEN_SYMBOL] * DEFLATE_COST_BIT;
	}
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		c->dist[i] = dist[i] + (uint32_t)deflate_dist_extra[i] * DEFLATE_COST_BIT;
}

void deflate_costs_of_freqs(struct deflate_costs *c, const struct deflate_freqs *f)
{
	uint32_t litlen[DEFLATE_LITLEN_SYMBOLS], dist[DEFLATE_DIST_SYMBOLS];
	uint32_t total = 0, dist_total = 0;

	for (unsigned i = 0; i < DEFLATE_LITLEN_SYMBOLS; i++)
		total += f->litlen[i];
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		dist_total += f->dist[i];
	for (unsigned i = 0; i < DEFLATE_LITLEN_SYMBOLS; i++)
		litlen[i] = cost_of_freq(f->litlen[i], total);
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		dist[i] = cost_of_freq(f->dist[i], dist_total ? dist_total : 1);
	spread(c, litlen, dist);
}

void deflate_costs_of_lens(struct deflate_costs *c, const struct deflate_lens *lens)
{
	uint32_t litlen[DEFLATE_LITLEN_SYMBOLS], dist[DEFLATE_DIST_SYMBOLS];

	for (unsigned i = 0; i < DEFLATE_LITLEN_SYMBOLS; i++)
		litlen[i] = (lens->litlen[i] ? lens->litlen[i] : MISSING_BITS) * DEFLATE_COST_BIT;
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		dist[i] = (lens->dist[i] ? lens->dist[i] : MISSING_BITS) * DEFLATE_COST_BIT;
	spread(c, litlen, dist);
}

/* Costs with what they buy below them, so that one comparison without a branch minds both: from
 * bit KEY_COST the cost; then 511 less the length, so that the longest of equals wins; at bit 0 the
 * distance, so that the nearest does. */
enum { KEY_COST = 32, KEY_LENGTH = 16, KEY_LENGTH_MAX = 511 };

struct keys {
	uint64_t literal[256];
	uint64_t length[DEFLATE_LEN_MAX + 1];
	uint64_t dist[DEFLATE_DIST_SYMBOLS];
};

static void make_keys(struct keys *k, const struct deflate_costs *c)
{
	for (unsigned i = 0; i < 256; i++)
		k->literal[i] = (uint64_t)c->literal[i] << KEY_COST;
	for (unsigned i = DEFLATE_LEN_MIN; i <= DEFLATE_LEN_MAX; i++)
		k->length[i] = (uint64_t)c->length[i] << KEY_COST | (uint64_t)(KEY_LENGTH_MAX - i)
									    << KEY_LENGTH;
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		k->dist[i] = (uint64_t)c->dist[i] << KEY_COST;
}

static inline uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The key of the cheapest match at i, or best if that is cheaper. cheapest: after the position. */
static inline uint64_t try_matches(const struct deflate_matches *matches, uint32_t i, uint32_t room,
	const struct keys *k, const uint64_t *cheapest, uint64_t best)
{
	const struct deflate_match *first = matches->at + matches->first[i];
	const struct deflate_match *m = matches->at + matches->first[i + 1];
	uint64_t dist = UINT64_MAX;

	/* The longest first: a length takes the cheapest distance of all that reach as far. */
	while (m-- > first) {
		unsigned length = m->length < room ? m->length : room;
		unsigned least = m > first ? m[-1].length : DEFLATE_LEN_MIN - 1;

		dist = min(dist, k->dist[deflate_dist_symbol(m->dist)] + m->dist);
		for (; length > least && length > SPARSE; length -= SPARSE_STEP)
			best = min(best, cheapest[length] + k->length[length] + dist);
		uint64_t other = best; /* two at a time wait less for each other */
		for (; length > least + 1; length -= 2) {
			best = min(best, cheapest[length] + k->length[length] + dist);
			other = min(other, cheapest[length - 1] + k->length[length - 1] + dist);
		}
		best = min(best, other);
		if (length > least)
			best = min(best, cheapest[length] + k->length[length] + dist);
	}
	return best;
}

void deflate_parse(
	struct deflate_parser *p, uint32_t begin, uint32_t end, const struct deflate_costs *c)
{
	struct keys k;

	make_keys(&k, c);
	p->cheapest[end] = 0;
	for (uint32_t i = end; i-- > begin;) {
		uint64_t *cheapest = p->cheapest + i;
		uint64_t best = try_matches(
			&p->matches, i, end - i, &k, cheapest, cheapest[1] + k.literal[p->in[i]]);

		*cheapest = best >> KEY_COST << KEY_COST;
		p->choices[i].dist = (uint16_t)best;
		p->choices[i].length =
			(uint16_t)(p->choices[i].dist
					   ? KEY_LENGTH_MAX - (best >> KEY_LENGTH & KEY_LENGTH_MAX)
					   : 1);
	}
}

uint32_t deflate_parse_count(const struct deflate_parser *p, uint32_t i, struct deflate_freqs *f)
{
	const struct deflate_choice *choice = &p->choices[i];

	if (choice->dist) {
		f->litlen[deflate_len_symbol(choice->length)]++;
		f->dist[deflate_dist_symbol(choice->dist)]++;
	} else {
		f->litlen[p->in[i]]++;
	}
	return i + choice->length;
}

uint32_t deflate_parse_cost(
	const struct deflate_parser *p, uint32_t i, const struct deflate_costs *c)
{
	const struct deflate_choice *choice = &p->choices[i];

	if (!choice->dist)
		return c->literal[p->in[i]];
	return c->length[choice->length] + c->dist[deflate_dist_symbol(choice->dist)];
}
