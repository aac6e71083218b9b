#include "codec/deflate_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/deflate_split.h"

enum {
	CANDIDATES_MAX = DEFLATE_BLOCKS_MAX, /* for a block's end */
	STEP_MIN = 64,                       /* symbols from one candidate to the next */
	/* Symbols in use are estimated cheaper than they are: deflate_parts_join() sees what was
	 * too much, nothing sees what was too little. */
	EAGERNESS = DEFLATE_SPLIT_UNIT,
};

/* Symbols before each candidate, whose position is at. */
struct deflate_parts_finder {
	struct deflate_freqs before[CANDIDATES_MAX + 1];
	uint32_t at[CANDIDATES_MAX + 1];
	uint64_t cost[CANDIDATES_MAX + 1]; /* of the best blocks up to here */
	unsigned from[CANDIDATES_MAX + 1]; /* the candidate at which the last of them begins */
	struct deflate_split estimate;
};

int deflate_parts_finder_new(struct deflate_parts_finder **out, struct err *e)
{
	*out = mem_zalloc(sizeof(**out), e);
	if (!*out)
		return -1;
	deflate_split_init(&(*out)->estimate);
	return 0;
}

void deflate_parts_finder_free(struct deflate_parts_finder *s)
{
	free(s);
}

/* What the symbols between two candidates would take as a block. */
static uint64_t block_cost(const struct deflate_parts_finder *s, unsigned from, unsigned to)
{
	const struct deflate_freqs *a = &s->before[from], *b = &s->before[to];
	struct deflate_freqs f;
	uint64_t used = 0;

	for (unsigned i = 0; i < DEFLATE_LITLEN_SYMBOLS; i++) {
		f.litlen[i] = b->litlen[i] - a->litlen[i];
		used += f.litlen[i] > 0;
	}
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++) {
		f.dist[i] = b->dist[i] - a->dist[i];
		used += f.dist[i] > 0;
	}
	return deflate_split_cost(&s->estimate, &f) - used * EAGERNESS;
}

/* Note the candidates, evenly spaced. Returns how many there are after the first, position 0. */
static unsigned find_candidates(
	struct deflate_parts_finder *s, const struct deflate_parser *p, uint32_t len)
{
	uint32_t symbols = 0, step, since = 0;
	unsigned n = 0;
	struct deflate_freqs f = {0};

	for (uint32_t i = 0; i < len; i += p->choices[i].length)
		symbols++;
	step = (symbols + CANDIDATES_MAX - 1) / CANDIDATES_MAX;
	if (step < STEP_MIN)
		step = STEP_MIN;
	s->before[0] = f;
	s->at[0] = 0;
	for (uint32_t i = 0; i < len;) {
		i = deflate_parse_count(p, i, &f);
		if (++since < step && i < len)
			continue;
		since = 0;
		s->before[++n] = f;
		s->at[n] = i;
	}
	return n;
}

void deflate_parts_make(struct deflate_parts *parts, struct deflate_parts_finder *s,
	const struct deflate_parser *p, uint32_t len)
{
	unsigned n = find_candidates(s, p, len);

	s->cost[0] = 0;
	for (unsigned to = 1; to <= n; to++) {
		s->cost[to] = UINT64_MAX;
		for (unsigned from = to; from-- > 0;) {
			uint64_t cost = s->cost[from] + block_cost(s, from, to);
			if (cost < s->cost[to]) {
				s->cost[to] = cost;
				s->from[to] = from;
			}
		}
	}
	parts->n = n ? 0 : 1;
	for (unsigned to = n; to > 0; to = s->from[to])
		parts->n++;
	parts->bounds[0] = parts->bounds[parts->n] = 0;
	for (unsigned to = n, i = parts->n; to > 0; to = s->from[to])
		parts->bounds[i--] = s->at[to];
	deflate_parts_count(parts, p);
}

void deflate_parts_count(struct deflate_parts *parts, const struct deflate_parser *p)
{
	for (unsigned b = 0; b < parts->n; b++) {
		struct deflate_freqs *f = &parts->freqs[b];

		memset(f, 0, sizeof(*f));
		f->litlen[DEFLATE_END] = 1;
		for (uint32_t i = parts->bounds[b]; i < parts->bounds[b + 1];)
			i = deflate_parse_count(p, i, f);
	}
}

static uint64_t dynamic_bits(const struct deflate_freqs *f)
{
	struct deflate_block b;

	deflate_block_plan(&b, f, NULL, DEFLATE_PIECE_MAX, 0);
	return b.bits;
}

void deflate_parts_join(struct deflate_parts *parts)
{
	uint64_t bits[DEFLATE_BLOCKS_MAX], joined[DEFLATE_BLOCKS_MAX] = {0};

	for (unsigned b = 0; b < parts->n; b++)
		bits[b] = dynamic_bits(&parts->freqs[b]);
	for (;;) {
		unsigned best = 0;
		int64_t gain = 0;

		for (unsigned b = 0; b + 1 < parts->n; b++) {
			if (!joined[b]) {
				struct deflate_freqs f = parts->freqs[b];
				deflate_split_join(&f, &parts->freqs[b + 1]);
				joined[b] = dynamic_bits(&f);
			}
			int64_t g = (int64_t)(bits[b] + bits[b + 1]) - (int64_t)joined[b];
			if (g > gain) {
				gain = g;
				best = b;
			}
		}
		if (gain <= 0)
			return;
		deflate_split_join(&parts->freqs[best], &parts->freqs[best + 1]);
		bits[best] = joined[best];
		joined[best] = 0;
		if (best > 0)
			joined[best - 1] = 0;
		parts->n--;
		for (unsigned b = best + 1; b < parts->n; b++) {
			parts->freqs[b] = parts->freqs[b + 1];
			bits[b] = bits[b + 1];
			joined[b] = joined[b + 1];
		}
		memmove(parts->bounds + best + 1, parts->bounds + best + 2,
			(parts->n - best) * sizeof(parts->bounds[0]));
	}
}

void deflate_parts_move(struct deflate_parts *parts, const struct deflate_parser *p)
{
	for (unsigned b = 1; b < parts->n; b++) {
		uint32_t begin = parts->bounds[b - 1], end = parts->bounds[b + 1];
		int64_t sum = 0, least = INT64_MAX; /* the former block's costs less the latter's */

		for (uint32_t i = begin; i < end; i += p->choices[i].length) {
			if (i > begin && sum < least) {
				least = sum;
				parts->bounds[b] = i;
			}
			sum += (int64_t)deflate_parse_cost(p, i, &parts->costs[b - 1]) -
			       (int64_t)deflate_parse_cost(p, i, &parts->costs[b]);
		}
	}
}
