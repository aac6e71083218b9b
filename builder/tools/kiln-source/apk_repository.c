#include "apk_repository.h"

#include "base/mem.h"
#include "grab.h"

int apk_repository_grab(struct buf *out, const struct fetch_options *o, const char *archive,
	const char *path, struct err *e)
{
	const struct mirror *m = mirrors_get(o->mirrors, archive);
	bool gone;

	if (!m)
		return err_set(e, ERR_FORMAT, "no archive is named '%s'", archive);
	if (grab_file(out, o->mirrors, m, path, APK_INDEX_MAX, o->timeout_s, &gone, e) < 0)
		return -1;
	if (gone)
		return err_set(e, ERR_NETWORK,
			"the archive '%s' has no %s; correct suites, components or the mirror",
			archive, path);
	return 0;
}

int apk_repository_keys(struct apk_keys *keys, const struct recipe *r,
	const struct recipe_archive *a, const char *root, struct err *e)
{
	cleanup_free char *folder = NULL;

	if (!a->keys)
		return err_set(e, ERR_FORMAT,
			"%s: archive '%s' names no folder of public keys; give it one with 'keys'",
			r->path, a->name);
	folder = mem_printf(e, "%s/%s", root, a->keys);
	return folder ? apk_keys_load(keys, folder, e) : -1;
}
