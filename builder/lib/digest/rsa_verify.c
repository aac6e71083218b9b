#include "digest/rsa_verify.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/mem.h"

#define MIN_BITS 2048

MEM_DEFINE_CLEANUP(key, EVP_PKEY *, EVP_PKEY_free)
MEM_DEFINE_CLEANUP(context, EVP_MD_CTX *, EVP_MD_CTX_free)

static EVP_PKEY *read_key(const char *pem, size_t len, struct err *e)
{
	MEM_CLEANUP(key) EVP_PKEY *key = NULL;
	BIO *text = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;

	if (text)
		key = PEM_read_bio_PUBKEY(text, NULL, NULL, NULL);
	BIO_free(text);
	ERR_clear_error();
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		err_set(e, ERR_FORMAT, "is no RSA public key in PEM form");
		return NULL;
	}
	if (EVP_PKEY_get_bits(key) < MIN_BITS) {
		err_set(e, ERR_FORMAT, "is an RSA key of fewer than %d bits", MIN_BITS);
		return NULL;
	}
	return steal_ptr(&key);
}

int rsa_verify(const char *pem, size_t pem_len, enum hash_kind kind, const void *data, size_t len,
	const void *signature, size_t signature_len, struct err *e)
{
	MEM_CLEANUP(key) EVP_PKEY *key = read_key(pem, pem_len, e);
	MEM_CLEANUP(context) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *digest = kind == HASH_SHA1     ? EVP_sha1()
			       : kind == HASH_SHA256 ? EVP_sha256()
						     : EVP_sha512();

	if (!key)
		return -1;
	if (!ctx || EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) != 1)
		return err_set(e, ERR_INTERNAL, "OpenSSL: cannot verify RSA signatures");
	int rc = EVP_DigestVerify(ctx, signature, signature_len, data, len);
	ERR_clear_error();
	return rc == 1 ? 0 : err_set(e, ERR_INTEGRITY, "the signature does not fit");
}
