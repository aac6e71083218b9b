#include "guest/text_edit.h"

#include <string.h>

static void swap(struct buf *a, struct buf *b)
{
	struct buf c = *a;

	*a = *b;
	*b = c;
}

int text_replace(
	struct buf *text, const char *match, const char *replace, uint32_t count, struct err *e)
{
	cleanup_buf struct buf out = {0};
	const char *from = buf_str(text);
	const char *end = from + text->len;
	size_t n = 0;

	for (const char *at; (at = memmem(from, (size_t)(end - from), match, strlen(match))); n++) {
		if (buf_append(&out, from, (size_t)(at - from), e) < 0 ||
			buf_puts(&out, replace, e) < 0)
			return -1;
		from = at + strlen(match);
	}
	if (buf_append(&out, from, (size_t)(end - from), e) < 0)
		return -1;
	if (n == 0 || (count != 0 && n != count))
		return err_set(e, ERR_CHECK, "the text to replace stands there %zu times, not %s%u",
			n, count ? "" : "at least ", count ? count : 1);
	swap(text, &out);
	return 0;
}

int text_append_line(struct buf *text, const char *line, bool *changed, struct err *e)
{
	const char *p = buf_str(text);
	size_t left = text->len;

	*changed = false;
	while (left > 0) {
		const char *end = memchr(p, '\n', left);
		size_t len = end ? (size_t)(end - p) : left;

		if (len == strlen(line) && memcmp(p, line, len) == 0)
			return 0;
		p += len + (end != NULL);
		left -= len + (end != NULL);
	}
	*changed = true;
	if (text->len > 0 && text->data[text->len - 1] != '\n' && buf_putc(text, '\n', e) < 0)
		return -1;
	return buf_printf(text, e, "%s\n", line);
}

static bool is_own_address(const char *line, size_t len)
{
	static const char address[] = "127.0.1.1";
	size_t n = sizeof(address) - 1;

	return len > n && memcmp(line, address, n) == 0 && (line[n] == ' ' || line[n] == '\t');
}

static int put_host(struct buf *out, const char *hostname, struct err *e)
{
	size_t len = strcspn(hostname, ".");

	if (buf_printf(out, e, "127.0.1.1\t%s", hostname) < 0)
		return -1;
	return hostname[len] ? buf_printf(out, e, " %.*s\n", (int)len, hostname)
			     : buf_putc(out, '\n', e);
}

int text_set_host(struct buf *text, const char *hostname, bool *changed, struct err *e)
{
	cleanup_buf struct buf out = {0};
	const char *p = buf_str(text);
	size_t left = text->len;

	while (left > 0) {
		const char *end = memchr(p, '\n', left);
		size_t len = end ? (size_t)(end - p) + 1 : left;
		int rc = is_own_address(p, len) ? put_host(&out, hostname, e)
						: buf_append(&out, p, len, e);

		if (rc < 0)
			return -1;
		p += len;
		left -= len;
	}
	*changed = out.len != text->len || memcmp(buf_str(&out), buf_str(text), out.len) != 0;
	swap(text, &out);
	return 0;
}
