#include "codec/deflate_block.h"

#include "codec/deflate.h"
#include "unit.h"

enum { SIZE = 200000 };

static unsigned char raw[SIZE], packed[SIZE * 2], back[SIZE];
static struct deflate_seq seqs[SIZE];
static struct deflate_decoder *dec;

static uint32_t random_next(void)
{
	static uint32_t x = 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

/* Below limit, and mostly well below. */
static uint32_t random_small(uint32_t limit)
{
	uint32_t value = random_next() % limit;

	return value >> random_next() % 10;
}

/* Sequences of all kinds, and the bytes that they stand for. mask: the literals' range. */
static size_t make(size_t len, unsigned mask, unsigned run)
{
	size_t n = 0, at = 0;

	while (at < len) {
		struct deflate_seq s = {.literals = random_small(run + 1)};
		if (at == 0 || s.literals > len - at)
			s.literals = at == 0 ? 1 : (uint32_t)(len - at);
		for (uint32_t i = 0; i < s.literals; i++)
			raw[at++] = (unsigned char)(random_next() & mask);
		if (len - at >= DEFLATE_LEN_MIN) {
			unsigned longest =
				(unsigned)(len - at < DEFLATE_LEN_MAX ? len - at : DEFLATE_LEN_MAX);
			unsigned reach = (unsigned)(at < DEFLATE_DIST_MAX ? at : DEFLATE_DIST_MAX);
			s.length = (uint16_t)(DEFLATE_LEN_MIN +
					      random_small(longest - DEFLATE_LEN_MIN + 1));
			s.dist = (uint16_t)(1 + random_small(reach));
			for (unsigned i = 0; i < s.length; i++, at++)
				raw[at] = raw[at - s.dist];
		}
		seqs[n++] = s;
	}
	return n;
}

static bool decodes(size_t len, size_t packed_len)
{
	size_t used;

	return deflate_decode(dec, packed, packed_len, back, len, &used, NULL) == 0 &&
	       used == packed_len && memcmp(raw, back, len) == 0;
}

/* A block is as long as planned, fits in just that room, and decodes. */
static bool round_trip(size_t len, size_t n, enum deflate_block_type *type)
{
	struct deflate_freqs f;
	struct deflate_block b;
	struct deflate_bits bits;

	deflate_freqs_count(&f, raw, seqs, n);
	deflate_block_plan(&b, &f, NULL, len, 0);
	*type = b.type;
	deflate_bits_init(&bits, packed, (b.bits + 7) / 8 - 1);
	if (deflate_block_write(&bits, &b, true, raw, len, seqs, n) || bits.next != packed)
		return false;
	deflate_bits_init(&bits, packed, (b.bits + 7) / 8);
	packed[(b.bits + 7) / 8] = 0xa5;
	if (!deflate_block_write(&bits, &b, true, raw, len, seqs, n) ||
		deflate_bits_position(&bits) != b.bits)
		return false;
	deflate_bits_align(&bits);
	return *bits.next == 0xa5 && decodes(len, (size_t)(bits.next - packed));
}

static void test_types(void)
{
	enum deflate_block_type type;

	unit_about("types");
	CHECK(round_trip(0, 0, &type) && type == DEFLATE_FIXED);
	CHECK(round_trip(10, make(10, 63, 2), &type) && type == DEFLATE_FIXED);
	CHECK(round_trip(60000, make(60000, 15, 10), &type) && type == DEFLATE_DYNAMIC);
	CHECK(round_trip(SIZE, make(SIZE, 63, 90), &type) && type == DEFLATE_DYNAMIC);
	for (size_t i = 0; i < SIZE; i++)
		raw[i] = (unsigned char)random_next();
	seqs[0] = (struct deflate_seq){.literals = SIZE};
	CHECK(round_trip(SIZE, 1, &type) && type == DEFLATE_STORED);
	seqs[0].literals = 65535;
	CHECK(round_trip(65535, 1, &type) && type == DEFLATE_STORED);
	seqs[0].literals = 65536;
	CHECK(round_trip(65536, 1, &type) && type == DEFLATE_STORED);
}

static void test_sizes(void)
{
	enum deflate_block_type type;
	bool ok = true;

	unit_about("sizes");
	for (unsigned round = 0; round < 2000; round++) {
		size_t len = random_next() % (1u << round % 15);
		ok &= round_trip(len, make(len, 255u >> round % 8, 1 + round % 31), &type);
	}
	CHECK(ok);
}

/* Blocks of all types one after the other, each beginning at any bit. */
static void test_chain(void)
{
	struct deflate_freqs f;
	struct deflate_block b;
	struct deflate_bits bits;
	size_t n, len = 0, next;
	bool ok = true, seen[3] = {false};

	unit_about("several blocks");
	deflate_bits_init(&bits, packed, sizeof(packed));
	n = make(SIZE, 255, 3000);
	for (size_t i = 0; i < n; i = next) {
		size_t raw_len = 0;
		next = i + 1 + random_small(20);
		if (next > n)
			next = n;
		for (size_t k = i; k < next; k++)
			raw_len += seqs[k].literals + seqs[k].length;
		deflate_freqs_count(&f, raw + len, seqs + i, next - i);
		uint64_t before = deflate_bits_position(&bits);
		deflate_block_plan(&b, &f, NULL, raw_len, (unsigned)(before % 8));
		ok &= deflate_block_write(
			&bits, &b, next == n, raw + len, raw_len, seqs + i, next - i);
		ok &= deflate_bits_position(&bits) == before + b.bits;
		seen[b.type] = true;
		len += raw_len;
	}
	deflate_bits_align(&bits);
	CHECK(ok);
	CHECK(seen[DEFLATE_STORED]);
	CHECK(seen[DEFLATE_FIXED]);
	CHECK(seen[DEFLATE_DYNAMIC]);
	CHECK(len == SIZE && decodes(SIZE, (size_t)(bits.next - packed)));
}

static void test_symbols(void)
{
	bool lengths = true, dists = true;

	unit_about("symbols");
	for (unsigned len = DEFLATE_LEN_MIN; len <= DEFLATE_LEN_MAX; len++) {
		unsigned slot = deflate_len_symbol(len) - DEFLATE_LEN_SYMBOL;
		lengths &= len >= deflate_len_base[slot] &&
			   (slot == 28 || len < deflate_len_base[slot + 1]);
	}
	for (unsigned dist = 1; dist <= DEFLATE_DIST_MAX; dist++) {
		unsigned symbol = deflate_dist_symbol(dist);
		dists &= dist >= deflate_dist_base[symbol] &&
			 dist < deflate_dist_base[symbol] + (1u << deflate_dist_extra[symbol]);
	}
	CHECK(lengths);
	CHECK(dists);
}

int main(void)
{
	CHECK(deflate_decoder_new(&dec, NULL) == 0);
	test_symbols();
	test_types();
	test_sizes();
	test_chain();
	deflate_decoder_free(dec);
	return unit_done();
}
