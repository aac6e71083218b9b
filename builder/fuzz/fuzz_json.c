/* What is read and written must be read again as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_json struct json *first = NULL;
	cleanup_json struct json *second = NULL;
	cleanup_buf struct buf once = {0};
	cleanup_buf struct buf twice = {0};
	struct err e = {0};

	if (json_parse(&first, (const char *)data, len, "input", &e) < 0) {
		if (e.kind != ERR_FORMAT)
			abort();
		return 0;
	}
	if (json_write(first, &once, &e) < 0 ||
		json_parse(&second, once.data, once.len, "written", &e) < 0 ||
		json_write(second, &twice, &e) < 0)
		abort();
	if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
		abort();
	return 0;
}
