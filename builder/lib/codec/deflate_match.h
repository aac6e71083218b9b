/* The matches of a piece of input (RFC 1951 section 3.2.5), all found before any is chosen. An
 * object is used by one thread at a time. */
#ifndef KILN_CODEC_DEFLATE_MATCH_H
#define KILN_CODEC_DEFLATE_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { DEFLATE_PIECE_MAX = 65536 };

/* A match of this length, and of every shorter one. */
struct deflate_match {
	uint8_t slot;   /* the length, 3 to 258, less 3 */
	uint8_t symbol; /* of the distance */
	uint16_t dist;  /* 1 to 32768 */
};

struct deflate_finder;

/* The matches at position i are at[first[i]] up to at[first[i + 1]], by growing length; a distance
 * symbol occurs once a position. */
struct deflate_matches {
	const uint32_t *first;
	const struct deflate_match *at;
};

/* Takes about 5 MiB. ERR_INTERNAL when memory is short, as everywhere. */
int deflate_finder_new(struct deflate_finder **out, struct err *e);
void deflate_finder_free(struct deflate_finder *f);

/* Find the matches within len bytes, at most DEFLATE_PIECE_MAX. The result is f's, and lasts until
 * the next call. */
struct deflate_matches deflate_finder_run(
	struct deflate_finder *f, const unsigned char *in, size_t len);

#endif
