#include "codec/deflate_lens.h"

#include <stdbool.h>

#include "codec/deflate_parse.h"
#include "codec/deflate_split.h"

enum {
	LENGTHS = DEFLATE_CODE_MAX + 1,
	LIST_MAX = DEFLATE_LITLEN_SYMBOLS + DEFLATE_DIST_SYMBOLS,
	COPY = 16, /* code length symbols: runs of the length before, of zeros, of many zeros */
	ZEROS = 17,
	ZEROS_LONG = 18,
	UNTOLD_BITS = 7, /* a guess at what a symbol costs that the last header had not */
	ROOM = 1 << DEFLATE_CODE_MAX,
	PRICE_SHIFT = 6,
	PRICE_LEAST = 40, /* bounds of the search, in 1/64 of what calculus tells */
	PRICE_MOST = 110,
	ROUNDS = 5,
	SPREAD = 2, /* bits from the ideal length that are tried */
};

#define NEVER (UINT64_MAX / 4)

/* One alphabet. Codes share a room: a code of n bits takes 1/2^n of it, and all of it is to be
 * used. Giving room a price makes the best lengths a matter of each symbol and its neighbours. */
struct alphabet {
	const uint32_t *freqs;
	const uint8_t *needed; /* not 0: must have a code */
	unsigned n;
	uint32_t total;
	uint32_t price, price_min, price_max;
};

/* The cheapest way to tell the first symbols' lengths, by how many they are and the last's length.
 */
struct way {
	uint64_t cost;
	uint8_t told, before; /* symbols the last item tells; the length before it */
};

struct search {
	struct alphabet alphabets[2];
	uint32_t item_cost[DEFLATE_CLEN_SYMBOLS];
	unsigned n;
	uint64_t own[LIST_MAX][LENGTHS]; /* what a symbol's length costs but for telling it */
	struct way ways[LIST_MAX + 1][LENGTHS];
};

static void price_lengths(const struct alphabet *a, uint64_t (*own)[LENGTHS])
{
	/* The sum of freq * length + price / 2^length is least at length = log2(total / freq)
	 * when price is total / ln(2), 369/256 of it. */
	uint64_t price = (uint64_t)a->total * 369 * a->price >> PRICE_SHIFT;
	uint32_t log_total = deflate_log2(a->total, DEFLATE_COST_SHIFT);

	for (unsigned i = 0; i < a->n; i++) {
		uint32_t f = a->freqs[i];
		unsigned ideal = (log_total - deflate_log2(f ? f : 1, DEFLATE_COST_SHIFT) +
					 DEFLATE_COST_BIT / 2) >>
				 DEFLATE_COST_SHIFT;
		if (ideal > DEFLATE_CODE_MAX)
			ideal = DEFLATE_CODE_MAX;
		own[i][0] = a->needed[i] ? NEVER : 0;
		for (unsigned v = 1; v < LENGTHS; v++) {
			bool tried = f == 0 || (v + SPREAD >= ideal && v <= ideal + SPREAD);
			own[i][v] =
				tried ? (uint64_t)f * v * DEFLATE_COST_BIT + (price >> v) : NEVER;
		}
	}
}

static void reach(struct search *s, unsigned at, unsigned length, uint64_t cost, unsigned told,
	unsigned before)
{
	struct way *w = &s->ways[at][length];

	if (cost < w->cost)
		*w = (struct way){cost, (uint8_t)told, (uint8_t)before};
}

/* The items that may follow the first at lengths, the cheapest of which end in length last. */
static void follow(struct search *s, unsigned at, unsigned last, uint64_t cost)
{
	uint64_t sum;

	for (unsigned v = 0; v < LENGTHS; v++)
		reach(s, at + 1, v, cost + s->item_cost[v] + s->own[at][v], 1, last);
	for (unsigned v = 0; at > 0 && v < LENGTHS; v++) {
		sum = s->ways[at][v].cost + s->item_cost[COPY];
		for (unsigned k = 1; k <= 6 && at + k <= s->n && sum < NEVER; k++) {
			sum += s->own[at + k - 1][v];
			if (k >= 3 && sum < NEVER)
				reach(s, at + k, v, sum, k, v);
		}
	}
	for (unsigned k = 1; k <= 138 && at + k <= s->n && s->own[at + k - 1][0] == 0; k++)
		if (k >= 3)
			reach(s, at + k, 0, cost + s->item_cost[k <= 10 ? ZEROS : ZEROS_LONG], k,
				last);
}

