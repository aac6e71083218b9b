#include "base/cachedir.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

static const char *set_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

char *cachedir_base(struct err *e)
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
