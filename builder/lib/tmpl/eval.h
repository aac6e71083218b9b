/* The value of an expression. */
#ifndef KILN_TMPL_EVAL_H
#define KILN_TMPL_EVAL_H

#include "tmpl/ast.h"
#include "tmpl/value.h"

/* A name bound by each. */
struct eval_scope {
	const char *name;
	struct value value;
	const struct eval_scope *outer;
};

/* A string made while a tag is evaluated. */
struct eval_string {
	char *text;
	struct eval_string *next;
};

struct eval {
	const struct tmpl *t;     /* the template being rendered */
	const struct ynode *data; /* a map, or NULL */
	const struct eval_scope *scope;
	struct eval_string *strings; /* released by whoever evaluates a tag */
	uint64_t *work_left;
	/* Render a partial; set by render.c, which stands above. */
	int (*render)(
		const struct eval *ev, const struct tmpl *partial, struct buf *out, struct err *e);
};

/* Messages have file:line:column. A string in *v lives until eval_release(). */
int eval_expr(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e);

/* Free the strings made so far. */
void eval_release(struct eval *ev);

#endif
