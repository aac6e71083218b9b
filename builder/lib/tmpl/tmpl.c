#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tmpl/ast.h"

struct tmpl_memory {
	struct tmpl_memory *next;
	max_align_t data[];
};

void *tmpl_alloc(struct tmpl *t, size_t size, struct err *e)
{
	struct tmpl_memory *m = mem_zalloc(sizeof(*m) + size, e);

	if (!m)
		return NULL;
	m->next = t->memory;
	t->memory = m;
	return m->data;
}

static void free_one(struct tmpl *t)
{
	while (t->memory) {
		struct tmpl_memory *m = t->memory;

		t->memory = m->next;
		free(m);
	}
	free(t->name);
	free(t->source);
	free(t->path);
	free(t);
}

void tmpl_free(struct tmpl *t)
{
	while (t) {
		struct tmpl *next = t->loaded;

		free_one(t);
		t = next;
	}
}

/* Lines and columns from 1; a column is a character. */
static void find_place(const struct tmpl *t, size_t pos, size_t *line, size_t *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < pos && i < t->len; i++) {
		if (t->source[i] == '\n') {
			(*line)++;
			*column = 1;
		} else if (((unsigned char)t->source[i + 1] & 0xc0) != 0x80) {
			(*column)++;
		}
	}
}

int tmpl_error(const struct tmpl *t, size_t pos, struct err *e, const char *fmt, ...)
{
	char msg[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_set(e, ERR_FORMAT, "%s", msg);
	return tmpl_error_prefix(t, pos, e);
}

int tmpl_error_prefix(const struct tmpl *t, size_t pos, struct err *e)
{
	size_t line, column;

	find_place(t, pos, &line, &column);
	return err_prefix(e, "%s:%zu:%zu", t->name, line, column);
}
