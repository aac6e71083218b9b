#include "tmpl/expr.h"

#include <string.h>

static int parse_or(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e);

int tmpl_parser_unexpected(const struct tmpl_parser *p, struct err *e)
{
	const struct tmpl_token *tok = &p->tok;

	if (tok->kind == TOKEN_END)
		return tmpl_error(p->t, tok->pos, e, "the tag ends too early");
	return tmpl_error(p->t, tok->pos, e, "unexpected '%.*s'", (int)(tok->end - tok->pos),
		p->t->source + tok->pos);
}

/* To Ruby a statement ends at a line break unless something must follow. */
static bool may_follow_newline(const struct tmpl_token *tok)
{
	switch (tok->kind) {
	case TOKEN_EQ:
	case TOKEN_NE:
	case TOKEN_AND:
	case TOKEN_OR:
	case TOKEN_LBRACKET:
	case TOKEN_DOT:
	case TOKEN_PIPE:
		return false;
	default:
		return !tmpl_token_is(tok, TOKEN_KEYWORD, "do");
	}
}

int tmpl_parser_next(struct tmpl_parser *p, struct err *e)
{
	if (tmpl_lex(&p->lx, &p->tok, e) < 0)
		return -1;
	if (++p->parts > TMPL_MAX_PARTS)
		return tmpl_error(p->t, p->tok.pos, e, "more than %d words and signs in one tag",
			TMPL_MAX_PARTS);
	if (p->tok.newline && !may_follow_newline(&p->tok))
		return tmpl_error(p->t, p->tok.pos, e,
			"a line break is not allowed before '%.*s'; put it behind",
			(int)(p->tok.end - p->tok.pos), p->t->source + p->tok.pos);
	return 0;
}

int tmpl_parser_start(
	struct tmpl_parser *p, struct tmpl *t, size_t code, size_t code_end, struct err *e)
{
	*p = (struct tmpl_parser){.t = t, .lx = {.t = t, .pos = code, .end = code_end}};
	return tmpl_parser_next(p, e);
}

int tmpl_parser_expect(
	struct tmpl_parser *p, enum tmpl_token_kind kind, const char *what, struct err *e)
{
	if (p->tok.kind == kind)
		return tmpl_parser_next(p, e);
	if (p->tok.kind == TOKEN_END)
		return tmpl_error(p->t, p->tok.pos, e, "%s is missing", what);
	return tmpl_parser_unexpected(p, e);
}

static struct tmpl_expr *new_expr(
	struct tmpl_parser *p, enum tmpl_op op, const struct tmpl_token *tok, struct err *e)
{
	struct tmpl_expr *x = tmpl_alloc(p->t, sizeof(*x), e);

	if (!x)
		return NULL;
	x->op = op;
	x->pos = tok->pos;
	x->text = tok->text;
	x->len = tok->len;
	x->num = tok->num;
	return x;
}

/* render("path"): the current token is the parenthesis. Only a literal is a path, so that the
 * partials of a template are known without rendering it. */
static int parse_render(struct tmpl_parser *p, struct tmpl_expr *x, struct err *e)
{
	struct tmpl_partial *partial = tmpl_alloc(p->t, sizeof(*partial), e);

	if (!partial || tmpl_parser_next(p, e) < 0)
		return -1;
	if (p->tok.kind != TOKEN_STRING)
		return tmpl_error(p->t, p->tok.pos, e, "render() takes a path as a literal string");
	partial->path = p->tok.text;
	partial->pos = p->tok.pos;
	partial->next = p->t->partials;
	p->t->partials = partial;
	x->op = TMPL_RENDER;
	x->partial = partial;
	if (tmpl_parser_next(p, e) < 0)
		return -1;
	return tmpl_parser_expect(p, TOKEN_RPAREN, "')'", e);
}

static int parse_name(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	struct tmpl_token tok = p->tok;
	struct tmpl_expr *x = new_expr(p, TMPL_NAME, &tok, e);

	if (!x || tmpl_parser_next(p, e) < 0)
		return -1;
	*out = x;
	if (p->tok.kind == TOKEN_LPAREN && !p->tok.space && strcmp(tok.text, "render") == 0)
		return parse_render(p, x, e);
	if (strchr(tok.text, '?'))
		return tmpl_error(p->t, tok.pos, e, "'%s': a name has no '?'", tok.text);
	return 0;
}

static int parse_parenthesis(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	if (tmpl_parser_next(p, e) < 0 || parse_or(p, out, e) < 0)
		return -1;
	return tmpl_parser_expect(p, TOKEN_RPAREN, "')'", e);
}

static int parse_primary(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	enum tmpl_op op;

	if (p->tok.kind == TOKEN_NAME)
		return parse_name(p, out, e);
	if (p->tok.kind == TOKEN_LPAREN)
		return parse_parenthesis(p, out, e);
	if (p->tok.kind == TOKEN_STRING)
		op = TMPL_STRING;
	else if (p->tok.kind == TOKEN_INT)
		op = TMPL_INT;
	else if (tmpl_token_is(&p->tok, TOKEN_KEYWORD, "nil"))
		op = TMPL_NIL;
	else if (tmpl_token_is(&p->tok, TOKEN_KEYWORD, "true"))
		op = TMPL_TRUE;
	else if (tmpl_token_is(&p->tok, TOKEN_KEYWORD, "false"))
		op = TMPL_FALSE;
	else
		return tmpl_parser_unexpected(p, e);
	*out = new_expr(p, op, &p->tok, e);
	return *out ? tmpl_parser_next(p, e) : -1;
}

