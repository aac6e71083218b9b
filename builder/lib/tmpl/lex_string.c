#include "tmpl/lex_string.h"

#include <string.h>

struct literal {
	struct tmpl_lexer *lx;
	size_t pos;
	char *text;
	size_t len;
};

/* The character at the current place, 0 at the tag's end. "%%>" inside a tag stands for "%>". */
static char peek(struct literal *s)
{
	if (s->pos >= s->lx->end)
		return 0;
	if (strncmp(s->lx->t->source + s->pos, "%%>", 3) == 0)
		s->pos++;
	return s->lx->t->source[s->pos];
}

static void put_code_point(struct literal *s, uint32_t c)
{
	if (c < 0x80) {
		s->text[s->len++] = (char)c;
		return;
	}
	if (c < 0x800) {
		s->text[s->len++] = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			s->text[s->len++] = (char)(0xe0 | c >> 12);
		} else {
			s->text[s->len++] = (char)(0xf0 | c >> 18);
			s->text[s->len++] = (char)(0x80 | (c >> 12 & 0x3f));
		}
		s->text[s->len++] = (char)(0x80 | (c >> 6 & 0x3f));
	}
	s->text[s->len++] = (char)(0x80 | (c & 0x3f));
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 99;
}

/* Read min to max digits. False when there are fewer. */
static bool read_digits(struct literal *s, int base, int min, int max, uint32_t *value)
{
	int n = 0;

	for (*value = 0; n < max; n++, s->pos++) {
		int digit = digit_value(peek(s));

		if (digit >= base)
			break;
		*value = *value * (uint32_t)base + (uint32_t)digit;
	}
	return n >= min;
}

/* \uXXXX or \u{X...}; s->pos is behind the u. */
static bool read_unicode(struct literal *s, uint32_t *value)
{
	if (peek(s) != '{')
		return read_digits(s, 16, 4, 4, value);
	s->pos++;
	if (!read_digits(s, 16, 1, 6, value) || peek(s) != '}')
		return false;
	s->pos++;
	return true;
}

/* \u, \x and octal escapes; c is the character behind the backslash, at s->pos. */
static int lex_code_escape(struct literal *s, char c, size_t backslash, struct err *e)
{
	uint32_t value;
	uint32_t max = 0x7f; /* a byte of its own may break UTF-8 */
	bool ok;

	if (c == 'u') {
		s->pos++;
		max = 0x10ffff;
		ok = read_unicode(s, &value);
	} else if (c == 'x') {
		s->pos++;
		ok = read_digits(s, 16, 1, 2, &value);
	} else {
		ok = read_digits(s, 8, 1, 3, &value);
	}
	if (!ok || value == 0 || value > max || (value >= 0xd800 && value <= 0xdfff))
		return tmpl_error(s->lx->t, backslash, e, "this escape names no character");
	put_code_point(s, value);
	return 0;
}

static int lex_escape(struct literal *s, struct err *e)
{
	static const char from[] = "ntreabfvs";
	static const char to[] = "\n\t\r\033\a\b\f\v ";
	size_t backslash = s->pos++;
	char c = peek(s);
	const char *found = c ? strchr(from, c) : NULL;

	if (c == 'u' || c == 'x' || (c >= '0' && c <= '7'))
		return lex_code_escape(s, c, backslash, e);
	if (c == 0 || c == '\n' || c == '\r' || c == 'c' || c == 'C' || c == 'M')
		return tmpl_error(s->lx->t, backslash, e, "this escape is not supported");
	s->text[s->len++] = found ? to[found - from] : c;
	s->pos++;
	return 0;
}

static int lex_double_quoted(struct literal *s, char c, struct err *e)
{
	if (c == '\\')
		return lex_escape(s, e);
	if (c == '#') {
		size_t hash = s->pos++;
		char next = peek(s);

		s->text[s->len++] = '#';
		if (next == '{' || next == '$' || next == '@')
			return tmpl_error(s->lx->t, hash, e,
				"Ruby would interpolate '#%c'; use single quotes", next);
		return 0;
	}
	s->text[s->len++] = c;
	s->pos++;
	return 0;
}

static void lex_single_quoted(struct literal *s, char c)
{
	if (c == '\\') {
		s->pos++;
		char next = peek(s);
		if (next != '\\' && next != '\'') {
			s->text[s->len++] = '\\';
			return;
		}
		c = next;
	}
	s->text[s->len++] = c;
	s->pos++;
}

/* Bytes that hold the literal at lx->pos and a 0: no escape is shorter than what it stands for. */
static size_t literal_size(const struct tmpl_lexer *lx)
{
	const char *source = lx->t->source;
	size_t i = lx->pos + 1;

	while (i < lx->end && source[i] != source[lx->pos] && source[i] != '\n')
		i += source[i] == '\\' ? 2 : 1;
	return i - lx->pos + 1;
}

int tmpl_lex_string(struct tmpl_lexer *lx, struct tmpl_token *token, struct err *e)
{
	char quote = lx->t->source[lx->pos];
	struct literal s = {.lx = lx, .pos = lx->pos + 1};

	s.text = tmpl_alloc(lx->t, literal_size(lx), e);
	if (!s.text)
		return -1;
	for (;;) {
		char c = peek(&s);

		if (c == quote)
			break;
		if (c == 0 || c == '\n' || c == '\r')
			return tmpl_error(
				lx->t, lx->pos, e, "this string has no closing %c", quote);
		if (quote == '\'')
			lex_single_quoted(&s, c);
		else if (lex_double_quoted(&s, c, e) < 0)
			return -1;
	}
	token->kind = TOKEN_STRING;
	token->text = s.text;
	token->len = s.len;
	lx->pos = s.pos + 1;
	return 0;
}
