/* String literals, by Ruby's rules less interpolation. */
#ifndef KILN_TMPL_LEX_STRING_H
#define KILN_TMPL_LEX_STRING_H

#include "tmpl/lex.h"

/* Read the literal that starts at lx->pos with ' or ", resolve its escapes into *token. */
int tmpl_lex_string(struct tmpl_lexer *lx, struct tmpl_token *token, struct err *e);

#endif
