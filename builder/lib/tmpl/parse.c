/* Statements: the tags of a template put together to blocks. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "tmpl/ast.h"
#include "tmpl/expr.h"
#include "tmpl/scan.h"

/* A block that has no end yet. */
struct open_block {
	const char *word;           /* that opened it */
	size_t pos;                 /* of the word */
	struct tmpl_branch *branch; /* the last one; NULL in each */
};

struct builder {
	struct tmpl *t;
	struct tmpl_stmt **tail;                   /* where the next statement goes */
	struct tmpl_stmt **after[TMPL_MAX_BLOCKS]; /* the tail behind each open block */
	struct open_block open[TMPL_MAX_BLOCKS];
	size_t depth;
};

static struct tmpl_stmt *add_stmt(
	struct builder *b, enum tmpl_stmt_kind kind, size_t pos, struct err *e)
{
	struct tmpl_stmt *s = tmpl_alloc(b->t, sizeof(*s), e);

	if (!s)
		return NULL;
	s->kind = kind;
	s->pos = pos;
	*b->tail = s;
	b->tail = &s->next;
	return s;
}

static int add_text(struct builder *b, const struct tmpl_piece *piece, struct err *e)
{
	if (piece->text == piece->text_end)
		return 0;
	struct tmpl_stmt *s = add_stmt(b, TMPL_TEXT, piece->text, e);
	if (!s)
		return -1;
	s->text = b->t->source + piece->text;
	s->len = piece->text_end - piece->text;
	return 0;
}

/* Open a block for the statement just added. */
static struct open_block *push_block(struct builder *b, const char *word, size_t pos, struct err *e)
{
	if (b->depth == TMPL_MAX_BLOCKS) {
		tmpl_error(b->t, pos, e, "more than %d blocks inside each other", TMPL_MAX_BLOCKS);
		return NULL;
	}
	struct open_block *open = &b->open[b->depth];
	*open = (struct open_block){.word = word, .pos = pos};
	b->after[b->depth++] = b->tail;
	return open;
}

/* Add a branch at *link; statements go into it from now on. */
static struct tmpl_branch *add_branch(struct builder *b, struct tmpl_branch **link, struct err *e)
{
	struct tmpl_branch *branch = tmpl_alloc(b->t, sizeof(*branch), e);

	if (!branch)
		return NULL;
	*link = branch;
	b->tail = &branch->body;
	return branch;
}

static int parse_if(struct builder *b, struct tmpl_parser *p, bool negate, struct err *e)
{
	size_t pos = p->tok.pos;
	struct tmpl_stmt *s = add_stmt(b, TMPL_IF, pos, e);

	if (!s)
		return -1;
	struct open_block *open = push_block(b, negate ? "unless" : "if", pos, e);
	if (!open)
		return -1;
	open->branch = add_branch(b, &s->branches, e);
	if (!open->branch || tmpl_parser_next(p, e) < 0)
		return -1;
	open->branch->negate = negate;
	return tmpl_parse_expr(p, &open->branch->cond, e);
}

/* The innermost open block, if elsif or else may stand in it. */
static struct open_block *find_open_if(
	struct builder *b, const struct tmpl_parser *p, const char *word, struct err *e)
{
	struct open_block *open = b->depth ? &b->open[b->depth - 1] : NULL;

	if (!open || !open->branch) {
		tmpl_error(b->t, p->tok.pos, e, "'%s' without 'if'", word);
		return NULL;
	}
	if (!open->branch->cond) {
		tmpl_error(b->t, p->tok.pos, e, "'%s' behind 'else'", word);
		return NULL;
	}
	return open;
}

static int parse_elsif(struct builder *b, struct tmpl_parser *p, struct err *e)
{
	struct open_block *open = find_open_if(b, p, "elsif", e);

	if (!open)
		return -1;
	if (open->branch->negate)
		return tmpl_error(b->t, p->tok.pos, e, "'unless' has no 'elsif'");
	open->branch = add_branch(b, &open->branch->next, e);
	if (!open->branch || tmpl_parser_next(p, e) < 0)
		return -1;
	return tmpl_parse_expr(p, &open->branch->cond, e);
}

static int parse_else(struct builder *b, struct tmpl_parser *p, struct err *e)
{
	struct open_block *open = find_open_if(b, p, "else", e);

	if (!open)
		return -1;
	open->branch = add_branch(b, &open->branch->next, e);
	if (!open->branch)
		return -1;
	return tmpl_parser_next(p, e);
}

static int parse_end(struct builder *b, struct tmpl_parser *p, struct err *e)
{
	if (b->depth == 0)
		return tmpl_error(b->t, p->tok.pos, e, "'end' without a block");
	b->tail = b->after[--b->depth];
	return tmpl_parser_next(p, e);
}

