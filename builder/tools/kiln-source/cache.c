#include "cache.h"

#include <sys/stat.h>

#include "base/mem.h"

char *cache_path(const char *base, const char *sha256, struct err *e)
{
	return cache_digest_path(base, HASH_SHA256, sha256, e);
}

char *cache_digest_path(const char *base, enum hash_kind kind, const char *digest, struct err *e)
{
	return mem_printf(e, "%s/sha%zu/%.2s/%s", base, hash_size(kind) * 8, digest, digest);
}

bool cache_has(const char *path, uint64_t size_bytes)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (size_bytes == 0 || (uint64_t)st.st_size == size_bytes);
}
