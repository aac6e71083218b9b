/* A growable byte buffer. `struct buf b = {0}` is an empty one. */
#ifndef KILN_BASE_BUF_H
#define KILN_BASE_BUF_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct buf {
	char *data; /* NULL while nothing was appended; otherwise data[len] is always 0 */
	size_t len; /* bytes, without the 0 */
	size_t cap;
};

/* Free the contents; *b is an empty buffer afterwards. */
void buf_release(struct buf *b);
#define cleanup_buf __attribute__((cleanup(buf_release)))

/* Make room for extra more bytes (and the 0). */
int buf_reserve(struct buf *b, size_t extra, struct err *e);
int buf_append(struct buf *b, const void *data, size_t len, struct err *e);
int buf_puts(struct buf *b, const char *s, struct err *e);
int buf_putc(struct buf *b, char c, struct err *e);
int buf_printf(struct buf *b, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The contents as a string; "" when nothing was appended. Owned by the buffer. */
const char *buf_str(const struct buf *b);

/* Take the contents (never NULL on success); the buffer is empty afterwards. The caller frees. */
char *buf_steal(struct buf *b, struct err *e);

/* Append s with control characters, backslashes and invalid UTF-8 as \n, \t, \\ or \xNN: safe to
 * print on a terminal. */
int buf_put_escaped(struct buf *b, const char *s, size_t len, struct err *e);

/* Append data as lower-case hexadecimal digits. */
int buf_put_hex(struct buf *b, const void *data, size_t len, struct err *e);

#endif
