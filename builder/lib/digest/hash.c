#include "digest/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"

struct hash {
	EVP_MD_CTX *ctx;
	enum hash_kind kind;
};

static int failed(struct err *e)
{
	return err_set(e, ERR_INTERNAL, "OpenSSL: digest failed");
}

static const EVP_MD *algorithm(enum hash_kind kind)
{
	switch (kind) {
	case HASH_SHA1:
		return EVP_sha1();
	case HASH_SHA256:
		return EVP_sha256();
	case HASH_SHA512:
		break;
	}
	return EVP_sha512();
}

size_t hash_size(enum hash_kind kind)
{
	return (size_t)EVP_MD_get_size(algorithm(kind));
}

int hash_new(struct hash **out, enum hash_kind kind, struct err *e)
{
	struct hash *h = mem_zalloc(sizeof(*h), e);

	*out = NULL;
	if (!h)
		return -1;
	h->kind = kind;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, algorithm(kind), NULL) != 1) {
		hash_free(h);
		return failed(e);
	}
	*out = h;
	return 0;
}

int hash_update(struct hash *h, const void *data, size_t len, struct err *e)
{
	return EVP_DigestUpdate(h->ctx, data, len) == 1 ? 0 : failed(e);
}

int hash_finish(struct hash *h, unsigned char digest[HASH_MAX_SIZE], struct err *e)
{
	return EVP_DigestFinal_ex(h->ctx, digest, NULL) == 1 ? 0 : failed(e);
}

int hash_finish_hex(struct hash *h, char hex[HASH_MAX_HEX_SIZE], struct err *e)
{
	unsigned char digest[HASH_MAX_SIZE];

	if (hash_finish(h, digest, e) < 0)
		return -1;
	hash_to_hex(h->kind, digest, hex);
	return 0;
}

void hash_free(struct hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

int hash_buffer(enum hash_kind kind, const void *data, size_t len,
	unsigned char digest[HASH_MAX_SIZE], struct err *e)
{
	cleanup_hash struct hash *h = NULL;

	if (hash_new(&h, kind, e) < 0 || hash_update(h, data, len, e) < 0)
		return -1;
	return hash_finish(h, digest, e);
}

static int update_from_fd(struct hash *h, int fd, uint64_t *size_bytes, struct err *e)
{
	enum { CHUNK = 256 * 1024 };
	cleanup_free char *chunk = mem_zalloc(CHUNK, e);
	uint64_t offset = 0;
	size_t got;

	if (!chunk)
		return -1;
	do {
		if (io_pread(fd, chunk, CHUNK, offset, &got, e) < 0 ||
			hash_update(h, chunk, got, e) < 0)
			return -1;
		offset += got;
	} while (got == CHUNK);
	if (size_bytes)
		*size_bytes = offset;
	return 0;
}

int hash_file_hex(enum hash_kind kind, const char *path, char hex[HASH_MAX_HEX_SIZE],
	uint64_t *size_bytes, struct err *e)
{
	cleanup_close int fd = io_open_read(path, e);
	cleanup_hash struct hash *h = NULL;

	if (fd < 0 || hash_new(&h, kind, e) < 0)
		return -1;
	if (update_from_fd(h, fd, size_bytes, e) < 0)
		return err_prefix(e, "%s", path);
	return hash_finish_hex(h, hex, e);
}

void hash_to_hex(enum hash_kind kind, const unsigned char *digest, char hex[HASH_MAX_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = hash_size(kind);

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * n] = 0;
}

bool hash_is_hex(enum hash_kind kind, const char *text)
{
	size_t n = 2 * hash_size(kind);

	return strlen(text) == n && strspn(text, "0123456789abcdef") == n;
}
