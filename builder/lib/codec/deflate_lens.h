/* Code lengths that are cheap to tell. Pure functions. */
#ifndef KILN_CODEC_DEFLATE_LENS_H
#define KILN_CODEC_DEFLATE_LENS_H

#include "codec/deflate_block.h"

/* lens are Huffman's for f. Change them so that the block's header (RFC 1951 section 3.2.7) and its
 * data together get smaller: lengths that repeat are told in runs. */
void deflate_lens_improve(struct deflate_lens *lens, const struct deflate_freqs *f);

#endif
