/* The blocks of 4 KiB that a file's contents touch. */
#ifndef KILN_IMAGE_EXT4_ROWS_H
#define KILN_IMAGE_EXT4_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/tree.h"

/* Start with `{.inode = inode}`. */
struct ext4_rows {
	const struct tree_inode *inode;
	size_t at;     /* the span to be looked at next */
	uint64_t done; /* blocks below this one were handed out */
};

/* The next blocks in a row, as many as there are, however they are divided into spans; false at
 * the end. */
bool ext4_rows_next(struct ext4_rows *rows, uint64_t *first, uint64_t *n);

#endif
