#include "cache.h"

#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"

char *cache_path(const char *base, const char *sha256, struct err *e)
{
	return cache_digest_path(base, HASH_SHA256, sha256, e);
}

char *cache_digest_path(const char *base, enum hash_kind kind, const char *digest, struct err *e)
{
	return mem_printf(e, "%s/sha%zu/%.2s/%s", base, hash_size(kind) * 8, digest, digest);
}

int cache_put(const char *base, const void *data, size_t len, const char *hex, struct err *e)
{
	cleanup_free char *path = cache_path(base, hex, e);
	cleanup_free char *folder = path ? io_dirname(path, e) : NULL;

	if (!folder || io_mkdirs(folder, e) < 0)
		return -1;
	return outfile_write_if_changed(path, 0444, data, len, NULL, e);
}

bool cache_has(const char *path, uint64_t size_bytes)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (size_bytes == 0 || (uint64_t)st.st_size == size_bytes);
}
