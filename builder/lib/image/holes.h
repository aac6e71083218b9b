/* Where a sparse file holds data, by SEEK_DATA and SEEK_HOLE (lseek(2)). */
#ifndef KILN_IMAGE_HOLES_H
#define KILN_IMAGE_HOLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The file is seen as windows of 32 blocks. */
#define HOLES_BLOCK 65536u
#define HOLES_BLOCKS 32u
#define HOLES_WINDOW ((uint64_t)HOLES_BLOCK * HOLES_BLOCKS)

struct holes {
	int fd;
	uint64_t size_bytes;
	uint64_t start, stop; /* what is not handed out of the extent at hand */
};

struct holes_window {
	uint64_t offset;    /* in bytes, a multiple of HOLES_WINDOW */
	uint32_t data_mask; /* bit i: block i may hold other bytes than zeros; never 0 */
};

/* Begin at the start of fd, of which size_bytes are looked at. fd
 * stays the caller's; its file position is used. */
void holes_init(struct holes *h, int fd, uint64_t size_bytes);

/* The next window that has data; *found is false after the last. Where the file system cannot
 * tell, all is data. Errors: ERR_IO. */
int holes_next(struct holes *h, struct holes_window *w, bool *found, struct err *e);

#endif
