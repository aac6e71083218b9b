/* Where a deflate block had better end: an estimate of what blocks take. Integers only, so that
 * the answer is the same everywhere. */
#ifndef KILN_CODEC_DEFLATE_SPLIT_H
#define KILN_CODEC_DEFLATE_SPLIT_H

#include <stdint.h>

#include "codec/deflate_block.h"

enum {
	DEFLATE_SPLIT_LOGS = 1024,
	DEFLATE_SPLIT_SHIFT = 11,
	DEFLATE_SPLIT_UNIT = 1 << DEFLATE_SPLIT_SHIFT, /* the parts of a bit that are counted */
};

/* Logarithms to base 2 in DEFLATE_SPLIT_UNIT. Constant once deflate_split_init() has made it. */
struct deflate_split {
	uint16_t log[DEFLATE_SPLIT_LOGS];
};

/* log2(n) to so many binary places, in units of the last of them; n: 1 or more; places: at most
 * 26. */
uint32_t deflate_log2(uint32_t n, unsigned places);

void deflate_split_init(struct deflate_split *s);

/* About what a block with dynamic codes takes, in DEFLATE_SPLIT_UNIT; without the extra bits of
 * lengths and distances, which are the same in any block. */
uint64_t deflate_split_cost(const struct deflate_split *s, const struct deflate_freqs *f);

/* Add what the block behind holds, as if both were one. */
void deflate_split_join(struct deflate_freqs *f, const struct deflate_freqs *behind);

#endif
