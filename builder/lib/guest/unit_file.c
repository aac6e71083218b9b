#include "guest/unit_file.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define BLANKS " \t\r"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@"

static const char *const types[] = {".service", ".socket", ".target", ".timer", ".path", ".mount",
	".automount", ".swap", ".slice", ".device", ".scope"};

/* Where the type begins; NULL: there is none. */
static const char *find_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(dot, types[i]) == 0)
			return dot;
	}
	return NULL;
}

bool unit_name_is_valid(const char *name)
{
	const char *type = find_type(name);

	return type && type > name && name[0] != '@' && strlen(name) <= 255 &&
	       name[strspn(name, NAME_CHARACTERS)] == 0;
}

char *unit_name_complete(const char *name, struct err *e)
{
	return mem_printf(e, "%s%s", name, find_type(name) ? "" : ".service");
}

bool unit_name_is_template(const char *name)
{
	const char *at = strchr(name, '@');

	return at && at + 1 == find_type(name);
}

bool unit_name_is_instance(const char *name)
{
	return strchr(name, '@') && !unit_name_is_template(name);
}

char *unit_name_instantiate(const char *name, const char *instance, struct err *e)
{
	return mem_printf(e, "%.*s@%s%s", (int)strcspn(name, "@"), name, instance, find_type(name));
}

char *unit_name_template(const char *name, struct err *e)
{
	return unit_name_instantiate(name, "", e);
}

/* What a specifier stands for, in *start and *len. */
static bool find_specifier(char letter, const char *name, const char **start, size_t *len)
{
	const char *type = find_type(name);
	const char *at = memchr(name, '@', (size_t)(type - name));
	const char *prefix_end = at ? at : type;

	*start = name;
	switch (letter) {
	case '%':
		*start = "%";
		*len = 1;
		return true;
	case 'n':
		*len = strlen(name);
		return true;
	case 'N':
		*len = (size_t)(type - name);
		return true;
	case 'p':
		*len = (size_t)(prefix_end - name);
		return true;
	case 'j':
		for (*start = prefix_end; *start > name && (*start)[-1] != '-';)
			(*start)--;
		*len = (size_t)(prefix_end - *start);
		return true;
	case 'i':
		*start = at ? at + 1 : type;
		*len = (size_t)(type - *start);
		return true;
	default:
		return false;
	}
}

char *unit_name_expand(const char *text, const char *name, struct err *e)
{
	cleanup_buf struct buf out = {0};
	const char *start;
	size_t len;

	for (const char *p = text; *p; p++) {
		if (*p != '%') {
			if (buf_putc(&out, *p, e) < 0)
				return NULL;
			continue;
		}
		p++;
		if (!find_specifier(*p, name, &start, &len)) {
			err_set(e, ERR_UNSUPPORTED,
				"'%s' in its [Install] section: specifiers other than %%i, %%j, "
				"%%n, %%N and %%p are not known",
				text);
			return NULL;
		}
		if (buf_append(&out, start, len, e) < 0)
			return NULL;
	}
	return buf_steal(&out, e);
}

static struct strv *find_setting(struct unit_section *s, const char *key, size_t len)
{
	const struct {
		const char *key;
		struct strv *list;
	} settings[] = {
		{"WantedBy", &s->wanted_by},
		{"RequiredBy", &s->required_by},
		{"UpheldBy", &s->upheld_by},
		{"Alias", &s->alias},
		{"Also", &s->also},
		{"DefaultInstance", &s->default_instance},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strlen(settings[i].key) == len && memcmp(settings[i].key, key, len) == 0)
			return settings[i].list;
	}
	return NULL;
}

/* The words of a value, quotes around them dropped; no value at all empties the list. */
static int add_words(struct strv *list, const char *value, struct err *e)
{
	value += strspn(value, BLANKS);
	if (!*value)
		strv_release(list);
	while (*value) {
		char quote = *value == '"' || *value == '\'' ? *value : 0;
		const char closing[] = {quote, 0};
		size_t len;

		value += quote != 0;
		len = strcspn(value, quote ? closing : BLANKS);
		cleanup_free char *word = mem_strndup(value, len, e);
		if (!word || (!strv_contains(list, word) && strv_add(list, word, e) < 0))
			return -1;
		value += len;
		value += quote && *value == quote;
		value += strspn(value, BLANKS);
	}
	return 0;
}

static int read_setting(struct unit_section *s, const char *line, struct err *e)
{
	size_t len = strcspn(line, "=");
	const char *value = line + len;

	if (!*value)
		return 0;
	while (len > 0 && strchr(BLANKS, line[len - 1]))
		len--;
	struct strv *list = find_setting(s, line, len);
	if (!list)
		return 0;
	if (list == &s->default_instance)
		strv_release(list);
	return add_words(list, value + 1, e);
}

/* Take the next line of *rest, joined with those that continue it; comments between them do not
 * count. Returns 1, 0 at the end, -1. */
static int next_line(const char **rest, const char *end, struct buf *line, struct err *e)
{
	bool more = true;

	line->len = 0;
	if (*rest == end)
		return 0;
	while (more && *rest < end) {
		const char *newline = memchr(*rest, '\n', (size_t)(end - *rest));
		size_t len = newline ? (size_t)(newline - *rest) : (size_t)(end - *rest);
		const char *text = *rest;

		*rest += len + (newline != NULL);
		if (line->len > 0 && len > 0 && strchr("#;", text[0]))
			continue;
		more = len > 0 && text[len - 1] == '\\';
		if (buf_append(line, text, len - more, e) < 0 ||
			(more && buf_putc(line, ' ', e) < 0))
			return -1;
	}
	return 1;
}

int unit_section_parse(struct unit_section *s, const char *text, size_t len, struct err *e)
{
	const char *end = text + len;
	cleanup_buf struct buf line = {0};
	bool inside = false;
	int rc;

	*s = (struct unit_section){0};
	while ((rc = next_line(&text, end, &line, e)) == 1) {
		const char *p = buf_str(&line) + strspn(buf_str(&line), BLANKS);

		if (*p == '[')
			inside = strncmp(p, "[Install]", 9) == 0;
		else if (inside && *p && !strchr("#;", *p) && read_setting(s, p, e) < 0)
			return -1;
	}
	return rc;
}

void unit_section_release(struct unit_section *s)
{
	strv_release(&s->wanted_by);
	strv_release(&s->required_by);
	strv_release(&s->upheld_by);
	strv_release(&s->alias);
	strv_release(&s->also);
	strv_release(&s->default_instance);
}

bool unit_section_is_empty(const struct unit_section *s)
{
	return s->wanted_by.n + s->required_by.n + s->upheld_by.n + s->alias.n + s->also.n == 0;
}
