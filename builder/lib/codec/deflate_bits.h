/* Writing bits as deflate packs them (RFC 1951 section 3.1.1): the lowest first. One thread at a
 * time. Nothing here checks for room: deflate_block_write() knows what a block takes. */
#ifndef KILN_CODEC_DEFLATE_BITS_H
#define KILN_CODEC_DEFLATE_BITS_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct deflate_bits {
	uint64_t acc;   /* bits that are not yet bytes */
	unsigned count; /* how many; below 8 after deflate_bits_flush() */
	unsigned char *start, *next, *end;
};

static inline void deflate_bits_init(struct deflate_bits *b, void *out, size_t out_max)
{
	unsigned char *p = out;

	*b = (struct deflate_bits){.start = p, .next = p, .end = p + out_max};
}

/* How many bits have been written. */
static inline uint64_t deflate_bits_position(const struct deflate_bits *b)
{
	return (uint64_t)(b->next - b->start) * 8 + b->count;
}

/* Append the n lowest bits of value; the others must be 0. At most 56 bits between two calls of
 * deflate_bits_flush(). */
static inline void deflate_bits_add(struct deflate_bits *b, uint64_t value, unsigned n)
{
	b->acc |= value << b->count;
	b->count += n;
}

static inline void deflate_bits_flush(struct deflate_bits *b)
{
	if (b->end - b->next >= 8) {
		uint64_t le = htole64(b->acc);
		memcpy(b->next, &le, 8);
		b->next += b->count >> 3;
		b->acc >>= b->count & 56;
		b->count &= 7;
		return;
	}
	for (; b->count >= 8; b->count -= 8, b->acc >>= 8)
		*b->next++ = (unsigned char)b->acc;
}

/* Fill up the last byte with zeros. */
static inline void deflate_bits_align(struct deflate_bits *b)
{
	b->count = (b->count + 7) & ~7u;
	deflate_bits_flush(b);
}

#endif
