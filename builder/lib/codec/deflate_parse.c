#include "codec/deflate_parse.h"

#include "codec/deflate_split.h"

enum {
	MISSING_BITS = 13,
	SPARSE = 32, /* of lengths over this only each so-many-th is tried */
	SPARSE_STEP = 8,
};

static uint32_t cost_of_freq(uint32_t f, uint32_t total)
{
	uint32_t cost = deflate_log2(total, DEFLATE_COST_SHIFT) -
			deflate_log2(f ? f : 1, DEFLATE_COST_SHIFT);

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

#define NEVER (UINT64_MAX / 2)

struct keys {
	uint64_t literal[256];
	uint64_t length[DEFLATE_LEN_MAX + 1];
	uint64_t dist[DEFLATE_DIST_SYMBOLS];
};

static void make_keys(struct keys *k, const struct deflate_costs *c)
{
	for (unsigned i = 0; i < 256; i++)
		k->literal[i] = (uint64_t)c->literal[i] << KEY_COST;
	for (unsigned i = 0; i < DEFLATE_LEN_MIN; i++)
		k->length[i] = NEVER;
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

static inline uint64_t key(
	const struct keys *k, const uint64_t *cheapest, unsigned length, uint64_t dist)
{
	return cheapest[length] + k->length[length] + dist;
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
		int length = m->slot + DEFLATE_LEN_MIN;
		int least = m > first ? m[-1].slot + DEFLATE_LEN_MIN : DEFLATE_LEN_MIN - 1;

		dist = min(dist, k->dist[m->symbol] + m->dist);
		/* Where no match can be longer, the shorter ones hardly ever gain a bit. */
		if (length == DEFLATE_LEN_MAX && room >= DEFLATE_LEN_MAX)
			return key(k, cheapest, DEFLATE_LEN_MAX, dist);
		if (length > (int)room)
			length = (int)room;
		for (; length > least && length > SPARSE; length -= SPARSE_STEP)
			best = min(best, key(k, cheapest, (unsigned)length, dist));
		/* Four at a time wait less for each other. What is below least gets its turn with
		 * a distance as cheap or cheaper, what is below the least length costs NEVER. */
		for (; length > least; length -= 4) {
			const uint64_t *c = cheapest + length, *l = k->length + length;
			uint64_t a = min(c[0] + l[0], c[-1] + l[-1]);
			uint64_t b = min(c[-2] + l[-2], c[-3] + l[-3]);
			best = min(best, min(a, b) + dist);
		}
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
