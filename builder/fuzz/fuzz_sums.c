/* SHA256SUMS: any text is a list or an error, and a list reads back as what was written. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_sums struct sums first = {0};
	cleanup_sums struct sums again = {0};
	cleanup_buf struct buf text = {0};

	if (sums_parse(&first, (const char *)data, size, "SHA256SUMS", NULL) < 0)
		return 0;
	if (sums_format(&first, &text, NULL) < 0)
		return 0;
	if (sums_parse(&again, buf_str(&text), text.len, "written", NULL) < 0 || again.n != first.n)
		abort();
	for (size_t i = 0; i < first.n; i++) {
		if (strcmp(first.items[i].name, again.items[i].name) != 0)
			abort();
	}
	return 0;
}
