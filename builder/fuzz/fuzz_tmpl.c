/* Any bytes as a template over fixed data: text or a placed error, and twice the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tmpl/tmpl.h"

static const char data_yaml[] = "a: {k: v, l: [1, x, [true, ~], {m: n}], e: {}}\n"
				"b: [x, y, z]\n"
				"c: \"gr\\u00fc\\u00df \\\"\\n\\x01\"\n"
				"i: 12\n"
				"t: true\n"
				"f: false\n"
				"n: ~\n";

static const struct ynode *fixed_data(void)
{
	static struct ynode *data;

	if (!data && ynode_parse(&data, data_yaml, strlen(data_yaml), "data", NULL) < 0)
		abort();
	return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_tmpl struct tmpl *t = NULL;
	cleanup_buf struct buf once = {0};
	cleanup_buf struct buf twice = {0};
	struct err e = {0};

	if (tmpl_parse(&t, (const char *)data, len, "input", &e) < 0 ||
		tmpl_render(t, fixed_data(), &once, &e) < 0) {
		if (e.kind != ERR_FORMAT || strncmp(e.msg, "input:", 6) != 0)
			abort();
		return 0;
	}
	if (tmpl_render(t, fixed_data(), &twice, &e) < 0 || once.len != twice.len ||
		strcmp(buf_str(&once), buf_str(&twice)) != 0)
		abort();
	return 0;
}
