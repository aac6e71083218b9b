#include "deb/deb822.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define MAX_FIELDS 256

/* Length of the line at text, without its newline; *whole is the length with it. */
static size_t line_len(const char *text, size_t len, size_t *whole)
{
	const char *newline = len ? memchr(text, '\n', len) : NULL;
	size_t n = newline ? (size_t)(newline - text) : len;

	*whole = newline ? n + 1 : n;
	return n;
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	}
	return true;
}

/* Length of the field name that starts a line; 0 when there is none. */
static size_t name_len(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && line[n] > ' ' && line[n] < 0x7f && line[n] != ':')
		n++;
	return n > 0 && n < len && line[n] == ':' && line[0] != '#' && line[0] != '-' ? n : 0;
}

struct names {
	const char *at[MAX_FIELDS];
	size_t len[MAX_FIELDS];
	size_t n;
};

static const char *add_name(struct names *names, const char *name, size_t len)
{
	for (size_t i = 0; i < names->n; i++) {
		if (names->len[i] == len && strncasecmp(names->at[i], name, len) == 0)
			return "stands twice";
	}
	if (names->n == MAX_FIELDS)
		return "is one field too many";
	names->at[names->n] = name;
	names->len[names->n++] = len;
	return NULL;
}

static int check_lines(const struct deb822_paragraph *p, struct err *e)
{
	struct names names = {.n = 0};
	unsigned number = p->line;

	for (size_t pos = 0, whole; pos < p->len; pos += whole, number++) {
		const char *line = p->text + pos;
		size_t len = line_len(line, p->len - pos, &whole);
		bool continued = line[0] == ' ' || line[0] == '\t';
		size_t n = continued ? 0 : name_len(line, len);
		const char *fault;

		if (memchr(line, 0, len))
			return err_set(e, ERR_FORMAT, "%s:%u: has a NUL byte", p->name, number);
		if (continued ? pos == 0 : n == 0)
			return err_set(e, ERR_FORMAT, "%s:%u: is no \"Name: value\" line", p->name,
				number);
		if (n > 0 && (fault = add_name(&names, line, n)))
			return err_set(e, ERR_FORMAT, "%s:%u: field '%.*s' %s", p->name, number,
				(int)n, line, fault);
	}
	return 0;
}

/* Skip blank lines, or the lines that are none. */
static void skip_lines(struct deb822_reader *r, bool blank)
{
	while (r->len > 0) {
		size_t whole;
		size_t len = line_len(r->text, r->len, &whole);

		if (is_blank(r->text, len) != blank)
			return;
		r->text += whole;
		r->len -= whole;
		r->line++;
	}
}

int deb822_next(struct deb822_reader *r, struct deb822_paragraph *p, struct err *e)
{
	skip_lines(r, true);
	if (r->len == 0)
		return 0;
	*p = (struct deb822_paragraph){.text = r->text, .name = r->name, .line = r->line + 1};
	skip_lines(r, false);
	p->len = (size_t)(r->text - p->text);
	return check_lines(p, e) < 0 ? -1 : 1;
}

/* Give the value that starts at pos, with its continuation lines. */
static void take_value(
	const struct deb822_paragraph *p, size_t pos, const char **value, size_t *len)
{
	size_t end = pos;
	size_t whole;

	do {
		line_len(p->text + end, p->len - end, &whole);
		end += whole;
	} while (end < p->len && (p->text[end] == ' ' || p->text[end] == '\t'));
	while (end > pos && is_blank(p->text + end - 1, 1))
		end--;
	while (end > pos && p->text[end - 1] == '\n')
		end--;
	while (end > pos && is_blank(p->text + end - 1, 1))
		end--;
	while (pos < end && is_blank(p->text + pos, 1))
		pos++;
	*value = p->text + pos;
	*len = end - pos;
}

bool deb822_find(
	const struct deb822_paragraph *p, const char *field, const char **value, size_t *len)
{
	size_t field_len = strlen(field);

	for (size_t pos = 0, whole; pos < p->len; pos += whole) {
		const char *line = p->text + pos;
		size_t n = name_len(line, line_len(line, p->len - pos, &whole));

		if (n == field_len && strncasecmp(line, field, n) == 0) {
			take_value(p, pos + n + 1, value, len);
			return true;
		}
	}
	return false;
}

char *deb822_need(const struct deb822_paragraph *p, const char *field, struct err *e)
{
	const char *value;
	size_t len;

	if (!deb822_find(p, field, &value, &len)) {
		err_set(e, ERR_FORMAT, "%s:%u: has no field '%s'", p->name, p->line, field);
		return NULL;
	}
	if (len == 0 || memchr(value, '\n', len)) {
		err_set(e, ERR_FORMAT, "%s:%u: field '%s' must be text on one line", p->name,
			p->line, field);
		return NULL;
	}
	return mem_strndup(value, len, e);
}
