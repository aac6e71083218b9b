#include "codec/deflate_block.h"

const uint8_t deflate_len_extra[DEFLATE_LEN_SYMBOLS] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
const uint16_t deflate_len_base[DEFLATE_LEN_SYMBOLS] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19,
	23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
const uint8_t deflate_dist_extra[DEFLATE_DIST_SYMBOLS] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5,
	6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
const uint16_t deflate_dist_base[DEFLATE_DIST_SYMBOLS] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49,
	65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
	16385, 24577};

#define X4(n) n, n, n, n
#define X8(n) X4(n), X4(n)
#define X16(n) X8(n), X8(n)
#define X32(n) X16(n), X16(n)
const uint8_t deflate_len_slot[256] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10, 10, 11, 11, X4(12),
	X4(13), X4(14), X4(15), X8(16), X8(17), X8(18), X8(19), X16(20), X16(21), X16(22), X16(23),
	X32(24), X32(25), X32(26), X16(27), X8(27), X4(27), 27, 27, 27, 28};

enum {
	TYPE_BITS = 3,
	STORED_MAX = 65535,
	CLEN_MAX = 7,
	RUN_COPY = 16,       /* of the length before, 3 to 6 times */
	RUN_ZEROS = 17,      /* 3 to 10 */
	RUN_ZEROS_LONG = 18, /* 11 to 138 */
};

/* The order in which the lengths of the code length code are told. */
static const uint8_t clen_order[DEFLATE_CLEN_SYMBOLS] = {
	16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

void deflate_freqs_count(
	struct deflate_freqs *f, const unsigned char *raw, const struct deflate_seq *seqs, size_t n)
{
	memset(f, 0, sizeof(*f));
	f->litlen[DEFLATE_END] = 1;
	for (size_t i = 0; i < n; i++) {
		for (const unsigned char *end = raw + seqs[i].literals; raw < end; raw++)
			f->litlen[*raw]++;
		if (seqs[i].length == 0)
			continue;
		f->litlen[deflate_len_symbol(seqs[i].length)]++;
		f->dist[deflate_dist_symbol(seqs[i].dist)]++;
		raw += seqs[i].length;
	}
}

void deflate_lens_make(struct deflate_lens *lens, const struct deflate_freqs *f)
{
	deflate_huffman_lengths(f->litlen, DEFLATE_LITLEN_SYMBOLS, DEFLATE_CODE_MAX, lens->litlen);
	deflate_huffman_lengths(f->dist, DEFLATE_DIST_SYMBOLS, DEFLATE_CODE_MAX, lens->dist);
}

uint64_t deflate_data_bits(const struct deflate_freqs *f, const struct deflate_lens *lens)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < DEFLATE_LEN_SYMBOL; i++)
		bits += (uint64_t)f->litlen[i] * lens->litlen[i];
	for (unsigned i = 0; i < DEFLATE_LEN_SYMBOLS; i++)
		bits += (uint64_t)f->litlen[DEFLATE_LEN_SYMBOL + i] *
			(lens->litlen[DEFLATE_LEN_SYMBOL + i] + deflate_len_extra[i]);
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		bits += (uint64_t)f->dist[i] * (lens->dist[i] + deflate_dist_extra[i]);
	return bits;
}

static void add_item(struct deflate_header *h, unsigned symbol, unsigned extra)
{
	h->item[h->items].symbol = (uint8_t)symbol;
	h->item[h->items++].extra = (uint8_t)extra;
}

static void add_zeros(struct deflate_header *h, unsigned run)
{
	for (; run >= 11; run -= run < 138 ? run : 138)
		add_item(h, RUN_ZEROS_LONG, (run < 138 ? run : 138) - 11);
	if (run >= 3)
		add_item(h, RUN_ZEROS, run - 3);
	else
		while (run--)
			add_item(h, 0, 0);
}

static void add_lengths(struct deflate_header *h, unsigned len, unsigned run)
{
	add_item(h, len, 0);
	for (run--; run >= 3; run -= run < 6 ? run : 6)
		add_item(h, RUN_COPY, (run < 6 ? run : 6) - 3);
	while (run--)
		add_item(h, len, 0);
}

/* Both alphabets' lengths are one list: a run may reach from one into the other. */
static void find_runs(struct deflate_header *h, const struct deflate_lens *lens)
{
	uint8_t list[DEFLATE_LITLEN_SYMBOLS + DEFLATE_DIST_SYMBOLS];
	unsigned n = h->litlen_n + h->dist_n;

	memcpy(list, lens->litlen, h->litlen_n);
	memcpy(list + h->litlen_n, lens->dist, h->dist_n);
	h->items = 0;
	for (unsigned i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && list[end] == list[i]; end++)
			;
		if (list[i])
			add_lengths(h, list[i], end - i);
		else
			add_zeros(h, end - i);
	}
}