static int parse_each(struct builder *b, struct tmpl_parser *p, struct err *e)
{
	struct tmpl_stmt *s = add_stmt(b, TMPL_EACH, p->tok.pos, e);

	if (!s || tmpl_parse_receiver(p, &s->expr, e) < 0)
		return -1;
	s->pos = p->tok.pos;
	if (!push_block(b, "each", s->pos, e) || tmpl_parser_next(p, e) < 0)
		return -1;
	b->tail = &s->body;
	if (!tmpl_token_is(&p->tok, TOKEN_KEYWORD, "do"))
		return p->tok.kind == TOKEN_END
			       ? tmpl_error(b->t, p->tok.pos, e, "'do |name|' is missing")
			       : tmpl_parser_unexpected(p, e);
	if (tmpl_parser_next(p, e) < 0 || tmpl_parser_expect(p, TOKEN_PIPE, "'|name|'", e) < 0)
		return -1;
	if (p->tok.kind != TOKEN_NAME || p->tok.newline || strchr(p->tok.text, '?'))
		return tmpl_parser_unexpected(p, e);
	s->var = p->tok.text;
	if (tmpl_parser_next(p, e) < 0)
		return -1;
	return tmpl_parser_expect(p, TOKEN_PIPE, "'|'", e);
}

static int parse_statement(struct builder *b, struct tmpl_parser *p, struct err *e)
{
	const struct tmpl_token *tok = &p->tok;

	if (tmpl_token_is(tok, TOKEN_KEYWORD, "if"))
		return parse_if(b, p, false, e);
	if (tmpl_token_is(tok, TOKEN_KEYWORD, "unless"))
		return parse_if(b, p, true, e);
	if (tmpl_token_is(tok, TOKEN_KEYWORD, "elsif"))
		return parse_elsif(b, p, e);
	if (tmpl_token_is(tok, TOKEN_KEYWORD, "else"))
		return parse_else(b, p, e);
	if (tmpl_token_is(tok, TOKEN_KEYWORD, "end"))
		return parse_end(b, p, e);
	return parse_each(b, p, e);
}

static int parse_tag(struct builder *b, const struct tmpl_piece *piece, struct err *e)
{
	struct tmpl_parser p;

	if (tmpl_parser_start(&p, b->t, piece->code, piece->code_end, e) < 0)
		return -1;
	if (piece->tag == TMPL_TAG_OUTPUT) {
		struct tmpl_stmt *s = add_stmt(b, TMPL_OUTPUT, p.tok.pos, e);
		if (!s || tmpl_parse_expr(&p, &s->expr, e) < 0)
			return -1;
	} else if (parse_statement(b, &p, e) < 0) {
		return -1;
	}
	return p.tok.kind == TOKEN_END ? 0 : tmpl_parser_unexpected(&p, e);
}

/* To ERB a comment at the very start may say in which encoding the template is, and it takes all up
 * to the last "%>" of the line for that comment. */
static int check_magic_comment(const struct tmpl *t, struct err *e)
{
	static const char word[] = "coding";
	const char *line_end = t->source + strcspn(t->source, "\n");
	const char *s = t->source;

	if (strncmp(s, "<%#", 3) != 0)
		return 0;
	while ((s = strstr(s, word)) != NULL && s < line_end) {
		const char *after = s + strlen(word);

		after += strspn(after, " \t\r\f\v");
		if (*after == ':' || *after == '=')
			return tmpl_error(t, (size_t)(s - t->source), e,
				"Ruby would read this as the template's encoding; reword it");
		s = after;
	}
	return 0;
}

static int parse_source(struct tmpl *t, struct err *e)
{
	struct builder b = {.t = t, .tail = &t->body};
	struct tmpl_piece piece;
	size_t pos = 0;

	while (pos < t->len) {
		if (tmpl_scan(t, &pos, &piece, e) < 0 || add_text(&b, &piece, e) < 0)
			return -1;
		if ((piece.tag == TMPL_TAG_CODE || piece.tag == TMPL_TAG_OUTPUT) &&
			parse_tag(&b, &piece, e) < 0)
			return -1;
	}
	if (b.depth == 0)
		return 0;
	const struct open_block *open = &b.open[b.depth - 1];
	return tmpl_error(t, open->pos, e, "'%s' has no 'end'", open->word);
}

static int check_bytes(const struct tmpl *t, struct err *e)
{
	size_t i = 0;

	while (i < t->len) {
		size_t n = utf8_char_len(t->source + i, t->len - i);

		if (n == 0)
			return tmpl_error(t, i, e, "not UTF-8");
		if (t->source[i] == 0)
			return tmpl_error(t, i, e, "a zero byte");
		i += n;
	}
	return 0;
}

int tmpl_parse(struct tmpl **out, const char *data, size_t len, const char *name, struct err *e)
{
	if (len > TMPL_MAX_SOURCE)
		return err_set(
			e, ERR_FORMAT, "%s: %zu bytes; a template has at most 4 MiB", name, len);
	cleanup_tmpl struct tmpl *t = mem_zalloc(sizeof(*t), e);
	if (!t)
		return -1;
	t->len = len;
	t->name = mem_strdup(name, e);
	t->source = mem_zalloc(len + 1, e);
	if (!t->name || !t->source)
		return -1;
	if (len)
		memcpy(t->source, data, len);
	if (check_bytes(t, e) < 0 || check_magic_comment(t, e) < 0 || parse_source(t, e) < 0)
		return -1;
	*out = steal_ptr(&t);
	return 0;
}
