/* The signature at the start of an index or package; see apk/signed.h. */
#ifndef KILN_APK_SIGNATURE_H
#define KILN_APK_SIGNATURE_H

#include <stddef.h>

#include "apk/keys.h"
#include "base/buf.h"
#include "base/err.h"
#include "digest/hash.h"

#define SIGNATURE_MAX_SIZE 1024

struct signature {
	const struct apk_key *key; /* one of the given keys */
	enum hash_kind hash;
	unsigned char bytes[SIGNATURE_MAX_SIZE];
	size_t len;
};

/* Read the signature that data begins with and that one of the keys is named by; *rest is where the
 * next gzip member begins. With keys NULL *out stays untouched. ERR_INTEGRITY when there is none.
 */
int signature_read(struct signature *out, const void *data, size_t len, const struct apk_keys *keys,
	size_t *rest, struct err *e);

/* Check it over data. ERR_INTEGRITY. */
int signature_check(const struct signature *s, const void *data, size_t len, struct err *e);

#endif
