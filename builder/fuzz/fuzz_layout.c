/* Any bytes as layout.yaml: a layout whose numbers are in range, or a placed error. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_layout struct layout *l = NULL;
	struct err e = {0};

	if (layout_parse(&l, (const char *)data, len, "dir/input", &e) < 0) {
		if (e.kind != ERR_FORMAT || strncmp(e.msg, "dir/input:", 10) != 0)
			abort();
		return 0;
	}
	if (l->epoch_s < 1 || l->size_bytes % (1 << 20) != 0 || l->esp_bytes == 0)
		abort();
	for (size_t i = 0; i < l->n_files; i++) {
		if (l->files[i].path[0] != '/' || l->files[i].mode > 07777)
			abort();
	}
	return 0;
}
