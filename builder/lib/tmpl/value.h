/* Values of the template language, with the semantics that Ruby gives them. */
#ifndef KILN_TMPL_VALUE_H
#define KILN_TMPL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "yaml/ynode.h"

enum value_kind {
	VALUE_NIL,
	VALUE_BOOL,   /* num */
	VALUE_INT,    /* num */
	VALUE_STRING, /* text, len */
	VALUE_LIST,   /* node */
	VALUE_MAP,    /* node */
};

/* Borrows text and node. */
struct value {
	enum value_kind kind;
	int64_t num;
	const char *text;
	size_t len;
	const struct ynode *node;
};

/* Output that may hold max bytes, and counts what was ever put and compared against a budget. */
struct value_sink {
	struct buf *out;
	uint64_t *work_left;
};

#define VALUE_MAX_OUTPUT (64u << 20)

struct value value_from_node(const struct ynode *node);

/* Only nil and false are not. */
bool value_is_true(const struct value *v);

/* "a string", "an integer", "nil"... for messages. */
const char *value_kind_name(const struct value *v);

/* Take work from the budget; ERR_FORMAT when it is used up. */
int value_spend(uint64_t *work_left, uint64_t work, struct err *e);

/* Append bytes; ERR_FORMAT over VALUE_MAX_OUTPUT or when the budget is used up. */
int value_put(const struct value_sink *sink, const char *text, size_t len, struct err *e);

/* == of Ruby: never equal across kinds; maps are equal in any order. */
int value_equal(const struct value *a, const struct value *b, bool *equal, uint64_t *work_left,
	struct err *e);

/* to_s of everything but lists and maps (ERR_FORMAT). */
int value_put_text(const struct value_sink *sink, const struct value *v, struct err *e);

/* Array#join, nested lists included; a map inside is ERR_FORMAT. */
int value_put_joined(const struct value_sink *sink, const struct ynode *list, const char *sep,
	size_t sep_len, struct err *e);

/* The bytes of Ruby's to_json: no blanks, keys in the order of the file, only control characters,
 * quotes and backslashes escaped. */
int value_put_json(const struct value_sink *sink, const struct value *v, struct err *e);

#endif