static unsigned run_extra_bits(unsigned symbol)
{
	return symbol == RUN_COPY ? 2 : symbol == RUN_ZEROS ? 3 : symbol == RUN_ZEROS_LONG ? 7 : 0;
}

void deflate_header_make(struct deflate_header *h, const struct deflate_lens *lens)
{
	uint32_t freqs[DEFLATE_CLEN_SYMBOLS] = {0};

	for (h->litlen_n = DEFLATE_LITLEN_SYMBOLS; lens->litlen[h->litlen_n - 1] == 0;)
		h->litlen_n--;
	for (h->dist_n = DEFLATE_DIST_SYMBOLS; h->dist_n > 1 && lens->dist[h->dist_n - 1] == 0;)
		h->dist_n--;
	find_runs(h, lens);
	for (unsigned i = 0; i < h->items; i++)
		freqs[h->item[i].symbol]++;
	deflate_huffman_lengths(freqs, DEFLATE_CLEN_SYMBOLS, CLEN_MAX, h->clens);
	for (h->clen_n = DEFLATE_CLEN_SYMBOLS; h->clens[clen_order[h->clen_n - 1]] == 0;)
		h->clen_n--;
	if (h->clen_n < 4)
		h->clen_n = 4;
	h->bits = 5 + 5 + 4 + 3 * h->clen_n;
	for (unsigned i = 0; i < DEFLATE_CLEN_SYMBOLS; i++)
		h->bits += freqs[i] * (h->clens[i] + run_extra_bits(i));
}

/* The fixed codes (section 3.2.6). */
static void fixed_lens(struct deflate_lens *lens)
{
	memset(lens->litlen, 8, 144);
	memset(lens->litlen + 144, 9, 112);
	memset(lens->litlen + 256, 7, 24);
	memset(lens->litlen + 280, 8, DEFLATE_LITLEN_SYMBOLS - 280);
	memset(lens->dist, 5, DEFLATE_DIST_SYMBOLS);
}

static uint64_t stored_bits(size_t raw_len, unsigned bit_offset)
{
	uint64_t pieces = raw_len ? (raw_len - 1) / STORED_MAX + 1 : 1;
	unsigned first = TYPE_BITS + (0u - bit_offset - TYPE_BITS) % 8;

	return first + 32 + (pieces - 1) * 40 + (uint64_t)raw_len * 8;
}

void deflate_block_plan(struct deflate_block *b, const struct deflate_freqs *f,
	const struct deflate_lens *lens, size_t raw_len, unsigned bit_offset)
{
	struct deflate_lens fixed;

	if (lens)
		b->lens = *lens;
	else
		deflate_lens_make(&b->lens, f);
	deflate_header_make(&b->header, &b->lens);
	b->type = DEFLATE_DYNAMIC;
	b->bits = TYPE_BITS + b->header.bits + deflate_data_bits(f, &b->lens);

	fixed_lens(&fixed);
	uint64_t bits = TYPE_BITS + deflate_data_bits(f, &fixed);
	if (bits <= b->bits) {
		b->type = DEFLATE_FIXED;
		b->lens = fixed;
		b->bits = bits;
	}
	bits = stored_bits(raw_len, bit_offset);
	if (bits <= b->bits) {
		b->type = DEFLATE_STORED;
		b->bits = bits;
	}
}

static void write_stored(
	struct deflate_bits *bits, bool last, const unsigned char *raw, size_t raw_len)
{
	do {
		size_t n = raw_len < STORED_MAX ? raw_len : STORED_MAX;

		deflate_bits_add(bits, last && n == raw_len, TYPE_BITS);
		deflate_bits_align(bits);
		deflate_bits_add(bits, n | (n ^ 0xffff) << 16, 32);
		deflate_bits_flush(bits);
		memcpy(bits->next, raw, n);
		bits->next += n;
		raw += n;
		raw_len -= n;
	} while (raw_len);
}

static void write_header(struct deflate_bits *bits, const struct deflate_header *h)
{
	uint16_t codes[DEFLATE_CLEN_SYMBOLS];

	deflate_bits_add(bits, h->litlen_n - 257, 5);
	deflate_bits_add(bits, h->dist_n - 1, 5);
	deflate_bits_add(bits, h->clen_n - 4, 4);
	for (unsigned i = 0; i < h->clen_n; i++) {
		deflate_bits_add(bits, h->clens[clen_order[i]], 3);
		deflate_bits_flush(bits);
	}
	deflate_huffman_codes(h->clens, DEFLATE_CLEN_SYMBOLS, codes);
	for (unsigned i = 0; i < h->items; i++) {
		unsigned symbol = h->item[i].symbol;
		deflate_bits_add(bits, codes[symbol], h->clens[symbol]);
		deflate_bits_add(bits, h->item[i].extra, run_extra_bits(symbol));
		deflate_bits_flush(bits);
	}
}

