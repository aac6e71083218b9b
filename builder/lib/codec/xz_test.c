#include "codec/xz.h"

#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>

#include "unit.h"

enum { BLOCK = 300000, BLOCKS = 4 };

static unsigned char plain[BLOCK * BLOCKS], back[BLOCK * BLOCKS];

static void fill(unsigned char *data, size_t len, unsigned kind)
{
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (unsigned char)(kind == 0 ? 0u : kind == 1 ? i % 251 : x >> 24);
	}
}

/* Pack len bytes of plain as a file. */
static void pack(unsigned level, size_t len, struct buf *file)
{
	unsigned char header[XZ_HEADER_SIZE];
	unsigned char *bytes = malloc(xz_encode_bound(BLOCK));
	struct xz_encoder *enc;
	struct xz_index *index;

	CHECK(xz_encoder_new(&enc, level, BLOCK, NULL) == 0 && xz_index_new(&index, NULL) == 0);
	CHECK(xz_header(header, NULL) == 0);
	CHECK(buf_append(file, header, sizeof(header), NULL) == 0);
	for (size_t at = 0; at < len; at += BLOCK) {
		size_t n = len - at < BLOCK ? len - at : BLOCK;
		struct xz_block block;
		size_t used;

		CHECK(xz_encode(enc, plain + at, n, bytes, &used, &block, NULL) == 0);
		CHECK(used % 4 == 0 && used - block.unpadded_size < 4 && block.data_size == n);
		CHECK(xz_index_add(index, &block, NULL) == 0);
		CHECK(buf_append(file, bytes, used, NULL) == 0);
	}
	CHECK(xz_index_finish(index, file, NULL) == 0);
	xz_index_free(index);
	xz_encoder_free(enc);
	free(bytes);
}

/* liblzma's own decoder reads the file as the bytes that went in. */
static void unpacks(unsigned level, size_t len)
{
	struct buf file = {0};
	uint64_t limit = UINT64_MAX;
	size_t in_at = 0, out_at = 0;

	pack(level, len, &file);
	CHECK(lzma_stream_buffer_decode(&limit, 0, NULL, (const uint8_t *)file.data, &in_at,
		      file.len, back, &out_at, sizeof(back)) == LZMA_OK);
	CHECK(in_at == file.len && out_at == len && memcmp(plain, back, len) == 0);
	buf_release(&file);
}

/* Its multi-threaded encoder writes the same file. */
static void same_as_theirs(unsigned level, size_t len)
{
	static unsigned char out[2 * sizeof(plain)];
	struct buf file = {0};
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_mt mt = {
		.threads = 2, .block_size = BLOCK, .preset = level, .check = LZMA_CHECK_CRC64};
	lzma_ret ret;

	pack(level, len, &file);
	CHECK(lzma_stream_encoder_mt(&s, &mt) == LZMA_OK);
	s.next_in = plain;
	s.avail_in = len;
	s.next_out = out;
	s.avail_out = sizeof(out);
	while ((ret = lzma_code(&s, LZMA_FINISH)) == LZMA_OK)
		;
	CHECK(ret == LZMA_STREAM_END);
	CHECK(s.total_out == file.len && memcmp(out, file.data, file.len) == 0);
	lzma_end(&s);
	buf_release(&file);
}

static void test_levels(void)
{
	unit_about("levels");
	for (unsigned kind = 0; kind < 3; kind++)
		fill(plain + kind * BLOCK, BLOCK, kind);
	fill(plain + 3 * BLOCK, BLOCK, 1);
	for (unsigned level = XZ_LEVEL_MIN; level <= XZ_LEVEL_MAX; level++) {
		unpacks(level, sizeof(plain));
		same_as_theirs(level, sizeof(plain));
	}
}

static void test_sizes(void)
{
	static const size_t sizes[] = {
		1, 511, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 1, sizeof(plain)};

	for (unsigned kind = 0; kind < 3; kind++) {
		unit_about(kind == 0 ? "zeros" : kind == 1 ? "a pattern" : "noise");
		fill(plain, sizeof(plain), kind);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unpacks(1, sizes[i]);
			same_as_theirs(1, sizes[i]);
		}
	}
}

static void test_figures(void)
{
	struct xz_encoder *enc;
	struct err e = {0};

	unit_about("figures");
	CHECK(xz_encoder_new(&enc, XZ_LEVEL_MAX + 1, BLOCK, &e) == -1);
	CHECK(e.kind == ERR_USAGE && !enc);
	CHECK(xz_dictionary_size(0) == 256 << 10 && xz_dictionary_size(9) == 64 << 20);
	CHECK(strncmp(xz_library(), "liblzma 5.", 10) == 0);
	xz_encoder_free(NULL);
	xz_index_free(NULL);
}

int main(void)
{
	test_levels();
	test_sizes();
	test_figures();
	return unit_done();
}
