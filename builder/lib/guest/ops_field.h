/* The fields that each kind of operation has: one table for the YAML reader and for options. */
#ifndef KILN_GUEST_OPS_FIELD_H
#define KILN_GUEST_OPS_FIELD_H

#include "guest/ops.h"
#include "guest/ops_word.h"

enum op_store {
	OPS_TEXT,   /* char * */
	OPS_NUMBER, /* uint32_t */
	OPS_FLAG,   /* bool */
	OPS_LIST,   /* struct strv */
	OPS_MAP,    /* struct strv of "key=value" */
};

struct op_field {
	const char *key;
	enum op_store store;
	enum op_word word;
	size_t offset; /* in struct op */
	bool needed;
	bool alone; /* may be given in place of the map */
};

/* The fields of a kind, the last one with a NULL key. */
const struct op_field *op_fields(enum op_kind kind);
const struct op_field *op_field_find(enum op_kind kind, const char *key);

/* Find the kind of this name. */
bool op_kind_find(const char *name, enum op_kind *kind);

/* Check text and put it into its field (lists: add it). ERR_FORMAT "KEY 'text' ...". Not for
 * flags. */
int op_field_set(struct op *op, const struct op_field *f, const char *text, struct err *e);

/* An operation of this kind with the defaults; release it with op_release(). */
void op_init(struct op *op, enum op_kind kind);
void op_release(struct op *op);
/* What must hold between fields: exactly one of two, something in lists. ERR_FORMAT. */
int op_check(const struct op *op, struct err *e);
/* Append *op, which is empty afterwards, also on -1. */
int ops_take(struct ops *ops, struct op *op, struct err *e);

#endif
