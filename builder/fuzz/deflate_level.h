/* The body of a fuzzer of the deflate encoder of FUZZ_LEVEL: what it is given comes out of
 * libdeflate's decoder as it was. The first two bytes of the input choose how often the rest is
 * repeated, and how much room there is. */
#ifndef KILN_FUZZ_DEFLATE_LEVEL_H
#define KILN_FUZZ_DEFLATE_LEVEL_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/deflate.h"
#include "fuzz.h"

enum { SIZE_MAX_BYTES = 140000 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct deflate_encoder *enc;
	static struct deflate_decoder *dec;
	static unsigned char back[SIZE_MAX_BYTES];
	size_t used;

	if (!enc)
		must(deflate_encoder_new(&enc, FUZZ_LEVEL, DEFLATE_WINDOW_DEFAULT, NULL) == 0 &&
			deflate_decoder_new(&dec, NULL) == 0);
	if (len < 2)
		return 0;
	size_t part = len - 2, times = 1 + (size_t)data[0] * data[0] / 8;
	while (times > 1 && part * times > SIZE_MAX_BYTES)
		times--;
	if (part * times > SIZE_MAX_BYTES)
		return 0;
	/* Exactly as large as they need be: the sanitizer sees each byte that is overstepped. */
	size_t plain_len = part * times, room = plain_len * data[1] / 128 + 16;
	unsigned char *plain = malloc(plain_len + 1), *packed = malloc(room);
	must(plain && packed);
	for (size_t i = 0; i < times; i++)
		memcpy(plain + 1 + i * part, data + 2, part);
	size_t n = deflate_encode(enc, plain + 1, plain_len, packed, room);
	must(n <= room && (n > 0 || room < plain_len + plain_len / 1000 + 64));
	if (n > 0) {
		must(deflate_decode(dec, packed, n, back, plain_len, &used, NULL) == 0);
		must(used == n && memcmp(plain + 1, back, plain_len) == 0);
	}
	free(plain);
	free(packed);
	return 0;
}

#endif
