/* Memory that is freed all at once: for many small objects of one lifetime. */
#ifndef KILN_IMAGE_ARENA_H
#define KILN_IMAGE_ARENA_H

#include <stddef.h>

#include "base/err.h"

struct arena_chunk;

/* `struct arena a = {0}` is an empty one. One thread at a time. */
struct arena {
	struct arena_chunk *chunks; /* newest first */
	size_t used;                /* bytes of the newest chunk */
};

/* Zeroed memory, aligned for any object; NULL when there is none (ERR_INTERNAL). Lives until
 * arena_release(). */
void *arena_zalloc(struct arena *a, size_t size, struct err *e);

/* A copy of len bytes with a 0 after them. */
char *arena_strndup(struct arena *a, const char *s, size_t len, struct err *e);

/* Free everything; *a is empty afterwards. */
void arena_release(struct arena *a);

#endif
