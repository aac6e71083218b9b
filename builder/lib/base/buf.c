#include "base/buf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

int buf_reserve(struct buf *b, size_t extra, struct err *e)
{
	size_t need;

	if (__builtin_add_overflow(b->len, extra, &need) || __builtin_add_overflow(need, 1, &need))
		return err_nomem(e);
	if (need <= b->cap)
		return 0;

	size_t cap = b->cap ? b->cap : 64;
	while (cap < need) {
		if (__builtin_mul_overflow(cap, 2, &cap))
			return err_nomem(e);
	}
	char *data = mem_resize(b->data, cap, 1, e);
	if (!data)
		return -1;
	b->data = data;
	b->cap = cap;
	b->data[b->len] = 0;
	return 0;
}

int buf_append(struct buf *b, const void *data, size_t len, struct err *e)
{
	if (buf_reserve(b, len, e) < 0)
		return -1;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
	return 0;
}

int buf_puts(struct buf *b, const char *s, struct err *e)
{
	return buf_append(b, s, strlen(s), e);
}

int buf_putc(struct buf *b, char c, struct err *e)
{
	return buf_append(b, &c, 1, e);
}

int buf_printf(struct buf *b, struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(e, ERR_INTERNAL, "cannot format a message");
	if (buf_reserve(b, (size_t)n, e) < 0)
		return -1;

	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b, struct err *e)
{
	if (buf_reserve(b, 0, e) < 0)
		return NULL;
	char *data = b->data;
	memset(b, 0, sizeof(*b));
	return data;
}

/* Length of the valid UTF-8 sequence at s (RFC 3629), 0 when there is none. C1 controls
 * (U+0080 to U+009F) count as invalid: terminals act on them. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	uint32_t code = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return code < 0xa0 ? 0 : n;
}

int buf_put_escaped(struct buf *b, const char *s, size_t len, struct err *e)
{
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)s[i];
		size_t n = 1;
		int rc;

		if (c == '\n')
			rc = buf_puts(b, "\\n", e);
		else if (c == '\t')
			rc = buf_puts(b, "\\t", e);
		else if (c == '\\')
			rc = buf_puts(b, "\\\\", e);
		else if (c >= 0x20 && c < 0x7f)
			rc = buf_putc(b, (char)c, e);
		else if ((n = utf8_sequence((const unsigned char *)s + i, len - i)) > 0)
			rc = buf_append(b, s + i, n, e);
		else {
			n = 1;
			rc = buf_printf(b, e, "\\x%02x", c);
		}
		if (rc < 0)
			return -1;
		i += n;
	}
	return 0;
}

int buf_put_hex(struct buf *b, const void *data, size_t len, struct err *e)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		if (buf_printf(b, e, "%02x", p[i]) < 0)
			return -1;
	}
	return 0;
}
