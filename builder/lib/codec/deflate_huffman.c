#include "codec/deflate_huffman.h"

#include <stdbool.h>
#include <string.h>

/* A symbol and its frequency in one word, so that they are moved together. */
enum { SYMBOL_BITS = 9, SYMBOL_MASK = (1 << SYMBOL_BITS) - 1 };

_Static_assert(DEFLATE_ALPHABET_MAX <= SYMBOL_MASK + 1, "a symbol fits");
_Static_assert(DEFLATE_FREQ_MAX <= UINT32_MAX >> SYMBOL_BITS, "a frequency fits");

struct leaves {
	uint32_t key[DEFLATE_ALPHABET_MAX];
	unsigned n;
};

/* One pass of a radix sort: stable, by eight bits of the frequency. */
static void sort_pass(const struct leaves *in, struct leaves *out, unsigned shift)
{
	unsigned start[256] = {0}, sum = 0;

	for (unsigned i = 0; i < in->n; i++)
		start[in->key[i] >> shift & 255]++;
	for (unsigned d = 0; d < 256; d++) {
		unsigned count = start[d];
		start[d] = sum;
		sum += count;
	}
	for (unsigned i = 0; i < in->n; i++)
		out->key[start[in->key[i] >> shift & 255]++] = in->key[i];
	out->n = in->n;
}

/* The symbols that occur, the rarest first, those of one frequency in the alphabet's order. */
static void sort_leaves(struct leaves *l, const uint32_t *freqs, unsigned n)
{
	struct leaves other;
	uint32_t all = 0;

	l->n = 0;
	for (unsigned i = 0; i < n; i++) {
		all |= freqs[i];
		if (freqs[i])
			l->key[l->n++] = freqs[i] << SYMBOL_BITS | i;
	}
	for (unsigned shift = SYMBOL_BITS; shift < 32 && all; shift += 8, all >>= 8) {
		sort_pass(l, &other, shift);
		*l = other;
	}
}

/* Join the two lightest nodes until one is left. Leaves come sorted, and joined nodes arise in
 * order of their weight, so that two queues do. parent[i] is the joined node above joined node i.
 */
static void join(const struct leaves *l, uint16_t *leaf_parent, uint16_t *parent)
{
	uint32_t weight[DEFLATE_ALPHABET_MAX];
	unsigned leaf = 0, joined = 0;

	for (unsigned node = 0; node + 1 < l->n; node++) {
		weight[node] = 0;
		for (unsigned i = 0; i < 2; i++) {
			if (leaf < l->n &&
				(joined == node || l->key[leaf] >> SYMBOL_BITS <= weight[joined])) {
				weight[node] += l->key[leaf] >> SYMBOL_BITS;
				leaf_parent[leaf++] = (uint16_t)node;
			} else {
				weight[node] += weight[joined];
				parent[joined++] = (uint16_t)node;
			}
		}
	}
}

/* How many leaves lie how deep; what lies deeper than max_len is counted there. */
static void count_depths(const struct leaves *l, unsigned max_len, unsigned *count)
{
	uint16_t leaf_parent[DEFLATE_ALPHABET_MAX], parent[DEFLATE_ALPHABET_MAX];
	uint16_t depth[DEFLATE_ALPHABET_MAX];
	unsigned root = l->n - 2;

	join(l, leaf_parent, parent);
	depth[root] = 0;
	for (unsigned node = root; node-- > 0;)
		depth[node] = (uint16_t)(depth[parent[node]] + 1);
	for (unsigned i = 0; i < l->n; i++) {
		unsigned len = depth[leaf_parent[i]] + 1u;
		count[len < max_len ? len : max_len]++;
	}
}

/* Make the code complete again after leaves were lifted to max_len: a leaf above becomes a node
 * with itself and one of the deepest below it, which frees one word of max_len bits. */
static void fit_lengths(unsigned *count, unsigned max_len)
{
	uint32_t used = 0;

	for (unsigned len = 1; len <= max_len; len++)
		used += count[len] << (max_len - len);
	for (; used > 1u << max_len; used--) {
		unsigned len = max_len - 1;
		while (count[len] == 0)
			len--;
		count[len]--;
		count[len + 1] += 2;
		count[max_len]--;
	}
}

void deflate_huffman_lengths(const uint32_t *freqs, unsigned n, unsigned max_len, uint8_t *lens)
{
	unsigned count[DEFLATE_CODE_MAX + 1] = {0};
	struct leaves l;
	unsigned leaf = 0;

	memset(lens, 0, n);
	sort_leaves(&l, freqs, n);
	if (l.n < 2) {
		unsigned only = l.n ? l.key[0] & SYMBOL_MASK : 0;
		lens[only] = 1;
		lens[only ? 0 : 1] = 1;
		return;
	}
	count_depths(&l, max_len, count);
	fit_lengths(count, max_len);
	for (unsigned len = max_len; len > 0; len--)
		for (unsigned i = 0; i < count[len]; i++)
			lens[l.key[leaf++] & SYMBOL_MASK] = (uint8_t)len;
}

static uint16_t reverse(unsigned code, unsigned len)
{
	code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
	code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
	code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
	code = (code & 0x00ff) << 8 | code >> 8;
	return (uint16_t)(code >> (16 - len));
}

void deflate_huffman_codes(const uint8_t *lens, unsigned n, uint16_t *codes)
{
	unsigned count[DEFLATE_CODE_MAX + 1] = {0}, next[DEFLATE_CODE_MAX + 1];
	unsigned code = 0;

	for (unsigned i = 0; i < n; i++)
		count[lens[i]]++;
	count[0] = 0;
	for (unsigned len = 1; len <= DEFLATE_CODE_MAX; len++) {
		code = (code + count[len - 1]) << 1;
		next[len] = code;
	}
	for (unsigned i = 0; i < n; i++)
		codes[i] = lens[i] ? reverse(next[lens[i]]++, lens[i]) : 0;
}
