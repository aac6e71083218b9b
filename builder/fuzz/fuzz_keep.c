/* Any bytes as the identifiers to keep: what is read is written and read again the same. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "image/keep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_buf struct buf first = {0};
	cleanup_buf struct buf second = {0};
	struct disk_keep k;
	struct err e = {0};

	if (keep_parse(&k, (const char *)data, len, "input", &e) < 0) {
		if (e.kind != ERR_FORMAT || strncmp(e.msg, "input:", 6) != 0)
			abort();
		return 0;
	}
	if (keep_format(&k, &first, &e) < 0 ||
		keep_parse(&k, first.data, first.len, "again", &e) < 0 ||
		keep_format(&k, &second, &e) < 0 || strcmp(first.data, second.data) != 0)
		abort();
	return 0;
}
