#include "image/ext4_rows.h"

#include "image/ext4_dir.h"

#define BLOCK_SIZE ((uint64_t)EXT4_BLOCK_SIZE)

bool ext4_rows_next(struct ext4_rows *rows, uint64_t *first, uint64_t *n)
{
	*n = 0;
	for (; rows->at < rows->inode->n_spans; rows->at++) {
		const struct tree_span *s = &rows->inode->spans[rows->at];
		uint64_t start = s->offset / BLOCK_SIZE;
		uint64_t end = (s->offset + s->length + BLOCK_SIZE - 1) / BLOCK_SIZE;

		/* The last block of the span before may be the first of this one. */
		start = start > rows->done ? start : rows->done;
		if (start >= end)
			continue;
		if (*n > 0 && start != rows->done)
			break;
		if (*n == 0)
			*first = start;
		*n += end - start;
		rows->done = end;
	}
	return *n > 0;
}
