#include "apk/version.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a version is made of. Where two versions differ in the kind of the next part, the one whose
 * part stands first here is greater, but for a suffix that comes before the plain version. */
enum kind {
	INVALID,
	FRACTION, /* digits after the zeros that a number began with */
	NUMBER,
	LETTER_NUMBER, /* 1b2 */
	LETTER,
	SUFFIX,
	SUFFIX_NUMBER,
	REVISION,
	END,
};

struct part {
	enum kind kind;
	int64_t value;
};

struct cursor {
	const char *text; /* what was not read yet */
	enum kind last;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct part take(struct cursor *c, enum kind kind, int64_t value, size_t len)
{
	c->text += len;
	c->last = kind;
	return (struct part){kind, value};
}

/* More than 18 digits fit into no number of ours. */
static struct part take_digits(struct cursor *c, enum kind kind, size_t skip)
{
	const char *digits = c->text + skip;
	int64_t value = 0;
	size_t n = 0;

	for (; is_digit(digits[n]); n++) {
		if (n == 18)
			return take(c, INVALID, 0, 0);
		value = value * 10 + (digits[n] - '0');
	}
	return n > 0 ? take(c, kind, value, skip + n) : take(c, INVALID, 0, 0);
}

/* After a dot: zeros count by their number, the fewer the greater. */
static struct part take_dot(struct cursor *c)
{
	size_t zeros = strspn(c->text + 1, "0");

	return zeros > 0 ? take(c, NUMBER, -(int64_t)zeros, 1 + zeros) : take_digits(c, NUMBER, 1);
}

static struct part take_suffix(struct cursor *c)
{
	static const struct {
		const char *name;
		int value; /* below 0: before the plain version */
	} suffixes[] = {
		{"alpha", -4},
		{"beta", -3},
		{"pre", -2},
		{"rc", -1},
		{"cvs", 0},
		{"svn", 1},
		{"git", 2},
		{"hg", 3},
		{"p", 4},
	};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t len = strlen(suffixes[i].name);

		if (strncmp(c->text + 1, suffixes[i].name, len) == 0)
			return take(c, SUFFIX, suffixes[i].value, 1 + len);
	}
	return take(c, INVALID, 0, 0);
}

static struct part next_part(struct cursor *c)
{
	bool in_numbers = c->last == NUMBER || c->last == FRACTION;
	char first = *c->text;

	if (c->last == INVALID || !first)
		return take(c, c->last == INVALID ? INVALID : END, 0, 0);
	if (c->last == END)
		return take_digits(c, NUMBER, 0);
	if (c->last == REVISION)
		return take(c, INVALID, 0, 0);
	if (first == '-' && c->text[1] == 'r')
		return take_digits(c, REVISION, 2);
	if (first == '_')
		return take_suffix(c);
	if (first == '.' && in_numbers)
		return take_dot(c);
	if (first >= 'a' && first <= 'z' && in_numbers)
		return take(c, LETTER, first, 1);
	if (!is_digit(first))
		return take(c, INVALID, 0, 0);
	switch (c->last) {
	case NUMBER:
		return take_digits(c, FRACTION, 0);
	case LETTER:
		return take_digits(c, LETTER_NUMBER, 0);
	case SUFFIX:
		return take_digits(c, SUFFIX_NUMBER, 0);
	default:
		return take(c, INVALID, 0, 0);
	}
}

bool apk_version_is_valid(const char *version)
{
	struct cursor c = {version, END};
	struct part part;

	if (!*version || strlen(version) > APK_VERSION_MAX)
		return false;
	do
		part = next_part(&c);
	while (part.kind != END && part.kind != INVALID);
	return part.kind == END;
}

/* Read both as long as they are equal; a and b are the first parts that differ, or the last. */
static void find_difference(const char *text_a, const char *text_b, struct part *a, struct part *b)
{
	struct cursor cursor_a = {text_a, END};
	struct cursor cursor_b = {text_b, END};

	do {
		*a = next_part(&cursor_a);
		*b = next_part(&cursor_b);
	} while (
		a->kind == b->kind && a->value == b->value && a->kind != END && a->kind != INVALID);
}

int apk_version_compare(const char *text_a, const char *text_b)
{
	struct part a, b;

	find_difference(text_a, text_b, &a, &b);
	if (a.kind == b.kind)
		return (a.value > b.value) - (a.value < b.value);
	if (a.kind == SUFFIX && a.value < 0)
		return -1;
	if (b.kind == SUFFIX && b.value < 0)
		return 1;
	return a.kind < b.kind ? 1 : -1;
}

bool apk_version_begins_with(const char *version, const char *pattern)
{
	struct part a, b;

	find_difference(version, pattern, &a, &b);
	return b.kind == END;
}
