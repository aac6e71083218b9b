#include "base/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *mem_zalloc(size_t size, struct err *e)
{
	return mem_array(1, size, e);
}

void *mem_array(size_t n, size_t size, struct err *e)
{
	/* calloc(0) may return NULL, which would look like a failure. */
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		err_nomem(e);
	return p;
}

void *mem_resize(void *p, size_t n, size_t size, struct err *e)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		err_nomem(e);
		return NULL;
	}
	void *q = realloc(p, bytes ? bytes : 1);
	if (!q)
		err_nomem(e);
	return q;
}

char *mem_strdup(const char *s, struct err *e)
{
	return mem_strndup(s, strlen(s), e);
}

char *mem_strndup(const char *s, size_t len, struct err *e)
{
	char *p = strndup(s, len);

	if (!p)
		err_nomem(e);
	return p;
}

char *mem_printf(struct err *e, const char *fmt, ...)
{
	char *p = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0) {
		err_nomem(e);
		return NULL;
	}
	return p;
}

void mem_free_ptr(void *pp)
{
	void *p;

	memcpy(&p, pp, sizeof(p));
	free(p);
}

void mem_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void mem_close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}
