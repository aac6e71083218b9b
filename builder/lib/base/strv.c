#include "base/strv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void strv_release(struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	memset(v, 0, sizeof(*v));
}

int strv_take(struct strv *v, char *s, struct err *e)
{
	if (!s)
		return err_nomem(e);
	if (v->n + 2 > v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 8;
		char **items = mem_resize(v->items, cap, sizeof(*items), e);
		if (!items) {
			free(s);
			return -1;
		}
		v->items = items;
		v->cap = cap;
	}
	v->items[v->n++] = s;
	v->items[v->n] = NULL;
	return 0;
}

int strv_add(struct strv *v, const char *s, struct err *e)
{
	return strv_take(v, strdup(s), e);
}

int strv_addf(struct strv *v, struct err *e, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return strv_take(v, n < 0 ? NULL : s, e);
}

bool strv_contains(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->items[i], s) == 0)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->n)
		qsort(v->items, v->n, sizeof(*v->items), compare);
}
