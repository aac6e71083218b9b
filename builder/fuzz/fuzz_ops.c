/* Operations: any text is a list of operations or an error, as YAML and as options. */
#include <stdlib.h>

#include "base/mem.h"
#include "fuzz.h"
#include "guest/ops.h"

static void check(const struct ops *ops)
{
	for (size_t i = 0; i < ops->n; i++) {
		const struct op *op = &ops->items[i];

		if (op->path && op->path[0] != '/')
			abort();
		if ((op->kind == OP_ENABLE || op->kind == OP_INSTALL) && op->names.n == 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_free char *text = mem_strndup((const char *)data, len, NULL);
	struct strv options = {0};
	struct ops ops = {0};
	struct err e = {0};

	if (ops_parse(&ops, (const char *)data, len, "dir/ops.yaml", &e) < 0 &&
		e.kind != ERR_FORMAT)
		abort();
	check(&ops);
	if (text && strv_add(&options, text, NULL) == 0 &&
		ops_add_options(&ops, &options, &e) < 0 && e.kind != ERR_USAGE)
		abort();
	check(&ops);
	strv_release(&options);
	ops_release(&ops);
	return 0;
}
