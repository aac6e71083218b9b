#include "digest/sha256.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"

struct sha256 {
	EVP_MD_CTX *ctx;
};

static int failed(struct err *e)
{
	return err_set(e, ERR_INTERNAL, "OpenSSL: SHA-256 failed");
}

int sha256_new(struct sha256 **out, struct err *e)
{
	struct sha256 *h = mem_zalloc(sizeof(*h), e);

	*out = NULL;
	if (!h)
		return -1;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		return failed(e);
	}
	*out = h;
	return 0;
}

int sha256_update(struct sha256 *h, const void *data, size_t len, struct err *e)
{
	return EVP_DigestUpdate(h->ctx, data, len) == 1 ? 0 : failed(e);
}

int sha256_finish(struct sha256 *h, unsigned char digest[SHA256_SIZE], struct err *e)
{
	return EVP_DigestFinal_ex(h->ctx, digest, NULL) == 1 ? 0 : failed(e);
}

int sha256_finish_hex(struct sha256 *h, char hex[SHA256_HEX_SIZE], struct err *e)
{
	unsigned char digest[SHA256_SIZE];

	if (sha256_finish(h, digest, e) < 0)
		return -1;
	sha256_to_hex(digest, hex);
	return 0;
}

void sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

int sha256_buffer_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE], struct err *e)
{
	cleanup_sha256 struct sha256 *h = NULL;

	if (sha256_new(&h, e) < 0 || sha256_update(h, data, len, e) < 0)
		return -1;
	return sha256_finish_hex(h, hex, e);
}

int sha256_fd_hex(int fd, char hex[SHA256_HEX_SIZE], uint64_t *size_bytes, struct err *e)
{
	enum { CHUNK = 256 * 1024 };
	cleanup_free char *chunk = mem_zalloc(CHUNK, e);
	cleanup_sha256 struct sha256 *h = NULL;
	uint64_t offset = 0;
	size_t got;

	if (!chunk || sha256_new(&h, e) < 0)
		return -1;
	do {
		if (io_pread(fd, chunk, CHUNK, offset, &got, e) < 0 ||
			sha256_update(h, chunk, got, e) < 0)
			return -1;
		offset += got;
	} while (got == CHUNK);
	if (size_bytes)
		*size_bytes = offset;
	return sha256_finish_hex(h, hex, e);
}

int sha256_file_hex(
	const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size_bytes, struct err *e)
{
	cleanup_close int fd = io_open_read(path, e);

	if (fd < 0)
		return -1;
	if (sha256_fd_hex(fd, hex, size_bytes, e) < 0)
		return err_prefix(e, "%s", path);
	return 0;
}

void sha256_to_hex(const unsigned char digest[SHA256_SIZE], char hex[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[SHA256_HEX_SIZE - 1] = 0;
}

bool sha256_is_hex(const char *text)
{
	return strlen(text) == SHA256_HEX_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}
