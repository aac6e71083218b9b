/* Blocks of a deflate stream (RFC 1951 section 3.2): what an encoder found in its input becomes
 * bits. Planning a block gives its exact size before anything is written. No state but the
 * caller's; no function fails for want of memory. */
#ifndef KILN_CODEC_DEFLATE_BLOCK_H
#define KILN_CODEC_DEFLATE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/deflate_bits.h"
#include "codec/deflate_huffman.h"

enum {
	DEFLATE_LITLEN_SYMBOLS = 288, /* of which the last two never occur */
	DEFLATE_DIST_SYMBOLS = 30,
	DEFLATE_CLEN_SYMBOLS = 19,
	DEFLATE_END = 256,        /* literal/length symbol: end of block */
	DEFLATE_LEN_SYMBOL = 257, /* the first of the lengths' */
	DEFLATE_LEN_SYMBOLS = 29,
	DEFLATE_LEN_MIN = 3,
	DEFLATE_LEN_MAX = 258,
	DEFLATE_DIST_MAX = 32768,
};

/* Some literals, taken from the input where it stands, then a match, or none where the length
 * is 0. */
struct deflate_seq {
	uint32_t literals;
	uint16_t length;
	uint16_t dist; /* 1 to DEFLATE_DIST_MAX */
};

/* How often each symbol occurs in a block; litlen[DEFLATE_END] is 1. */
struct deflate_freqs {
	uint32_t litlen[DEFLATE_LITLEN_SYMBOLS];
	uint32_t dist[DEFLATE_DIST_SYMBOLS];
};

/* The lengths in bits of the codes of a block. */
struct deflate_lens {
	uint8_t litlen[DEFLATE_LITLEN_SYMBOLS];
	uint8_t dist[DEFLATE_DIST_SYMBOLS];
};

/* The code lengths as a block with dynamic codes tells them (section 3.2.7). */
struct deflate_header {
	unsigned litlen_n, dist_n, clen_n; /* symbols that are told */
	uint8_t clens[DEFLATE_CLEN_SYMBOLS];
	uint16_t items; /* 0 to 15: a length; 16 to 18: a run, and its extra bits */
	struct {
		uint8_t symbol, extra;
	} item[DEFLATE_LITLEN_SYMBOLS + DEFLATE_DIST_SYMBOLS];
	unsigned bits; /* all of it, without the three bits that begin each block */
};

enum deflate_block_type { DEFLATE_STORED = 0, DEFLATE_FIXED = 1, DEFLATE_DYNAMIC = 2 };

struct deflate_block {
	enum deflate_block_type type;
	struct deflate_lens lens;     /* of DEFLATE_FIXED and DEFLATE_DYNAMIC */
	struct deflate_header header; /* of DEFLATE_DYNAMIC */
	uint64_t bits;                /* what the block will take, to the bit */
};

/* Extra bits and lowest value by symbol: lengths' by symbol - DEFLATE_LEN_SYMBOL. */
extern const uint8_t deflate_len_extra[DEFLATE_LEN_SYMBOLS],
	deflate_dist_extra[DEFLATE_DIST_SYMBOLS];
extern const uint16_t deflate_len_base[DEFLATE_LEN_SYMBOLS],
	deflate_dist_base[DEFLATE_DIST_SYMBOLS];
/* Lengths' symbol - DEFLATE_LEN_SYMBOL, by length - DEFLATE_LEN_MIN. */
extern const uint8_t deflate_len_slot[256];

/* The symbol of a match's length, DEFLATE_LEN_MIN to DEFLATE_LEN_MAX. */
static inline unsigned deflate_len_symbol(unsigned length)
{
	return DEFLATE_LEN_SYMBOL + deflate_len_slot[length - DEFLATE_LEN_MIN];
}

/* The symbol of a distance, 1 to DEFLATE_DIST_MAX. */
static inline unsigned deflate_dist_symbol(unsigned dist)
{
	unsigned d = dist - 1;
	unsigned top = 31u - (unsigned)__builtin_clz(d | 1);

	return d < 2 ? d : top * 2 + (d >> (top - 1) & 1);
}

/* Count what a block of n sequences over raw holds. */
void deflate_freqs_count(struct deflate_freqs *f, const unsigned char *raw,
	const struct deflate_seq *seqs, size_t n);

/* Huffman's code lengths for both alphabets. */
void deflate_lens_make(struct deflate_lens *lens, const struct deflate_freqs *f);

/* The bits of all symbols that f counts, their extra bits and the end of the block, with these
 * lengths; without the block's header. Every symbol that occurs must have a length. */
uint64_t deflate_data_bits(const struct deflate_freqs *f, const struct deflate_lens *lens);

/* The shortest of the usual ways to tell the lengths: runs wherever there are any. */
void deflate_header_make(struct deflate_header *h, const struct deflate_lens *lens);

/* Find the smallest way to write a block of raw_len bytes that f describes, and what it takes.
 * lens: the codes of a block with dynamic codes; NULL: deflate_lens_make()'s. bit_offset: where in
 * a byte the block begins (a stored block is padded). */
void deflate_block_plan(struct deflate_block *b, const struct deflate_freqs *f,
	const struct deflate_lens *lens, size_t raw_len, unsigned bit_offset);

/* Write the block as planned from the sequences that f was counted from, or from raw when it is to
 * be stored. last: no other follows. False, and nothing is written, when it does not fit. */
bool deflate_block_write(struct deflate_bits *bits, const struct deflate_block *b, bool last,
	const unsigned char *raw, size_t raw_len, const struct deflate_seq *seqs, size_t n);

#endif
