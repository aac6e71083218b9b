/* Digests whose algorithm is a matter of data: what a distribution publishes beside its files.
 * limekiln's own names and locks use SHA-256 only (digest/sha256.h). By OpenSSL's EVP. */
#ifndef KILN_DIGEST_HASH_H
#define KILN_DIGEST_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum hash_kind {
	HASH_SHA1, /* identifies, proves nothing against an attacker */
	HASH_SHA256,
	HASH_SHA512,
};

#define HASH_MAX_SIZE 64
#define HASH_MAX_HEX_SIZE 129 /* 128 lower-case digits and a 0 */

struct hash;

/* Bytes of a digest: 20, 32, 64. */
size_t hash_size(enum hash_kind kind);

int hash_new(struct hash **out, enum hash_kind kind, struct err *e);
int hash_update(struct hash *h, const void *data, size_t len, struct err *e);
/* Give hash_size() bytes; the object may be used for nothing but hash_free() afterwards. */
int hash_finish(struct hash *h, unsigned char digest[HASH_MAX_SIZE], struct err *e);
int hash_finish_hex(struct hash *h, char hex[HASH_MAX_HEX_SIZE], struct err *e);
void hash_free(struct hash *h);

static inline void hash_cleanup(struct hash **h)
{
	hash_free(*h);
}
#define cleanup_hash __attribute__((cleanup(hash_cleanup)))

/* Digest of a buffer. */
int hash_buffer(enum hash_kind kind, const void *data, size_t len,
	unsigned char digest[HASH_MAX_SIZE], struct err *e);

/* Digest of the file at path; size_bytes may be NULL. */
int hash_file_hex(enum hash_kind kind, const char *path, char hex[HASH_MAX_HEX_SIZE],
	uint64_t *size_bytes, struct err *e);

void hash_to_hex(enum hash_kind kind, const unsigned char *digest, char hex[HASH_MAX_HEX_SIZE]);

/* True for exactly the lower-case hexadecimal digits of such a digest. */
bool hash_is_hex(enum hash_kind kind, const char *text);

#endif
