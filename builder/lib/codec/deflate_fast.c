#include "codec/deflate_fast.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/deflate_block.h"
#include "codec/deflate_split.h"

enum {
	PIECE_MAX = 65536, /* positions take 16 bits */
	SHORT_LEN = 4,
	SHORT_BITS = 14,
	LONG_LEN = 8,
	LONG_BITS = 14,
	SKIP_SHIFT = 8, /* how soon places are left out where nothing matches */
	MARGIN = 32,    /* no match begins so near the end: words are read unchecked */
	SEGMENT = 8192, /* blocks are made of these */
	SEGMENTS = PIECE_MAX / SEGMENT,
	/* A match each; what is left at the end of a segment, and of the piece. */
	SEQS_MAX = PIECE_MAX / SHORT_LEN + SEGMENTS + 1,
};

struct segment {
	struct deflate_freqs freqs;
	size_t raw_len;
	size_t seqs;
};

struct deflate_fast {
	/* The last place with that hash of SHORT_LEN or LONG_LEN bytes. Before there was any it is
	 * 0, which is as good a place to look at as others. */
	uint16_t by_short[1 << SHORT_BITS];
	uint16_t by_long[1 << LONG_BITS];
	const unsigned char *in, *end; /* the piece at hand */
	struct deflate_seq seqs[SEQS_MAX];
	size_t seqs_n;
	struct segment segments[SEGMENTS];
	struct deflate_block block;
	struct deflate_split split;
};

static inline uint64_t load8(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return le64toh(v);
}

static inline uint16_t *short_slot(struct deflate_fast *d, uint64_t v)
{
	uint64_t hash = (v << (64 - 8 * SHORT_LEN)) * UINT64_C(0x9e3779b185ebca87);

	return &d->by_short[hash >> (64 - SHORT_BITS)];
}

static inline uint16_t *long_slot(struct deflate_fast *d, uint64_t v)
{
	return &d->by_long[v * UINT64_C(0xcf1bbcdcb7a56463) >> (64 - LONG_BITS)];
}

/* How long the match at p with c is, of which the first known bytes, at most LONG_LEN, are equal.
 * p is no nearer to the end than MARGIN - 1. */
static inline unsigned match_length(
	const unsigned char *c, const unsigned char *p, const unsigned char *end, unsigned known)
{
	uint64_t x = load8(c + known) ^ load8(p + known);
	uint64_t y = load8(c + known + 8) ^ load8(p + known + 8);
	unsigned n = known + 16, max;

	/* One branch for most lengths: where a match ends cannot be foreseen. */
	if (x | y)
		return known + (x ? 0 : 8) + (unsigned)__builtin_ctzll(x ? x : y) / 8;
	max = end - p < DEFLATE_LEN_MAX ? (unsigned)(end - p) : DEFLATE_LEN_MAX;
	for (; n + 8 <= max; n += 8) {
		x = load8(c + n) ^ load8(p + n);
		if (x)
			return n + (unsigned)__builtin_ctzll(x) / 8;
	}
	for (; n < max && c[n] == p[n]; n++)
		;
	return n;
}

/* Look for a match at p of LONG_LEN bytes or more, and remember p. Returns its length or 0. */
static inline unsigned find_long(struct deflate_fast *d, const unsigned char *in,
	const unsigned char *end, const unsigned char *p, unsigned *dist)
{
	uint64_t v = load8(p);
	uint16_t *slot = long_slot(d, v);
	const unsigned char *c = in + *slot;

	*slot = (uint16_t)(p - in);
	*dist = (unsigned)(p - c);
	if (load8(c) != v || *dist > DEFLATE_DIST_MAX)
		return 0;
	return match_length(c, p, end, LONG_LEN);
}

/* The same of SHORT_LEN bytes or more. */
static inline unsigned find_short(struct deflate_fast *d, const unsigned char *in,
	const unsigned char *end, const unsigned char *p, unsigned *dist)
{
	uint64_t v = load8(p);
	uint16_t *slot = short_slot(d, v);
	const unsigned char *c = in + *slot;

	*slot = (uint16_t)(p - in);
	*dist = (unsigned)(p - c);
	if ((uint32_t)load8(c) != (uint32_t)v || *dist > DEFLATE_DIST_MAX)
		return 0;
	return match_length(c, p, end, SHORT_LEN);
}

static inline void remember(struct deflate_fast *d, const unsigned char *in, const unsigned char *p)
{
	uint64_t v = load8(p);

	*short_slot(d, v) = *long_slot(d, v) = (uint16_t)(p - in);
}

/* Remember where a match begins and, when it is long, ends: more would cost more than it brings. */
static inline void remember_match(struct deflate_fast *d, const unsigned char *in,
	const unsigned char *p, const unsigned char *match_end)
{
	remember(d, in, p + 1);
	remember(d, in, p + 2);
	remember(d, in, p + 3);
	if (match_end - p < 8)
		return;
	remember(d, in, match_end - 4);
	remember(d, in, match_end - 3);
	remember(d, in, match_end - 2);
	remember(d, in, match_end - 1);
}

/* No match at p: count it as a literal, and more of them the longer there has been none. Returns
 * where to look next, at most stop. */
static inline const unsigned char *pass(struct deflate_freqs *f, const unsigned char *literals,
	const unsigned char *p, const unsigned char *stop)
{
	size_t step = 1 + ((size_t)(p - literals) >> SKIP_SHIFT);

	if (step > (size_t)(stop - p))
		step = (size_t)(stop - p);
	do
		f->litlen[*p++]++;
	while (--step);
	return p;
}

