#include "cache.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const char *set_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

char *cache_base(struct err *e)
{
	const char *own = set_variable("LIMEKILN_CACHE");
	const char *xdg = set_variable("XDG_CACHE_HOME");
	const char *home = set_variable("HOME");

	if (own && own[0] != '/') {
		cleanup_free char *cwd = getcwd(NULL, 0);

		if (!cwd) {
			err_set_errno(e, ERR_IO, "working directory");
			return NULL;
		}
		return mem_printf(e, "%s/%s", cwd, own);
	}
	if (own)
		return mem_strdup(own, e);
	/* A relative XDG_CACHE_HOME is to be ignored, says its specification. */
	if (xdg && xdg[0] == '/')
		return mem_printf(e, "%s/limekiln", xdg);
	if (home)
		return mem_printf(e, "%s/.cache/limekiln", home);
	err_set(e, ERR_USAGE, "no place for the cache: set HOME or LIMEKILN_CACHE");
	return NULL;
}

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
