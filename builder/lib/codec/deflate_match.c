#include "codec/deflate_match.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/deflate_block.h"

enum {
	HASH_BITS = 15,
	DEPTH_MAX = 32, /* nodes looked at for a position */
	KEPT_MAX = 16,
	/* matches kept for a position */
	FAR_MAX = 2,
	/* how many symbols farther a match that is no longer may be */
};

/* A binary tree per hash of three bytes, of the positions before, ordered by what follows them and
 * with the latest at the root. Positions count from 1: 0 is none. The last two of a piece, at which
 * no match can begin, are never in a tree: 16 bits do. */
struct deflate_finder {
	uint16_t head[1 << HASH_BITS];
	uint16_t child[DEFLATE_PIECE_MAX][2]; /* less, greater */
	uint32_t first[DEFLATE_PIECE_MAX + 1];
	struct deflate_match at[DEFLATE_PIECE_MAX * KEPT_MAX];
};

int deflate_finder_new(struct deflate_finder **out, struct err *e)
{
	*out = mem_zalloc(sizeof(**out), e);
	return *out ? 0 : -1;
}

void deflate_finder_free(struct deflate_finder *f)
{
	free(f);
}

static uint32_t hash(const unsigned char *p)
{
	return (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16) * 0x9e3779b1u >>
	       (32 - HASH_BITS);
}

static unsigned extend(const unsigned char *a, const unsigned char *b, unsigned len, unsigned max)
{
	while (max - len >= 8) {
		uint64_t x, y;
		memcpy(&x, a + len, 8);
		memcpy(&y, b + len, 8);
		x = le64toh(x ^ y);
		if (x)
			return len + (unsigned)__builtin_ctzll(x) / 8;
		len += 8;
	}
	while (len < max && a[len] == b[len])
		len++;
	return len;
}

/* The matches of one position as they are found, which is by growing distance. */
struct found {
	struct deflate_match *at;
	unsigned n, longest, nearest; /* nearest: the symbol at which longest was reached */
	unsigned dist;                /* at which longest was reached first */
};

static void found_add(struct found *f, unsigned length, unsigned dist)
{
	unsigned symbol = deflate_dist_symbol(dist);

	if (length > f->longest) {
		f->longest = length;
		f->nearest = symbol;
		f->dist = dist;
	} else if (symbol > f->nearest + FAR_MAX) {
		return;
	}
	if (f->n > 0 && f->at[f->n - 1].symbol == symbol) {
		if (length <= f->at[f->n - 1].slot + (unsigned)DEFLATE_LEN_MIN)
			return;
		f->n--;
	}
	if (f->n == KEPT_MAX)
		f->n--;
	f->at[f->n++] = (struct deflate_match){.slot = (uint8_t)(length - DEFLATE_LEN_MIN),
		.symbol = (uint8_t)symbol,
		.dist = (uint16_t)dist};
}

static void found_sort(struct found *f)
{
	for (unsigned i = 1; i < f->n; i++) {
		struct deflate_match m = f->at[i];
		unsigned j = i;
		for (; j > 0 && f->at[j - 1].slot > m.slot; j--)
			f->at[j] = f->at[j - 1];
		f->at[j] = m;
	}
}

/* Begin to load what insert() needs first at pos. */
static void prefetch(const struct deflate_finder *f, const unsigned char *in, uint32_t pos)
{
	uint32_t node = f->head[hash(in + pos)];

	if (node) {
		__builtin_prefetch(in + node - 1);
		__builtin_prefetch(f->child[node - 1]);
	}
}

/* Make pos the root of its tree, and note the matches met on the way. before: what was found one
 * position before: a match that was cut there goes on with one byte less. */
static void insert(struct deflate_finder *f, const unsigned char *in, uint32_t pos, unsigned max,
	const struct found *before, struct found *found)
{
	uint16_t *head = &f->head[hash(in + pos)];
	uint16_t *less = &f->child[pos][0], *greater = &f->child[pos][1];
	uint32_t node = *head;
	unsigned less_len = 0, greater_len = 0;

	*head = (uint16_t)(pos + 1);
	if (max > DEFLATE_LEN_MIN)
		prefetch(f, in, pos + 1);
	for (unsigned depth = 0; node && depth < DEPTH_MAX; depth++) {
		uint32_t at = node - 1;
		unsigned len = less_len < greater_len ? less_len : greater_len;
		if (pos - at > DEFLATE_DIST_MAX)
			break;
		if (pos - at == before->dist && before->longest == DEFLATE_LEN_MAX)
			len = DEFLATE_LEN_MAX - 1;
		len = extend(in + at, in + pos, len, max);
		if (len >= DEFLATE_LEN_MIN)
			found_add(found, len, pos - at);
		if (len == max) {
			*less = f->child[at][0];
			*greater = f->child[at][1];
			return;
		}
		if (in[at + len] < in[pos + len]) {
			*less = (uint16_t)node;
			less = &f->child[at][1];
			less_len = len;
			node = *less;
		} else {
			*greater = (uint16_t)node;
			greater = &f->child[at][0];
			greater_len = len;
			node = *greater;
		}
	}
	*less = *greater = 0;
}

struct deflate_matches deflate_finder_run(
	struct deflate_finder *f, const unsigned char *in, size_t len)
{
	uint32_t n = 0;
	struct found before = {0};

	memset(f->head, 0, sizeof(f->head));
	for (uint32_t pos = 0; pos < len; pos++) {
		size_t left = len - pos;
		struct found found = {.at = f->at + n};

		f->first[pos] = n;
		if (left < DEFLATE_LEN_MIN)
			continue;
		insert(f, in, pos, left < DEFLATE_LEN_MAX ? (unsigned)left : DEFLATE_LEN_MAX,
			&before, &found);
		found_sort(&found);
		n += found.n;
		before = found;
	}
	f->first[len] = n;
	return (struct deflate_matches){.first = f->first, .at = f->at};
}
