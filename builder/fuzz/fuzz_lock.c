/* A lock that is read must be written as the same text as its own copy, and stay in its bounds. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "recipe/lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_lock struct lock *first = NULL;
	cleanup_lock struct lock *second = NULL;
	cleanup_buf struct buf once = {0};
	cleanup_buf struct buf twice = {0};
	struct err e = {0};

	if (lock_parse(&first, (const char *)data, len, "input", &e) < 0) {
		if (e.kind != ERR_FORMAT || first)
			abort();
		return 0;
	}
	for (size_t i = 0; i < first->n_packages; i++) {
		const char *path = first->packages[i].path;

		if (path[0] == '/' || strncmp(path, "../", 3) == 0 || strstr(path, "/../"))
			abort();
	}
	if (lock_format(first, &once, &e) < 0 ||
		lock_parse(&second, once.data, once.len, "written", &e) < 0 ||
		lock_format(second, &twice, &e) < 0)
		abort();
	if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
		abort();
	return 0;
}
