#include "image/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK_SIZE ((size_t)256 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	alignas(max_align_t) char data[];
};

void *arena_zalloc(struct arena *a, size_t size, struct err *e)
{
	const size_t align = alignof(max_align_t);
	size_t rounded;

	if (__builtin_add_overflow(size, align - 1, &rounded)) {
		err_nomem(e);
		return NULL;
	}
	rounded &= ~(align - 1);
	if (!a->chunks || rounded > a->chunks->size - a->used) {
		size_t room = rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE;
		struct arena_chunk *c = mem_zalloc(sizeof(*c) + room, e);

		if (!c)
			return NULL;
		c->size = room;
		c->next = a->chunks;
		a->chunks = c;
		a->used = 0;
	}
	char *p = a->chunks->data + a->used;
	a->used += rounded;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len, struct err *e)
{
	char *copy = arena_zalloc(a, len + 1, e);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

void arena_release(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	a->used = 0;
}
