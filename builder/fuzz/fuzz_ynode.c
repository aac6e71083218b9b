/* Every string that is read must survive ynode_put_scalar(). */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "yaml/ynode.h"

static void check_text(const char *text)
{
	cleanup_buf struct buf written = {0};
	cleanup_ynode struct ynode *n = NULL;

	if (ynode_put_scalar(&written, text, NULL) < 0 ||
		ynode_parse(&n, written.data, written.len, "written", NULL) < 0)
		abort();
	if (n->kind != YNODE_STRING || strcmp(n->text, text) != 0)
		abort();
}

static void check_node(const struct ynode *n)
{
	if (n->line == 0 || n->column == 0)
		abort();
	if (n->text)
		check_text(n->text);
	for (size_t i = 0; i < n->n; i++) {
		check_node(n->items[i]);
		if (n->kind == YNODE_MAP) {
			check_text(n->keys[i]);
			if (ynode_get(n, n->keys[i]) != n->items[i])
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_ynode struct ynode *n = NULL;
	struct err e = {0};

	if (ynode_parse(&n, (const char *)data, len, "input", &e) == 0)
		check_node(n);
	else if (e.kind != ERR_FORMAT)
		abort();
	return 0;
}
