#include "digest/hash.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit.h"

/* FIPS 180-4 examples (NIST, "Examples with Intermediate Values"). */
static const char *const abc_hex[] = {
	[HASH_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
	[HASH_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	[HASH_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

static void test_vectors(void)
{
	unsigned char digest[HASH_MAX_SIZE];
	char hex[HASH_MAX_HEX_SIZE];

	unit_about("vectors");
	for (enum hash_kind kind = HASH_SHA1; kind <= HASH_SHA512; kind++) {
		CHECK(hash_buffer(kind, "abc", 3, digest, NULL) == 0);
		hash_to_hex(kind, digest, hex);
		CHECK_STR(hex, abc_hex[kind]);
		CHECK(strlen(hex) == 2 * hash_size(kind));
	}
}

/* A million times "a", in a file: four chunks. */
static void test_file(void)
{
	char path[] = "/tmp/hash-test.XXXXXX";
	enum { MILLION = 1000000 };
	cleanup_free char *data = mem_zalloc(MILLION, NULL);
	char hex[HASH_MAX_HEX_SIZE];
	int fd = mkstemp(path);
	struct err e = {0};
	uint64_t size;

	unit_about("files");
	memset(data, 'a', MILLION);
	CHECK(write(fd, data, MILLION) == MILLION);
	CHECK(hash_file_hex(HASH_SHA512, path, hex, &size, NULL) == 0 && size == MILLION);
	CHECK_STR(hex, "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
		       "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
	CHECK(hash_file_hex(HASH_SHA1, path, hex, NULL, NULL) == 0);
	CHECK_STR(hex, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	close(fd);
	unlink(path);
	CHECK(hash_file_hex(HASH_SHA512, path, hex, NULL, &e) == -1 && e.kind == ERR_IO);
}

static void test_is_hex(void)
{
	unit_about("is_hex");
	for (enum hash_kind kind = HASH_SHA1; kind <= HASH_SHA512; kind++) {
		CHECK(hash_is_hex(kind, abc_hex[kind]));
		CHECK(!hash_is_hex(kind, abc_hex[kind] + 1));
	}
	CHECK(!hash_is_hex(HASH_SHA1, abc_hex[HASH_SHA256]));
	CHECK(!hash_is_hex(HASH_SHA1, "A9993e364706816aba3e25717850c26c9cd0d89d"));
}

int main(void)
{
	test_vectors();
	test_file();
	test_is_hex();
	hash_free(NULL);
	return unit_done();
}