static void find_lengths(struct search *s, uint8_t *list)
{
	for (unsigned i = 0; i <= s->n; i++)
		for (unsigned v = 0; v < LENGTHS; v++)
			s->ways[i][v].cost = NEVER;
	s->ways[0][0].cost = 0;
	unsigned last = 0;
	for (unsigned i = 0; i <= s->n; i++) {
		last = 0;
		for (unsigned v = 1; v < LENGTHS; v++)
			if (s->ways[i][v].cost < s->ways[i][last].cost)
				last = v;
		if (i < s->n)
			follow(s, i, last, s->ways[i][last].cost);
	}
	for (unsigned i = s->n; i > 0;) {
		struct way w = s->ways[i][last];
		for (unsigned k = 0; k < w.told; k++)
			list[--i] = (uint8_t)last;
		last = w.before;
	}
}

static uint32_t room_taken(const uint8_t *lens, unsigned n)
{
	uint32_t taken = 0;

	for (unsigned i = 0; i < n; i++)
		taken += lens[i] ? (uint32_t)ROOM >> lens[i] : 0;
	return taken;
}

/* Lengthen the codes for which that costs least until all fit. */
static void make_fit(const struct alphabet *a, uint8_t *lens, uint32_t taken)
{
	while (taken > ROOM) {
		uint64_t least = UINT64_MAX;
		unsigned best = 0;

		for (unsigned i = 0; i < a->n; i++) {
			uint64_t cost = ((uint64_t)a->freqs[i] + 1) << lens[i];
			if (lens[i] && lens[i] < DEFLATE_CODE_MAX && cost < least) {
				least = cost;
				best = i;
			}
		}
		lens[best]++;
		taken -= (uint32_t)ROOM >> lens[best];
	}
}

/* Shorten the codes that gain most until no room is left: a code must be complete. */
static bool make_full(const struct alphabet *a, uint8_t *lens)
{
	for (uint32_t taken = room_taken(lens, a->n); taken < ROOM;) {
		unsigned best = a->n;

		for (unsigned i = 0; i < a->n; i++)
			if (lens[i] > 1 && taken + ((uint32_t)ROOM >> lens[i]) <= ROOM &&
				(best == a->n || a->freqs[i] > a->freqs[best]))
				best = i;
		if (best == a->n)
			return false;
		taken += (uint32_t)ROOM >> lens[best];
		lens[best]--;
	}
	return true;
}

/* Adjust the price to the room that was taken at it, and the lengths to the room there is. */
static bool settle(struct alphabet *a, uint8_t *lens)
{
	uint32_t taken = room_taken(lens, a->n);

	if (taken > ROOM)
		a->price_min = a->price;
	else if (taken < ROOM)
		a->price_max = a->price;
	a->price = (a->price_min + a->price_max) / 2;
	make_fit(a, lens, taken);
	return make_full(a, lens);
}

static void alphabet_init(
	struct alphabet *a, const uint32_t *freqs, const uint8_t *needed, unsigned n)
{
	*a = (struct alphabet){.freqs = freqs,
		.needed = needed,
		.n = n,
		.price = 1u << PRICE_SHIFT,
		.price_min = PRICE_LEAST,
		.price_max = PRICE_MOST};
	for (unsigned i = 0; i < n; i++)
		a->total += freqs[i];
	if (a->total == 0)
		a->total = 1;
}

/* What an item of a list would take if the header's code for items stayed. */
static uint32_t item_bits(const struct deflate_header *h, unsigned symbol)
{
	static const uint8_t extra[DEFLATE_CLEN_SYMBOLS] = {
		[COPY] = 2, [ZEROS] = 3, [ZEROS_LONG] = 7};
	unsigned told = h->clens[symbol];

	return (told ? told : UNTOLD_BITS) + extra[symbol];
}

void deflate_lens_improve(struct deflate_lens *lens, const struct deflate_freqs *f)
{
	struct deflate_lens needed = *lens;
	struct deflate_header header;
	struct search s;
	struct alphabet *litlen = &s.alphabets[0], *dist = &s.alphabets[1];

	deflate_header_make(&header, lens);
	uint64_t least = header.bits + deflate_data_bits(f, lens);
	alphabet_init(litlen, f->litlen, needed.litlen, header.litlen_n);
	alphabet_init(dist, f->dist, needed.dist, header.dist_n);
	s.n = litlen->n + dist->n;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t list[LIST_MAX];
		struct deflate_lens tried = {0};

		for (unsigned i = 0; i < DEFLATE_CLEN_SYMBOLS; i++)
			s.item_cost[i] = item_bits(&header, i) * DEFLATE_COST_BIT;
		price_lengths(litlen, s.own);
		price_lengths(dist, s.own + litlen->n);
		find_lengths(&s, list);
		memcpy(tried.litlen, list, litlen->n);
		memcpy(tried.dist, list + litlen->n, dist->n);
		if (!settle(litlen, tried.litlen) || !settle(dist, tried.dist))
			continue;
		struct deflate_header h;
		deflate_header_make(&h, &tried);
		uint64_t bits = h.bits + deflate_data_bits(f, &tried);
		if (bits < least) {
			least = bits;
			*lens = tried;
			header = h;
		}
	}
}