/* Find the sequences that begin at p and before stop, and count their symbols. Returns where the
 * last one ends, after a match maybe behind stop. */
static const unsigned char *parse(struct deflate_fast *d, struct deflate_freqs *f,
	const unsigned char *p, const unsigned char *stop)
{
	const unsigned char *in = d->in, *end = d->end, *literals = p;
	struct deflate_seq *s = d->seqs + d->seqs_n;

	if (p == in && p < stop)
		f->litlen[*p++]++;
	while (p < stop) {
		unsigned dist, length = find_long(d, in, end, p, &dist);

		if (length) {
			*short_slot(d, load8(p)) = (uint16_t)(p - in);
		} else {
			length = find_short(d, in, end, p, &dist);
			if (length == 0) {
				p = pass(f, literals, p, stop);
				continue;
			}
		}
		if (length < LONG_LEN) {
			unsigned later_dist, later = find_long(d, in, end, p + 1, &later_dist);
			if (later) {
				f->litlen[*p++]++;
				length = later;
				dist = later_dist;
			}
		}
		*s++ = (struct deflate_seq){.literals = (uint32_t)(p - literals),
			.length = (uint16_t)length,
			.dist = (uint16_t)dist};
		f->litlen[deflate_len_symbol(length)]++;
		f->dist[deflate_dist_symbol(dist)]++;
		literals = p + length;
		if (literals < end - MARGIN)
			remember_match(d, in, p, literals);
		p = literals;
	}
	if (p > literals)
		*s++ = (struct deflate_seq){.literals = (uint32_t)(p - literals)};
	d->seqs_n = (size_t)(s - d->seqs);
	return p;
}

static void add_tail(struct deflate_fast *d, struct deflate_freqs *f, const unsigned char *p)
{
	d->seqs[d->seqs_n++] = (struct deflate_seq){.literals = (uint32_t)(d->end - p)};
	for (; p < d->end; p++)
		f->litlen[*p]++;
}

/* Find the sequences of a piece. Returns the number of its segments, all but the last of them
 * SEGMENT bytes and maybe the rest of a match. */
static unsigned parse_piece(struct deflate_fast *d, const unsigned char *in, size_t len)
{
	const unsigned char *p = in, *limit = in + (len > MARGIN ? len - MARGIN : 0);
	unsigned n = 0;

	memset(d->by_short, 0, sizeof(d->by_short));
	memset(d->by_long, 0, sizeof(d->by_long));
	d->in = in;
	d->end = in + len;
	d->seqs_n = 0;
	do {
		struct segment *seg = &d->segments[n++];
		size_t first_seq = d->seqs_n;
		const unsigned char *start = p;
		bool last = limit - p <= SEGMENT + SEGMENT / 2;

		memset(&seg->freqs, 0, sizeof(seg->freqs));
		seg->freqs.litlen[DEFLATE_END] = 1;
		p = parse(d, &seg->freqs, p, last ? limit : p + SEGMENT);
		if (p >= limit) {
			add_tail(d, &seg->freqs, p);
			p = d->end;
		}
		seg->raw_len = (size_t)(p - start);
		seg->seqs = d->seqs_n - first_seq;
	} while (p < d->end);
	return n;
}

/* Take the segments behind the first into its block while that is no worse. Returns how many of
 * the n are one block; the first stands for all of it. */
static unsigned join_segments(const struct deflate_split *split, struct segment *first, unsigned n)
{
	uint64_t cost = n > 1 ? deflate_split_cost(split, &first->freqs) : 0;
	unsigned i;

	for (i = 1; i < n; i++) {
		struct deflate_freqs joined = first->freqs;
		uint64_t apart = cost + deflate_split_cost(split, &first[i].freqs);

		deflate_split_join(&joined, &first[i].freqs);
		cost = deflate_split_cost(split, &joined);
		if (cost > apart)
			break;
		first->freqs = joined;
		first->raw_len += first[i].raw_len;
		first->seqs += first[i].seqs;
	}
	return i;
}

static bool write_piece(struct deflate_fast *d, struct deflate_bits *bits, unsigned n, bool last)
{
	const unsigned char *p = d->in;
	const struct deflate_seq *s = d->seqs;

	for (unsigned i = 0; i < n;) {
		struct segment *seg = &d->segments[i];

		i += join_segments(&d->split, seg, n - i);
		deflate_block_plan(&d->block, &seg->freqs, NULL, seg->raw_len, bits->count);
		if (!deflate_block_write(
			    bits, &d->block, last && i == n, p, seg->raw_len, s, seg->seqs))
			return false;
		p += seg->raw_len;
		s += seg->seqs;
	}
	return true;
}

int deflate_fast_new(struct deflate_fast **out, struct err *e)
{
	*out = mem_zalloc(sizeof(**out), e);
	if (!*out)
		return -1;
	deflate_split_init(&(*out)->split);
	return 0;
}

size_t deflate_fast_encode(
	struct deflate_fast *d, const void *in, size_t in_len, void *out, size_t out_max)
{
	const unsigned char *p = in;
	struct deflate_bits bits;

	deflate_bits_init(&bits, out, out_max);
	do {
		size_t len = in_len < PIECE_MAX ? in_len : PIECE_MAX;
		unsigned segments = parse_piece(d, p, len);

		p += len;
		in_len -= len;
		if (!write_piece(d, &bits, segments, in_len == 0))
			return 0;
	} while (in_len);
	deflate_bits_align(&bits);
	return (size_t)(bits.next - bits.start);
}

void deflate_fast_free(struct deflate_fast *d)
{
	free(d);
}

const char *deflate_fast_library(void)
{
	return "kiln-deflate 1";
}
