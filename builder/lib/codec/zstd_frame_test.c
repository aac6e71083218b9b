#include "codec/zstd_frame.h"

#include "unit.h"

/* `printf limekiln | zstd -c --no-check`, and a byte that does not belong to it. */
static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x41, 0x00, 0x00, 'l',
	'i', 'm', 'e', 'k', 'i', 'l', 'n', 0xff};

int main(void)
{
	struct zstd_decoder *dec;
	struct err e = {0};
	char out[16];

	unit_about("one frame");
	CHECK(zstd_decoder_new(&dec, NULL) == 0);
	CHECK(zstd_decode(dec, frame, sizeof(frame), out, 8, &e) == 0);
	CHECK(memcmp(out, "limekiln", 8) == 0);
	unit_about("bad data");
	CHECK(zstd_decode(dec, frame, sizeof(frame), out, 9, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame, sizeof(frame), out, 7, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame, sizeof(frame) - 2, out, 8, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame + 1, 8, out, 8, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(zstd_decode(dec, frame, 0, out, 8, &e) == -1 && e.kind == ERR_FORMAT);
	zstd_decoder_free(dec);
	zstd_decoder_free(NULL);
	return unit_done();
}
