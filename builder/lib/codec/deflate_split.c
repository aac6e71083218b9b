#include "codec/deflate_split.h"

/* What a block's header takes: to begin with, and for each symbol that occurs. Measured on the
 * files of a Linux system. */
enum { HEADER_BITS = 100, SYMBOL_BITS = 3 };

uint32_t deflate_log2(uint32_t n, unsigned places)
{
	unsigned top = 31u - (unsigned)__builtin_clz(n);
	uint64_t x = (uint64_t)n << (31 - top); /* 1 to 2, with 31 binary places */
	uint32_t log = top;

	/* Squaring a number between 1 and 2 gives the next binary digit of its logarithm. */
	for (unsigned i = 0; i < places; i++) {
		x = x * x >> 31;
		log = log << 1 | (uint32_t)(x >> 32);
		x >>= x >> 32;
	}
	return log;
}

void deflate_split_init(struct deflate_split *s)
{
	s->log[0] = 0;
	for (uint32_t n = 1; n < DEFLATE_SPLIT_LOGS; n++)
		s->log[n] = (uint16_t)deflate_log2(n, DEFLATE_SPLIT_SHIFT);
}

static inline uint32_t log_of(const struct deflate_split *s, uint32_t n)
{
	unsigned shift;

	if (n < DEFLATE_SPLIT_LOGS)
		return s->log[n];
	shift = 22u - (unsigned)__builtin_clz(n);
	return s->log[n >> shift] + shift * DEFLATE_SPLIT_UNIT;
}

/* The entropy of the symbols, and the header's share. */
static uint64_t alphabet_cost(const struct deflate_split *s, const uint32_t *freqs, unsigned n)
{
	uint64_t saved = 0;
	uint32_t sum = 0, used = 0;

	for (unsigned i = 0; i < n; i++) {
		sum += freqs[i];
		used += freqs[i] != 0;
		saved += (uint64_t)freqs[i] * log_of(s, freqs[i]);
	}
	return (uint64_t)sum * log_of(s, sum) - saved +
	       (uint64_t)used * SYMBOL_BITS * DEFLATE_SPLIT_UNIT;
}

uint64_t deflate_split_cost(const struct deflate_split *s, const struct deflate_freqs *f)
{
	return HEADER_BITS * DEFLATE_SPLIT_UNIT +
	       alphabet_cost(s, f->litlen, DEFLATE_LITLEN_SYMBOLS) +
	       alphabet_cost(s, f->dist, DEFLATE_DIST_SYMBOLS);
}

void deflate_split_join(struct deflate_freqs *f, const struct deflate_freqs *behind)
{
	for (unsigned i = 0; i < DEFLATE_LITLEN_SYMBOLS; i++)
		f->litlen[i] += behind->litlen[i];
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		f->dist[i] += behind->dist[i];
	f->litlen[DEFLATE_END] = 1;
}
