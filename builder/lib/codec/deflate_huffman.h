/* Prefix codes of deflate (RFC 1951 section 3.2.2). Pure functions. */
#ifndef KILN_CODEC_DEFLATE_HUFFMAN_H
#define KILN_CODEC_DEFLATE_HUFFMAN_H

#include <stdint.h>

enum {
	DEFLATE_ALPHABET_MAX = 288, /* symbols of the largest alphabet */
	DEFLATE_CODE_MAX = 15,      /* bits of the longest code */
	DEFLATE_FREQ_MAX = (1 << 23) - 1,
};

/* lens[i] becomes the length in bits, 1 to max_len, of the code of each symbol whose freqs[i] is
 * not 0, else 0. The code is Huffman's; where that is longer than max_len, close to the best of
 * that length. It is always complete: where fewer than two symbols occur, the first ones that do
 * not are given a code too. n: 2 to DEFLATE_ALPHABET_MAX, and at most 1 << max_len; no frequency
 * nor their sum over DEFLATE_FREQ_MAX; max_len: at most DEFLATE_CODE_MAX. */
void deflate_huffman_lengths(const uint32_t *freqs, unsigned n, unsigned max_len, uint8_t *lens);

/* The code words that the lengths lead to, their bits reversed as they are written. Words of
 * symbols without a code are 0. */
void deflate_huffman_codes(const uint8_t *lens, unsigned n, uint16_t *codes);

#endif
