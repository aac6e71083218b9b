/* Public keys that sign repositories and packages: a folder of NAME.rsa.pub files. A signature
 * names the file of the key that it is to be checked with. */
#ifndef KILN_APK_KEYS_H
#define KILN_APK_KEYS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct apk_key {
	char *name; /* of the file */
	struct buf pem;
};

struct apk_keys {
	struct apk_key *items; /* sorted by name */
	size_t n;
};

/* Read the keys in the folder. ERR_IO; ERR_FORMAT when there is none. apk_keys_release() is due in
 * both cases. */
int apk_keys_load(struct apk_keys *keys, const char *folder, struct err *e);
void apk_keys_release(struct apk_keys *keys);
#define cleanup_apk_keys __attribute__((cleanup(apk_keys_release)))

/* NULL when there is none of that name. */
const struct apk_key *apk_keys_find(const struct apk_keys *keys, const char *name);

#endif
