/* Errors: one object, filled where the fault is found, given context on the way up. */
#ifndef KILN_BASE_ERR_H
#define KILN_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* The values are the exit codes of all tools. */
enum err_kind {
	ERR_NONE = 0,
	ERR_CHECK = 1,       /* a check or comparison said no */
	ERR_USAGE = 2,       /* wrong command line or environment */
	ERR_FORMAT = 3,      /* malformed input */
	ERR_INTEGRITY = 4,   /* digest, size or signature differs */
	ERR_IO = 5,          /* read, write, no space, permission */
	ERR_NETWORK = 6,     /* a server could not be reached or refused */
	ERR_UNSUPPORTED = 7, /* valid, but not something that can be done here */
	ERR_INTERNAL = 70,   /* a defect of ours, or no memory */
};

struct err {
	enum err_kind kind;
	int errnum; /* errno at the source, 0 where there was none */
	char msg[1024];
};

/* Every function takes the error object last and may be given NULL for it.
 * A message that is too long is cut. No function here is safe to call on one object from two
 * threads at once. */

/* Replace *e by (kind, message). Returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": " and strerror(errno) appended; errno is kept in errnum. Returns -1. */
int err_set_errno(struct err *e, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Out of memory: ERR_INTERNAL. Returns -1. */
int err_nomem(struct err *e);

/* Put "context: " before the message that *e has. Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Forget the error. */
void err_clear(struct err *e);

/* The exit code for *e: 0 to 7 or 70. */
int err_exit_code(const struct err *e);

#endif
