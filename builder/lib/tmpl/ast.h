/* A parsed template. All parts belong to struct tmpl and live as long as it does. */
#ifndef KILN_TMPL_AST_H
#define KILN_TMPL_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tmpl/tmpl.h"

#define TMPL_MAX_SOURCE (4u << 20)
#define TMPL_MAX_BLOCKS 64   /* blocks inside each other */
#define TMPL_MAX_PARTS 200   /* operands, operators and parentheses in one tag */
#define TMPL_MAX_PARTIALS 16 /* partials inside each other */

enum tmpl_op {
	TMPL_NIL,
	TMPL_TRUE,
	TMPL_FALSE,
	TMPL_INT,    /* num */
	TMPL_STRING, /* text, len */
	TMPL_NAME,   /* text */
	TMPL_INDEX,  /* left[right] */
	TMPL_NOT,    /* !left */
	TMPL_EQ,     /* left == right; the operators that follow are alike */
	TMPL_NE,
	TMPL_AND,
	TMPL_OR,
	TMPL_EMPTY,   /* left.empty? */
	TMPL_INCLUDE, /* left.include?(right) */
	TMPL_JOIN,    /* left.join(right), right may be NULL */
	TMPL_TO_JSON, /* left.to_json */
	TMPL_RENDER,  /* render of partial */
};

struct tmpl_expr {
	enum tmpl_op op;
	size_t pos; /* in the source: of a method its name, of other operators their sign */
	const struct tmpl_expr *left;
	const struct tmpl_expr *right;
	const char *text; /* ends with a 0 too */
	size_t len;
	int64_t num;
	const struct tmpl_partial *partial;
};

enum tmpl_stmt_kind {
	TMPL_TEXT,   /* text, len */
	TMPL_OUTPUT, /* expr */
	TMPL_IF,     /* branches; unless is one whose condition is negated */
	TMPL_EACH,   /* expr, var, body */
};

struct tmpl_stmt {
	enum tmpl_stmt_kind kind;
	size_t pos;
	const char *text; /* a piece of the source */
	size_t len;
	const struct tmpl_expr *expr;
	const char *var;
	struct tmpl_stmt *body;
	struct tmpl_branch *branches;
	struct tmpl_stmt *next;
};

struct tmpl_branch {
	const struct tmpl_expr *cond; /* NULL: else */
	bool negate;
	struct tmpl_stmt *body;
	struct tmpl_branch *next;
};

/* One render("path") in the source. */
struct tmpl_partial {
	const char *path;
	size_t pos;          /* of the path */
	struct tmpl *target; /* NULL until loaded */
	struct tmpl_partial *next;
};

struct tmpl {
	char *name;
	char *source; /* UTF-8 without zero bytes, then one 0 */
	size_t len;
	struct tmpl_stmt *body;
	struct tmpl_partial *partials;
	struct tmpl_memory *memory;
	/* set by load.c */
	char *path;          /* canonical */
	struct tmpl *loaded; /* the other templates of a set, owned by the first one */
	unsigned height;     /* levels of partials below it */
	bool loading;        /* its partials are being loaded: a cycle ends here */
};

/* Zeroed memory that is freed with the template. */
void *tmpl_alloc(struct tmpl *t, size_t size, struct err *e);

/* ERR_FORMAT with "name:line:column: message" for a place in the source. Returns -1. */
int tmpl_error(const struct tmpl *t, size_t pos, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put "name:line:column: " before the message that *e has. Returns -1. */
int tmpl_error_prefix(const struct tmpl *t, size_t pos, struct err *e);

#endif
