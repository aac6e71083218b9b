/* Where to end one deflate block and begin the next, so that each has codes that suit it. An
 * object is used by one thread at a time. */
#ifndef KILN_CODEC_DEFLATE_PARTS_H
#define KILN_CODEC_DEFLATE_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "codec/deflate_parse.h"

enum { DEFLATE_BLOCKS_MAX = 56 };

/* Block i is what begins from bounds[i] up to bounds[i + 1]. */
struct deflate_parts {
	unsigned n;
	uint32_t bounds[DEFLATE_BLOCKS_MAX + 1];
	struct deflate_freqs freqs[DEFLATE_BLOCKS_MAX];
	struct deflate_costs costs[DEFLATE_BLOCKS_MAX];
};

struct deflate_parts_finder;

/* Takes about 80 KiB. */
int deflate_parts_finder_new(struct deflate_parts_finder **out, struct err *e);
void deflate_parts_finder_free(struct deflate_parts_finder *s);

/* Split len bytes as suits what has been chosen for them: bounds and freqs. Rather
 * into too many blocks than into too few. */
void deflate_parts_make(struct deflate_parts *parts, struct deflate_parts_finder *s,
	const struct deflate_parser *p, uint32_t len);

/* Count again what has been chosen. */
void deflate_parts_count(struct deflate_parts *parts, const struct deflate_parser *p);

/* Join neighbours for as long as that makes the blocks, headers included, smaller. */
void deflate_parts_join(struct deflate_parts *parts);

/* Move each bound to where the blocks' costs want it; costs must be those of freqs. Counts are
 * stale afterwards. */
void deflate_parts_move(struct deflate_parts *parts, const struct deflate_parser *p);

#endif
