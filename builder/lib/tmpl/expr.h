/* From the inside of a tag to an expression. */
#ifndef KILN_TMPL_EXPR_H
#define KILN_TMPL_EXPR_H

#include "base/err.h"
#include "tmpl/ast.h"
#include "tmpl/lex.h"

struct tmpl_parser {
	struct tmpl *t;
	struct tmpl_lexer lx;
	struct tmpl_token tok; /* the one to be looked at */
	unsigned parts;        /* tokens read so far */
};

/* Start with the first token of the inside [code, code_end). */
int tmpl_parser_start(
	struct tmpl_parser *p, struct tmpl *t, size_t code, size_t code_end, struct err *e);
int tmpl_parser_next(struct tmpl_parser *p, struct err *e);

/* "unexpected ..." about the current token. Returns -1. */
int tmpl_parser_unexpected(const struct tmpl_parser *p, struct err *e);
/* Demand that the current token is of this kind, and go on behind it. */
int tmpl_parser_expect(
	struct tmpl_parser *p, enum tmpl_token_kind kind, const char *what, struct err *e);

/* Parse an expression; the current token is then the first behind it. */
int tmpl_parse_expr(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e);

/* Parse what stands before ".each"; the current token is then "each". */
int tmpl_parse_receiver(struct tmpl_parser *p, const struct tmpl_expr **out, struct err *e);

#endif
