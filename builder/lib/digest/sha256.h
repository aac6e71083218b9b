/* SHA-256 (FIPS 180-4) by OpenSSL's EVP, which uses the processor's instructions for it. */
#ifndef KILN_DIGEST_SHA256_H
#define KILN_DIGEST_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHA256_SIZE 32
#define SHA256_HEX_SIZE 65 /* 64 lower-case digits and a 0 */

struct sha256;

int sha256_new(struct sha256 **out, struct err *e);
int sha256_update(struct sha256 *h, const void *data, size_t len, struct err *e);
/* Give the digest; the object may be used for nothing but sha256_free() afterwards. */
int sha256_finish(struct sha256 *h, unsigned char digest[SHA256_SIZE], struct err *e);
int sha256_finish_hex(struct sha256 *h, char hex[SHA256_HEX_SIZE], struct err *e);
void sha256_free(struct sha256 *h);

static inline void sha256_cleanup(struct sha256 **h)
{
	sha256_free(*h);
}
#define cleanup_sha256 __attribute__((cleanup(sha256_cleanup)))

/* Digest of a buffer. */
int sha256_buffer_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE], struct err *e);

/* Digest of what fd holds from offset 0 to its end; the file position is not used. */
int sha256_fd_hex(int fd, char hex[SHA256_HEX_SIZE], uint64_t *size_bytes, struct err *e);

/* Digest of the file at path; size_bytes may be NULL. */
int sha256_file_hex(
	const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size_bytes, struct err *e);

void sha256_to_hex(const unsigned char digest[SHA256_SIZE], char hex[SHA256_HEX_SIZE]);

/* True for exactly 64 lower-case hexadecimal digits. */
bool sha256_is_hex(const char *text);

#endif
