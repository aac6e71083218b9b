#include "image/qcow2_codec.h"

#include "unit.h"

static unsigned char data[QCOW2_CLUSTER_SIZE], packed[2 * QCOW2_CLUSTER_SIZE],
	back[QCOW2_CLUSTER_SIZE];

static void test_type(enum qcow2_compression type, const char *name, const char *library)
{
	struct qcow2_encoder *enc;
	struct qcow2_decoder *dec;
	struct err e = {0};
	size_t used = 0;

	unit_about(name);
	CHECK_STR(qcow2_compression_name(type), name);
	CHECK(strncmp(qcow2_codec_library(type, 6, 15), library, strlen(library)) == 0);
	CHECK(qcow2_encoder_new(&enc, type, 6, 15, NULL) == 0);
	CHECK(qcow2_decoder_new(&dec, type, NULL) == 0);

	size_t len = qcow2_encode(enc, data, sizeof(data), packed, sizeof(data) - 1);
	CHECK(len > 0 && len < sizeof(data) / 2);
	memset(packed + len, 0xff, 512);
	CHECK(qcow2_decode(dec, packed, len + 512, back, sizeof(back), &used, NULL) == 0);
	CHECK(used == len && memcmp(data, back, sizeof(data)) == 0);
	CHECK(qcow2_decode(dec, packed, len - 1, back, sizeof(back), &used, &e) == -1);
	CHECK(e.kind == ERR_FORMAT);
	CHECK(qcow2_encode(enc, data, sizeof(data), packed, len - 1) == 0);

	qcow2_encoder_free(enc);
	qcow2_decoder_free(dec);
	CHECK(qcow2_encoder_new(&enc, type, 0, 15, &e) == -1 && e.kind == ERR_USAGE && !enc);
	CHECK(qcow2_encoder_new(&enc, type, 13, 15, &e) == -1 && e.kind == ERR_USAGE && !enc);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * i >> 7);
	test_type(QCOW2_DEFLATE, "deflate", "libdeflate ");
	test_type(QCOW2_ZSTD, "zstd", "libzstd ");
	qcow2_encoder_free(NULL);
	qcow2_decoder_free(NULL);
	return unit_done();
}