/* Bits and, above BITS_SHIFT, how many: one load for both. */
enum { BITS_SHIFT = 24 };

struct words {
	uint32_t literal[256];
	uint32_t length[256]; /* by length - DEFLATE_LEN_MIN; the extra bits are in it */
	uint32_t dist[DEFLATE_DIST_SYMBOLS];
	uint32_t end;
};

static uint32_t word(unsigned code, unsigned len)
{
	return code | (uint32_t)len << BITS_SHIFT;
}

static void make_words(struct words *w, const struct deflate_lens *lens)
{
	uint16_t codes[DEFLATE_LITLEN_SYMBOLS];

	deflate_huffman_codes(lens->litlen, DEFLATE_LITLEN_SYMBOLS, codes);
	for (unsigned i = 0; i < 256; i++)
		w->literal[i] = word(codes[i], lens->litlen[i]);
	w->end = word(codes[DEFLATE_END], lens->litlen[DEFLATE_END]);
	for (unsigned i = 0; i < 256; i++) {
		unsigned slot = deflate_len_slot[i], len = lens->litlen[DEFLATE_LEN_SYMBOL + slot];
		unsigned extra = i + DEFLATE_LEN_MIN - deflate_len_base[slot];
		w->length[i] = word(codes[DEFLATE_LEN_SYMBOL + slot] | extra << len,
			len + deflate_len_extra[slot]);
	}
	deflate_huffman_codes(lens->dist, DEFLATE_DIST_SYMBOLS, codes);
	for (unsigned i = 0; i < DEFLATE_DIST_SYMBOLS; i++)
		w->dist[i] = word(codes[i], lens->dist[i]);
}

static inline void add_word(struct deflate_bits *bits, uint32_t w)
{
	deflate_bits_add(bits, w & ((1u << BITS_SHIFT) - 1), w >> BITS_SHIFT);
}

static inline void write_match(
	struct deflate_bits *bits, const struct words *w, const struct deflate_seq *s)
{
	unsigned symbol = deflate_dist_symbol(s->dist), extra = deflate_dist_extra[symbol];

	add_word(bits, w->length[s->length - DEFLATE_LEN_MIN]);
	add_word(bits, w->dist[symbol]);
	/* The bases, less one, end in as many zeros as there are extra bits. */
	deflate_bits_add(bits, (s->dist - 1u) & ((1u << extra) - 1), extra);
	deflate_bits_flush(bits);
}

static inline void write_three(
	struct deflate_bits *bits, const struct words *w, const unsigned char *raw)
{
	add_word(bits, w->literal[raw[0]]);
	add_word(bits, w->literal[raw[1]]);
	add_word(bits, w->literal[raw[2]]);
	deflate_bits_flush(bits);
}

/* Up to three literals: without a branch, which could not be foreseen. Three can be read. */
static inline void write_few(
	struct deflate_bits *bits, const struct words *w, const unsigned char *raw, unsigned n)
{
	add_word(bits, w->literal[raw[0]] & (0u - (n > 0)));
	add_word(bits, w->literal[raw[1]] & (0u - (n > 1)));
	add_word(bits, w->literal[raw[2]] & (0u - (n > 2)));
	deflate_bits_flush(bits);
}

static void write_data(struct deflate_bits *bits, const struct words *w, const unsigned char *raw,
	const struct deflate_seq *seqs, size_t n)
{
	for (const struct deflate_seq *end = seqs + n; seqs < end; seqs++) {
		unsigned left = seqs->literals;

		for (; left > 3; left -= 3, raw += 3)
			write_three(bits, w, raw);
		if (seqs->length) {
			write_few(bits, w, raw, left);
			write_match(bits, w, seqs);
			raw += left + seqs->length;
			continue;
		}
		for (; left > 0; left--)
			add_word(bits, w->literal[*raw++]);
		deflate_bits_flush(bits);
	}
	add_word(bits, w->end);
	deflate_bits_flush(bits);
}

bool deflate_block_write(struct deflate_bits *bits, const struct deflate_block *b, bool last,
	const unsigned char *raw, size_t raw_len, const struct deflate_seq *seqs, size_t n)
{
	struct deflate_bits local = *bits; /* in registers */
	struct words w;

	if ((deflate_bits_position(bits) + b->bits + 7) / 8 > (uint64_t)(bits->end - bits->start))
		return false;
	if (b->type == DEFLATE_STORED) {
		write_stored(bits, last, raw, raw_len);
		return true;
	}
	deflate_bits_add(&local, last | (unsigned)b->type << 1, TYPE_BITS);
	if (b->type == DEFLATE_DYNAMIC)
		write_header(&local, &b->header);
	make_words(&w, &b->lens);
	write_data(&local, &w, raw, seqs, n);
	*bits = local;
	return true;
}
