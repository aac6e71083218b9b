#include "digest/uuid5.h"

#include <openssl/evp.h>
#include <string.h>

/* The UUIDv5 of "limekiln" in the nil namespace. */
const unsigned char uuid5_limekiln[UUID_SIZE] = {0x70, 0x16, 0x9a, 0xa2, 0xda, 0x86, 0x51, 0xd7,
	0xbf, 0xb0, 0xd3, 0x3b, 0xf7, 0x6e, 0xe0, 0x49};

int uuid5_make(const unsigned char space[UUID_SIZE], const char *name,
	unsigned char uuid[UUID_SIZE], struct err *e)
{
	unsigned char sha1[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
		 EVP_DigestUpdate(ctx, space, UUID_SIZE) == 1 &&
		 EVP_DigestUpdate(ctx, name, strlen(name)) == 1 &&
		 EVP_DigestFinal_ex(ctx, sha1, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return err_set(e, ERR_INTERNAL, "OpenSSL: SHA-1 failed");
	memcpy(uuid, sha1, UUID_SIZE);
	uuid[6] = (unsigned char)((uuid[6] & 0x0f) | 0x50);
	uuid[8] = (unsigned char)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

void uuid5_format(const unsigned char uuid[UUID_SIZE], char text[UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *p = text;

	for (size_t i = 0; i < UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[uuid[i] >> 4];
		*p++ = digits[uuid[i] & 15];
	}
	*p = 0;
}
