/* From the inside of a tag to tokens. */
#ifndef KILN_TMPL_LEX_H
#define KILN_TMPL_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tmpl/ast.h"

enum tmpl_token_kind {
	TOKEN_END, /* of the tag */
	TOKEN_NAME,
	TOKEN_KEYWORD, /* any of Ruby's reserved words */
	TOKEN_STRING,
	TOKEN_INT,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_LPAREN,
	TOKEN_RPAREN,
	TOKEN_LBRACKET,
	TOKEN_RBRACKET,
	TOKEN_DOT,
	TOKEN_PIPE,
};

struct tmpl_token {
	enum tmpl_token_kind kind;
	size_t pos; /* in the source */
	size_t end;
	bool space;   /* blanks or a line break stand before it */
	bool newline; /* a line break stands before it */
	/* names, keywords, and strings with their escapes resolved; belongs to the template */
	const char *text;
	size_t len;
	int64_t num;
};

struct tmpl_lexer {
	struct tmpl *t;
	size_t pos;
	size_t end; /* of the tag's inside */
};

/* Read the next token. */
int tmpl_lex(struct tmpl_lexer *lx, struct tmpl_token *token, struct err *e);

/* True when the token is the reserved word or name given. */
bool tmpl_token_is(const struct tmpl_token *token, enum tmpl_token_kind kind, const char *text);

#endif
