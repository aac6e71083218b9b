/* RSA signatures, PKCS #1 v1.5 (RFC 8017, section 8.2), by OpenSSL. */
#ifndef KILN_DIGEST_RSA_VERIFY_H
#define KILN_DIGEST_RSA_VERIFY_H

#include <stddef.h>

#include "base/err.h"
#include "digest/hash.h"

/* Check that signature is the key's over data, hashed by kind. pem: the public key as text
 * (SubjectPublicKeyInfo, RFC 7468); one of fewer than 2048 bits is refused. ERR_INTEGRITY when it
 * is not, ERR_FORMAT when pem is no such key. */
int rsa_verify(const char *pem, size_t pem_len, enum hash_kind kind, const void *data, size_t len,
	const void *signature, size_t signature_len, struct err *e);

#endif