/* e["key"]. Ruby reads a [ behind a blank as an argument in some places. */
static int parse_index(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	struct tmpl_expr *x = new_expr(p, TMPL_INDEX, &p->tok, e);

	if (!x)
		return -1;
	if (p->tok.space)
		return tmpl_error(p->t, p->tok.pos, e, "a blank is not allowed before '['");
	x->left = *out;
	*out = x;
	if (tmpl_parser_next(p, e) < 0 || parse_or(p, &x->right, e) < 0)
		return -1;
	return tmpl_parser_expect(p, TOKEN_RBRACKET, "']'", e);
}

static const struct method {
	const char *name;
	enum tmpl_op op;
	bool may_have_argument;
	bool must_have_argument;
} methods[] = {
	{"empty?", TMPL_EMPTY, false, false},
	{"include?", TMPL_INCLUDE, true, true},
	{"join", TMPL_JOIN, true, false},
	{"to_json", TMPL_TO_JSON, false, false},
};

static const struct method *find_method(const struct tmpl_token *tok)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (tmpl_token_is(tok, TOKEN_NAME, methods[i].name))
			return &methods[i];
	}
	return NULL;
}

/* The current token is the method's name. */
static int parse_method(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	const struct method *m = find_method(&p->tok);

	if (!m)
		return p->tok.kind == TOKEN_END
			       ? tmpl_parser_unexpected(p, e)
			       : tmpl_error(p->t, p->tok.pos, e, "there is no method '%.*s' here",
					 (int)(p->tok.end - p->tok.pos), p->t->source + p->tok.pos);
	struct tmpl_expr *x = new_expr(p, m->op, &p->tok, e);
	if (!x)
		return -1;
	x->left = *out;
	*out = x;
	if (tmpl_parser_next(p, e) < 0)
		return -1;
	if (p->tok.kind == TOKEN_LPAREN && !p->tok.space && m->may_have_argument)
		return parse_parenthesis(p, &x->right, e);
	if (m->must_have_argument)
		return tmpl_error(
			p->t, p->tok.pos, e, "'%s' needs an argument: .%s(...)", m->name, m->name);
	return 0;
}

static int parse_postfix(
	struct tmpl_parser *p, bool stop_at_each, const struct tmpl_expr **out, struct err *e)
{
	if (parse_primary(p, out, e) < 0)
		return -1;
	for (;;) {
		if (p->tok.kind == TOKEN_LBRACKET) {
			if (parse_index(p, out, e) < 0)
				return -1;
		} else if (p->tok.kind == TOKEN_DOT) {
			if (tmpl_parser_next(p, e) < 0)
				return -1;
			if (stop_at_each && tmpl_token_is(&p->tok, TOKEN_NAME, "each"))
				return 0;
			if (parse_method(p, out, e) < 0)
				return -1;
		} else {
			return 0;
		}
	}
}

static int parse_unary(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	if (p->tok.kind != TOKEN_NOT)
		return parse_postfix(p, false, out, e);

	struct tmpl_expr *x = new_expr(p, TMPL_NOT, &p->tok, e);
	if (!x || tmpl_parser_next(p, e) < 0)
		return -1;
	*out = x;
	return parse_unary(p, &x->left, e);
}

/* Make *out the left side of a new operator at the current token and go on behind it. */
static struct tmpl_expr *wrap_left(
	struct tmpl_parser *p, enum tmpl_op op, const struct tmpl_expr **out, struct err *e)
{
	struct tmpl_expr *x = new_expr(p, op, &p->tok, e);

	if (!x || tmpl_parser_next(p, e) < 0)
		return NULL;
	x->left = *out;
	*out = x;
	return x;
}

static int parse_equality(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	if (parse_unary(p, out, e) < 0)
		return -1;
	if (p->tok.kind != TOKEN_EQ && p->tok.kind != TOKEN_NE)
		return 0;

	struct tmpl_expr *x = wrap_left(p, p->tok.kind == TOKEN_EQ ? TMPL_EQ : TMPL_NE, out, e);
	if (!x || parse_unary(p, &x->right, e) < 0)
		return -1;
	if (p->tok.kind == TOKEN_EQ || p->tok.kind == TOKEN_NE)
		return tmpl_error(
			p->t, p->tok.pos, e, "comparisons cannot be chained; use parentheses");
	return 0;
}

static int parse_and(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	if (parse_equality(p, out, e) < 0)
		return -1;
	while (p->tok.kind == TOKEN_AND) {
		struct tmpl_expr *x = wrap_left(p, TMPL_AND, out, e);

		if (!x || parse_equality(p, &x->right, e) < 0)
			return -1;
	}
	return 0;
}

static int parse_or(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	if (parse_and(p, out, e) < 0)
		return -1;
	while (p->tok.kind == TOKEN_OR) {
		struct tmpl_expr *x = wrap_left(p, TMPL_OR, out, e);

		if (!x || parse_and(p, &x->right, e) < 0)
			return -1;
	}
	return 0;
}

int tmpl_parse_expr(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	return parse_or(p, out, e);
}

int tmpl_parse_receiver(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e)
{
	if (parse_postfix(p, true, out, e) < 0)
		return -1;
	if (!tmpl_token_is(&p->tok, TOKEN_NAME, "each"))
		return tmpl_error(p->t, p->tok.pos, e,
			"a statement must be if, unless, elsif, else, end or list.each do |name|");
	return 0;
}
