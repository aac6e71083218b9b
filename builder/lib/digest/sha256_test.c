#include "digest/sha256.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit.h"

static const char empty_hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char million_a_hex[] =
	"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

/* FIPS 180-4 examples (NIST, "Examples with Intermediate Values"). */
static void test_vectors(void)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{"", empty_hex},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
		 "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
			"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	};
	char hex[SHA256_HEX_SIZE];

	unit_about("vectors");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(sha256_buffer_hex(cases[i].text, strlen(cases[i].text), hex, NULL) == 0);
		CHECK_STR(hex, cases[i].hex);
	}
}

static void test_stream(void)
{
	cleanup_sha256 struct sha256 *h = NULL;
	char hex[SHA256_HEX_SIZE], chunk[999];
	bool ok = true;

	unit_about("a million times a");
	memset(chunk, 'a', sizeof(chunk));
	CHECK(sha256_new(&h, NULL) == 0);
	for (size_t left = 1000000, n; left > 0; left -= n) {
		n = left < sizeof(chunk) ? left : sizeof(chunk);
		ok &= sha256_update(h, chunk, n, NULL) == 0;
	}
	CHECK(ok && sha256_finish_hex(h, hex, NULL) == 0);
	CHECK_STR(hex, million_a_hex);
	sha256_free(NULL);
}

/* Sizes around the chunk that files are read by. */
static void test_file(void)
{
	char path[] = "/tmp/sha256-test.XXXXXX";
	char hex[SHA256_HEX_SIZE], want[SHA256_HEX_SIZE];
	enum { MILLION = 1000000, CHUNK = 256 * 1024 };
	cleanup_free char *data = mem_zalloc(MILLION, NULL);
	int fd = mkstemp(path);
	struct err e = {0};
	uint64_t size;

	unit_about("files");
	memset(data, 'a', MILLION);
	CHECK(sha256_file_hex(path, hex, &size, NULL) == 0 && size == 0);
	CHECK_STR(hex, empty_hex);
	CHECK(write(fd, data, MILLION) == MILLION);
	CHECK(sha256_file_hex(path, hex, &size, NULL) == 0 && size == MILLION);
	CHECK_STR(hex, million_a_hex);
	for (off_t len = CHUNK + 1; len >= CHUNK - 1; len--) {
		CHECK(ftruncate(fd, len) == 0 && sha256_fd_hex(fd, hex, NULL, NULL) == 0);
		CHECK(sha256_buffer_hex(data, (size_t)len, want, NULL) == 0);
		CHECK_STR(hex, want);
	}
	close(fd);
	unlink(path);
	CHECK(sha256_file_hex(path, hex, NULL, &e) == -1 && e.kind == ERR_IO);
}

static void test_is_hex(void)
{
	char hex[SHA256_HEX_SIZE + 1] = {0};

	unit_about("is_hex");
	CHECK(sha256_is_hex(empty_hex));
	CHECK(!sha256_is_hex("") && !sha256_is_hex("e3b0"));
	memcpy(hex, empty_hex, SHA256_HEX_SIZE);
	hex[5] = 'G';
	CHECK(!sha256_is_hex(hex));
	hex[5] = 'A';
	CHECK(!sha256_is_hex(hex));
	memset(hex, 'a', SHA256_HEX_SIZE);
	CHECK(!sha256_is_hex(hex));
}

int main(void)
{
	test_vectors();
	test_stream();
	test_file();
	test_is_hex();
	return unit_done();
}
