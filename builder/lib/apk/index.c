#include "apk/index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "apk/atom.h"
#include "apk/version.h"
#include "base/mem.h"

#define MAX_SIZE_BYTES ((uint64_t)1 << 40)
#define MAX_TIME_S UINT32_MAX
#define CHECKSUM_DIGITS 28 /* base64 of 20 bytes, with one '=' */

struct state {
	struct apk_index *index;
	const char *name;
	size_t line;
	struct apk_package package; /* of the paragraph that is read */
	bool has_checksum;
	bool has_size;
	bool any; /* the paragraph has a line */
};

static int fail(const struct state *s, const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "%s: line %zu: %s", s->name, s->line, what);
}

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "Q1" and base64 (RFC 4648, section 4): SHA-1. */
static bool read_checksum(const char *text, unsigned char out[APK_CHECKSUM_SIZE])
{
	unsigned bits = 0;
	size_t n = 0;

	if (strncmp(text, "Q1", 2) != 0 || strlen(text) != 2 + CHECKSUM_DIGITS ||
		text[1 + CHECKSUM_DIGITS] != '=')
		return false;
	for (size_t i = 0; i < CHECKSUM_DIGITS - 1; i++) {
		int value = base64_value(text[2 + i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		if (i % 4 == 0)
			continue;
		if (n < APK_CHECKSUM_SIZE)
			out[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	return n == APK_CHECKSUM_SIZE && (bits & 3) == 0;
}

/* Decimal digits and nothing else, at most max. */
static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
	if (!*text)
		return false;
	for (*out = 0; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*out = *out * 10 + (uint64_t)(*text - '0');
		if (*out > max)
			return false;
	}
	return true;
}

static int set_text(const struct state *s, const char **field, const char *value, struct err *e)
{
	if (*field)
		return fail(s, "stands a second time in this package's paragraph", e);
	*field = value;
	return 0;
}

static int read_field(struct state *s, char letter, const char *value, struct err *e)
{
	struct apk_package *p = &s->package;
	uint64_t number;

	switch (letter) {
	case 'P':
		if (!apk_name_is_valid(value))
			return fail(s, "is no package's name", e);
		return set_text(s, &p->name, value, e);
	case 'V':
		if (!apk_version_is_valid(value))
			return fail(s, "is no version", e);
		return set_text(s, &p->version, value, e);
	case 'A':
		if (!apk_name_is_valid(value))
			return fail(s, "is no architecture", e);
		return set_text(s, &p->arch, value, e);
	case 'o':
		return set_text(s, &p->origin, value, e);
	case 'D':
		return set_text(s, &p->depends, value, e);
	case 'p':
		return set_text(s, &p->provides, value, e);
	case 'i':
		return set_text(s, &p->install_if, value, e);
	case 'C':
		if (s->has_checksum || !read_checksum(value, p->checksum))
			return fail(s, "is no SHA-1 checksum", e);
		s->has_checksum = true;
		return 0;
	case 'S':
		if (s->has_size || !read_number(value, MAX_SIZE_BYTES, &p->size_bytes) ||
			p->size_bytes == 0)
			return fail(s, "is no size", e);
		s->has_size = true;
		return 0;
	case 't':
		if (!read_number(value, MAX_TIME_S, &number))
			return fail(s, "is no time", e);
		p->built_s = (int64_t)number;
		return 0;
	case 'k':
		if (p->provider_priority || !read_number(value, UINT16_MAX, &number))
			return fail(s, "is no provider's priority", e);
		p->provider_priority = (unsigned)number;
		return 0;
	default:
		return 0;
	}
}

/* The paragraph is whole. */
static int finish_package(struct state *s, struct err *e)
{
	struct apk_index *index = s->index;
	struct apk_package *p = &s->package;

	if (!s->any)
		return 0;
	if (!p->name || !p->version || !p->arch || !s->has_checksum || !s->has_size)
		return fail(s,
			"a package ends here without name, version, architecture, checksum "
			"or size",
			e);
	p->origin = p->origin ? p->origin : p->name;
	p->depends = p->depends ? p->depends : "";
	p->provides = p->provides ? p->provides : "";
	p->install_if = p->install_if ? p->install_if : "";
	if (index->n == index->cap) {
		size_t cap = index->cap ? 2 * index->cap : 64;
		void *bigger = mem_resize(index->packages, cap, sizeof(*index->packages), e);

		if (!bigger)
			return -1;
		index->packages = bigger;
		index->cap = cap;
	}
	index->packages[index->n++] = *p;
	s->package = (struct apk_package){.repository = p->repository};
	s->has_checksum = s->has_size = s->any = false;
	return 0;
}

static int read_line(struct state *s, const char *line, struct err *e)
{
	s->line++;
	if (!*line)
		return finish_package(s, e);
	s->any = true;
	if (line[1] != ':')
		return fail(s, "is not a letter, a colon and a value", e);
	return read_field(s, line[0], line + 2, e);
}

int apk_index_add(struct apk_index *index, const char *data, size_t len, size_t repository,
	const char *name, struct err *e)
{
	struct state s = {.index = index, .name = name, .package.repository = repository};
	char *text = len > 0 ? mem_strndup(data, len, e) : mem_strdup("", e);

	if (!text || strv_take(&index->texts, text, e) < 0)
		return -1;
	if (strlen(text) != len)
		return err_set(e, ERR_FORMAT, "%s: has a zero byte", name);
	while (*text) {
		char *line = text;

		text += strcspn(text, "\n");
		if (*text)
			*text++ = 0;
		if (read_line(&s, line, e) < 0)
			return -1;
	}
	s.line++;
	return finish_package(&s, e);
}

void apk_index_release(struct apk_index *index)
{
	free(index->packages);
	strv_release(&index->texts);
	*index = (struct apk_index){0};
}
