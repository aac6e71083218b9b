#include "image/ext4_rows.h"

#include "unit.h"

/* All rows of these spans as text: "first+n first+n". */
static void check_rows(struct tree_span *spans, size_t n, const char *want)
{
	struct tree_inode inode = {.spans = spans, .n_spans = n};
	struct ext4_rows rows = {.inode = &inode};
	char got[256] = "";
	uint64_t first, blocks;

	while (ext4_rows_next(&rows, &first, &blocks))
		snprintf(got + strlen(got), sizeof(got) - strlen(got), " %llu+%llu",
			(unsigned long long)first, (unsigned long long)blocks);
	CHECK_STR(got, want);
}

int main(void)
{
	unit_about("rows of blocks");
	check_rows(NULL, 0, "");
	check_rows((struct tree_span[]){{.offset = 0, .length = 1}}, 1, " 0+1");
	check_rows((struct tree_span[]){{.offset = 4095, .length = 2}}, 1, " 0+2");
	/* Spans in one block, spans that touch, and a hole of a block. */
	check_rows((struct tree_span[]){{.offset = 0, .length = 1024},
			   {.offset = 2048, .length = 1024}, {.offset = 3072, .length = 1024}},
		3, " 0+1");
	check_rows((struct tree_span[]){{.offset = 0, .length = 4096},
			   {.offset = 4096, .length = 8192}, {.offset = 16384, .length = 5}},
		3, " 0+3 4+1");
	check_rows((struct tree_span[]){{.offset = 0, .length = 100},
			   {.offset = 5000, .length = 100}, {.offset = 8000, .length = 10000}},
		3, " 0+5");
	return unit_done();
}
