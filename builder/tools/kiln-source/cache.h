/* The cache: files by their SHA-256, shared by all builds of a user. <base> is cachedir_base().
 *
 * <base>/sha256/<first 2 digits>/<digest>       whole and verified when it got its name
 * <base>/sha256/<first 2 digits>/<digest>.part  on its way; its writer holds a flock on it
 * <base>/sha512/<first 2 digits>/<digest>       a base image that its recipe names so: a link to
 *                                               the same file
 * <base>/apt/<key>                              apt's own state (apt.h) */
#ifndef KILN_SOURCE_CACHE_H
#define KILN_SOURCE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "digest/hash.h"

/* Where a file lies below base. The caller frees. */
char *cache_path(const char *base, const char *sha256, struct err *e);
/* The same by a digest of any kind. The caller frees. */
char *cache_digest_path(const char *base, enum hash_kind kind, const char *digest, struct err *e);

/* Put a file of these contents into the cache at base; hex is its SHA-256. */
int cache_put(const char *base, const void *data, size_t len, const char *hex, struct err *e);

/* True when a regular file of that size (0: of any) lies at path. */
bool cache_has(const char *path, uint64_t size_bytes);

#endif
