/* Whatever an index holds, it gives packages with sound fields, and a set of them that is whole or
 * an error. */
#include <stdlib.h>
#include <string.h>

#include "apk/atom.h"
#include "apk/solve.h"
#include "apk/version.h"
#include "base/mem.h"
#include "fuzz.h"

static void check_packages(const struct apk_index *index)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct apk_package *p = &index->packages[i];

		if (!apk_name_is_valid(p->name) || !apk_version_is_valid(p->version) ||
			!p->origin || !p->depends || p->size_bytes == 0 || p->built_s < 0)
			abort();
	}
}

/* Ask for the first and the last package. */
static void check_solution(const struct apk_index *index)
{
	cleanup_strv struct strv wanted = {0};
	cleanup_free size_t *chosen = NULL;
	struct err e = {0};
	bool found = false;
	size_t n;

	if (strv_add(&wanted, index->packages[0].name, &e) < 0 ||
		strv_add(&wanted, index->packages[index->n - 1].name, &e) < 0)
		return;
	if (apk_solve(&chosen, &n, index, &wanted, &e) < 0) {
		if (e.kind != ERR_FORMAT || !e.msg[0])
			abort();
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (chosen[i] >= index->n ||
			(i > 0 && strcmp(index->packages[chosen[i - 1]].name,
					  index->packages[chosen[i]].name) >= 0))
			abort();
		found = true;
	}
	if (!found)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_apk_index struct apk_index index = {0};
	struct err e = {0};

	if (apk_index_add(&index, (const char *)data, len, 0, "input", &e) < 0) {
		if (e.kind != ERR_FORMAT)
			abort();
		return 0;
	}
	check_packages(&index);
	if (index.n > 0 && index.n < 64)
		check_solution(&index);
	return 0;
}
