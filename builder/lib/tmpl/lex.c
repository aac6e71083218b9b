#include "tmpl/lex.h"

#include <string.h>

#include "base/utf8.h"
#include "tmpl/lex_string.h"

static const char *const keywords[] = {"BEGIN", "END", "__ENCODING__", "__FILE__", "__LINE__",
	"alias", "and", "begin", "break", "case", "class", "def", "defined?", "do", "else", "elsif",
	"end", "ensure", "false", "for", "if", "in", "module", "next", "nil", "not", "or", "redo",
	"rescue", "retry", "return", "self", "super", "then", "true", "undef", "unless", "until",
	"when", "while", "yield"};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_keyword(const char *text)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcmp(keywords[i], text) == 0)
			return true;
	}
	return false;
}

/* The byte n places ahead, 0 behind the tag's end. */
static char ahead(const struct tmpl_lexer *lx, size_t n)
{
	return n < lx->end - lx->pos ? lx->t->source[lx->pos + n] : 0;
}

static void skip_space(struct tmpl_lexer *lx, struct tmpl_token *token)
{
	for (char c = ahead(lx, 0); c && strchr(" \t\r\n", c); c = ahead(lx, 0)) {
		token->space = true;
		token->newline |= c == '\n';
		lx->pos++;
	}
}

/* Like Ruby, take a ? along that no = follows. Capitals start constants, and names with a leading
 * underscore are ERB's own (_erbout) or Ruby's (_1). */
static int lex_word(struct tmpl_lexer *lx, struct tmpl_token *token, struct err *e)
{
	size_t len = 0;

	while (is_word(ahead(lx, len)))
		len++;
	if (ahead(lx, len) == '?' && ahead(lx, len + 1) != '=')
		len++;
	char *text = tmpl_alloc(lx->t, len + 1, e);
	if (!text)
		return -1;
	memcpy(text, lx->t->source + lx->pos, len);
	token->text = text;
	token->len = len;
	token->kind = is_keyword(text) ? TOKEN_KEYWORD : TOKEN_NAME;
	if (token->kind == TOKEN_NAME && (*text < 'a' || *text > 'z'))
		return tmpl_error(
			lx->t, lx->pos, e, "'%s': a name starts with a small letter", text);
	lx->pos += len;
	return 0;
}

static int lex_int(struct tmpl_lexer *lx, struct tmpl_token *token, struct err *e)
{
	bool negative = ahead(lx, 0) == '-';
	size_t len = negative;
	bool fits = true;

	token->kind = TOKEN_INT;
	for (; is_digit(ahead(lx, len)); len++) {
		int digit = ahead(lx, len) - '0';
		fits = fits && !__builtin_mul_overflow(token->num, 10, &token->num) &&
		       !__builtin_add_overflow(token->num, negative ? -digit : digit, &token->num);
	}
	if (!fits)
		return tmpl_error(lx->t, lx->pos, e, "this integer is too large");
	if ((ahead(lx, negative) == '0' && len > (size_t)negative + 1) || is_word(ahead(lx, len)) ||
		(ahead(lx, len) == '.' && is_digit(ahead(lx, len + 1))))
		return tmpl_error(lx->t, lx->pos, e, "only plain decimal integers are supported");
	lx->pos += len;
	return 0;
}

static int lex_sign(struct tmpl_lexer *lx, struct tmpl_token *token, struct err *e)
{
	static const struct {
		const char *text;
		enum tmpl_token_kind kind;
	} signs[] = {{"==", TOKEN_EQ}, {"!=", TOKEN_NE}, {"&&", TOKEN_AND}, {"||", TOKEN_OR},
		{"!", TOKEN_NOT}, {"(", TOKEN_LPAREN}, {")", TOKEN_RPAREN}, {"[", TOKEN_LBRACKET},
		{"]", TOKEN_RBRACKET}, {".", TOKEN_DOT}, {"|", TOKEN_PIPE}};
	size_t left = lx->end - lx->pos;
	const char *s = lx->t->source + lx->pos;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t len = strlen(signs[i].text);

		if (len > left || strncmp(s, signs[i].text, len) != 0)
			continue;
		token->kind = signs[i].kind;
		lx->pos += len;
		return 0;
	}
	if ((unsigned char)*s < 0x20 || *s == 0x7f)
		return tmpl_error(lx->t, lx->pos, e, "unexpected control character 0x%02x",
			(unsigned char)*s);
	return tmpl_error(lx->t, lx->pos, e, "unexpected '%.*s'", (int)utf8_char_len(s, left), s);
}

/* "===", "!=~" and their like are other operators to Ruby. */
static int check_sign_end(
	const struct tmpl_lexer *lx, const struct tmpl_token *token, struct err *e)
{
	char next = ahead(lx, 0);
	bool bad = false;

	switch (token->kind) {
	case TOKEN_EQ:
	case TOKEN_NE:
		bad = next == '=' || next == '~';
		break;
	case TOKEN_AND:
	case TOKEN_OR:
		bad = next == '=';
		break;
	case TOKEN_NOT:
		bad = next == '~';
		break;
	default:
		break;
	}
	return bad ? tmpl_error(lx->t, lx->pos, e, "unexpected '%c'", next) : 0;
}

int tmpl_lex(struct tmpl_lexer *lx, struct tmpl_token *token, struct err *e)
{
	int rc;

	*token = (struct tmpl_token){.kind = TOKEN_END};
	skip_space(lx, token);
	token->pos = lx->pos;
	token->end = lx->pos;
	if (lx->pos >= lx->end)
		return 0;

	char c = ahead(lx, 0);
	if (c == '"' || c == '\'')
		rc = tmpl_lex_string(lx, token, e);
	else if (is_digit(c) || (c == '-' && is_digit(ahead(lx, 1))))
		rc = lex_int(lx, token, e);
	else if (is_word(c))
		rc = lex_word(lx, token, e);
	else
		rc = lex_sign(lx, token, e);
	if (rc < 0)
		return -1;
	token->end = lx->pos;
	return check_sign_end(lx, token, e);
}

bool tmpl_token_is(const struct tmpl_token *token, enum tmpl_token_kind kind, const char *text)
{
	return token->kind == kind && strcmp(token->text, text) == 0;
}
