/* A vector of strings. `struct strv v = {0}` is an empty one. */
#ifndef KILN_BASE_STRV_H
#define KILN_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct strv {
	char **items; /* items[n] is NULL once anything was added: usable as an argv */
	size_t n;
	size_t cap;
};

/* Free all strings; *v is empty afterwards. */
void strv_release(struct strv *v);
#define cleanup_strv __attribute__((cleanup(strv_release)))

/* Append a copy of s. */
int strv_add(struct strv *v, const char *s, struct err *e);
/* Append a formatted string. */
int strv_addf(struct strv *v, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Append s itself; the vector owns it from now on, also when -1 is returned. */
int strv_take(struct strv *v, char *s, struct err *e);

bool strv_contains(const struct strv *v, const char *s);
/* Sort bytewise, independent of the locale. */
void strv_sort(struct strv *v);

#endif
