#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "guest/facts_parse.h"

int facts_next_line(struct facts_lines *l, const char **line, size_t *len, struct err *e)
{
	const char *end;

	if (l->at == l->end)
		return 0;
	end = memchr(l->at, '\n', (size_t)(l->end - l->at));
	*line = l->at;
	*len = (size_t)((end ? end : l->end) - l->at);
	l->at = end ? end + 1 : l->end;
	l->line++;
	if (memchr(*line, 0, *len))
		return err_set(e, ERR_FORMAT, "%s:%u: a byte 0", l->name, l->line);
	return 1;
}

/* Undo one quoted part; *p is after the opening mark and ends after the closing one. */
static int unquote_part(const char **p, const char *end, char mark, struct buf *out, struct err *e)
{
	const char *s = *p;

	while (s < end && *s != mark) {
		if (*s == '\\' && mark == '"' && s + 1 < end && strchr("\"\\$`", s[1]))
			s++;
		if (buf_putc(out, *s++, e) < 0)
			return -1;
	}
	if (s == end)
		return err_set(e, ERR_FORMAT, "the quotation mark is not closed");
	*p = s + 1;
	return 0;
}

/* A value as a shell reads it, without expansion. */
static int unquote(const char *s, size_t len, struct buf *out, struct err *e)
{
	const char *end = s + len;

	while (s < end) {
		char c = *s++;

		if (c == '"' || c == '\'') {
			if (unquote_part(&s, end, c, out, e) < 0)
				return -1;
			continue;
		}
		if (c == ' ' || c == '\t' || c == '\r')
			return 0;
		if (c == '\\' && s < end)
			c = *s++;
		if (buf_putc(out, c, e) < 0)
			return -1;
	}
	return 0;
}

static char **field_of(struct facts *f, const char *key, size_t len)
{
	if (len == 2 && memcmp(key, "ID", 2) == 0)
		return &f->id;
	if (len == 10 && memcmp(key, "VERSION_ID", 10) == 0)
		return &f->version_id;
	if (len == 11 && memcmp(key, "PRETTY_NAME", 11) == 0)
		return &f->name;
	return NULL;
}

static int set_field(struct facts *f, const char *line, size_t len, struct err *e)
{
	const char *equals = memchr(line, '=', len);
	char **field = equals ? field_of(f, line, (size_t)(equals - line)) : NULL;
	cleanup_buf struct buf value = {0};

	if (!field)
		return 0;
	equals++;
	if (unquote(equals, len - (size_t)(equals - line), &value, e) < 0)
		return -1;
	free(*field);
	*field = buf_steal(&value, e);
	return *field ? 0 : -1;
}

int facts_parse_os_release(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e)
{
	struct facts_lines l = {.at = text, .end = text + len, .name = name};
	const char *line;
	size_t n;
	int more;

	while ((more = facts_next_line(&l, &line, &n, e)) > 0) {
		if (n > 0 && line[0] != '#' && set_field(f, line, n, e) < 0)
			return err_prefix(e, "%s:%u", name, l.line);
	}
	return more;
}
