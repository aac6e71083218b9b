/* Atoms lie inside their text; comparing versions is an order: the other way round gives the
 * opposite, and a version equals itself. */
#include <stdlib.h>
#include <string.h>

#include "apk/atom.h"
#include "apk/version.h"
#include "base/mem.h"
#include "fuzz.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void check_versions(const char *a, const char *b)
{
	struct apk_atom equal = {.name = "x", .version = b, .orders = APK_EQUAL};

	if (apk_version_compare(a, a) != 0 ||
		sign(apk_version_compare(a, b)) != -sign(apk_version_compare(b, a)))
		abort();
	if (apk_atom_fits(&equal, a) != (apk_version_compare(a, b) == 0))
		abort();
	if (apk_version_is_valid(a) && !apk_version_begins_with(a, a))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_free char *text = len > 0 ? mem_strndup((const char *)data, len, NULL) : NULL;
	const char *last = "1.0-r0";
	struct apk_atom a;
	struct err e = {0};

	if (!text)
		return 0;
	char *rest = text;
	const char *end = text + strlen(text);
	int found;
	while ((found = apk_atom_next(&a, &rest, &e)) > 0) {
		if (a.name < text || a.name >= end || !*a.name || rest > end)
			abort();
		if (!a.version)
			continue;
		if (a.version <= a.name || a.version >= end || a.orders == 0)
			abort();
		check_versions(a.version, last);
		last = a.version;
	}
	if (found < 0 && e.kind != ERR_FORMAT)
		abort();
	return 0;
}
