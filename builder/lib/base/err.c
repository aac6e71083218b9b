#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void set_message(
	struct err *e, enum err_kind kind, int errnum, const char *fmt, va_list ap)
{
	/* Formatted apart first: an argument may point into e->msg. */
	char msg[sizeof(e->msg)];

	vsnprintf(msg, sizeof(msg), fmt, ap);
	e->kind = kind;
	e->errnum = errnum;
	memcpy(e->msg, msg, sizeof(msg));
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	if (!e)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	set_message(e, kind, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int err_set_errno(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	int errnum = errno;

	if (!e)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	set_message(e, kind, errnum, fmt, ap);
	va_end(ap);

	size_t len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", strerror(errnum));
	return -1;
}

int err_nomem(struct err *e)
{
	return err_set(e, ERR_INTERNAL, "out of memory");
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	if (!e)
		return -1;

	char old[sizeof(e->msg)];
	memcpy(old, e->msg, sizeof(old));

	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);

	size_t len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", old);
	return -1;
}

void err_clear(struct err *e)
{
	if (e)
		memset(e, 0, sizeof(*e));
}

int err_exit_code(const struct err *e)
{
	return (int)e->kind;
}
