#include "tmpl/eval.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void eval_release(struct eval *ev)
{
	while (ev->strings) {
		struct eval_string *s = ev->strings;

		ev->strings = s->next;
		free(s->text);
		free(s);
	}
}

static int spend(struct eval *ev, const struct tmpl_expr *x, uint64_t work, struct err *e)
{
	if (value_spend(ev->work_left, work, e) < 0)
		return tmpl_error_prefix(ev->t, x->pos, e);
	return 0;
}

static int wrong_type(struct eval *ev, const struct tmpl_expr *x, const char *what,
	const struct value *v, struct err *e)
{
	return tmpl_error(
		ev->t, x->pos, e, "wrong type: %s is not for %s", what, value_kind_name(v));
}

/* Give *v the contents of b, which is empty afterwards. */
static int keep_string(struct eval *ev, struct buf *b, struct value *v, struct err *e)
{
	struct eval_string *s = mem_zalloc(sizeof(*s), e);
	size_t len = b->len;

	if (!s)
		return -1;
	s->text = buf_steal(b, e);
	if (!s->text) {
		free(s);
		return -1;
	}
	s->next = ev->strings;
	ev->strings = s;
	*v = (struct value){.kind = VALUE_STRING, .text = s->text, .len = len};
	return 0;
}

/* A value out of the data; finding the length of a long string is work too. */
static int take_node(struct eval *ev, const struct tmpl_expr *x, const struct ynode *node,
	struct value *v, struct err *e)
{
	*v = value_from_node(node);
	return spend(ev, x, v->len, e);
}

static int eval_name(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	for (const struct eval_scope *s = ev->scope; s; s = s->outer) {
		if (strcmp(s->name, x->text) == 0) {
			*v = s->value;
			return 0;
		}
	}
	if (spend(ev, x, ev->data ? ev->data->n : 0, e) < 0)
		return -1;
	const struct ynode *node = ynode_get(ev->data, x->text);
	if (!node)
		return tmpl_error(ev->t, x->pos, e,
			"undefined name '%s'; give it in a data file or with --set", x->text);
	return take_node(ev, x, node, v, e);
}

static int index_map(struct eval *ev, const struct tmpl_expr *x, const struct value *map,
	const struct value *key, struct value *v, struct err *e)
{
	if (key->kind != VALUE_STRING)
		return tmpl_error(ev->t, x->right->pos, e,
			"wrong type: a map's key is a string, not %s", value_kind_name(key));
	if (spend(ev, x, map->node->n, e) < 0)
		return -1;
	const struct ynode *node = ynode_get(map->node, key->text);
	if (!node)
		return tmpl_error(ev->t, x->right->pos, e,
			"there is no key '%s'; ask with .include?(...) first", key->text);
	return take_node(ev, x, node, v, e);
}

static int index_list(struct eval *ev, const struct tmpl_expr *x, const struct value *list,
	const struct value *at, struct value *v, struct err *e)
{
	int64_t n = (int64_t)list->node->n;

	if (at->kind != VALUE_INT)
		return tmpl_error(ev->t, x->right->pos, e,
			"wrong type: a list's index is an integer, not %s", value_kind_name(at));
	if (at->num < -n || at->num >= n)
		return tmpl_error(ev->t, x->right->pos, e,
			"there is no element %lld; the list has %lld", (long long)at->num,
			(long long)n);
	return take_node(ev, x, list->node->items[at->num < 0 ? at->num + n : at->num], v, e);
}

static int eval_index(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	struct value left, right;

	if (eval_expr(ev, x->left, &left, e) < 0 || eval_expr(ev, x->right, &right, e) < 0)
		return -1;
	if (left.kind == VALUE_MAP)
		return index_map(ev, x, &left, &right, v, e);
	if (left.kind == VALUE_LIST)
		return index_list(ev, x, &left, &right, v, e);
	return wrong_type(ev, x, "[]", &left, e);
}

static struct value bool_value(bool b)
{
	return (struct value){.kind = VALUE_BOOL, .num = b};
}

static int eval_equality(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	struct value left, right;
	bool equal;

	if (eval_expr(ev, x->left, &left, e) < 0 || eval_expr(ev, x->right, &right, e) < 0)
		return -1;
	if (value_equal(&left, &right, &equal, ev->work_left, e) < 0)
		return tmpl_error_prefix(ev->t, x->pos, e);
	*v = bool_value(equal == (x->op == TMPL_EQ));
	return 0;
}

/* && and || give one of their sides, not a boolean. */
static int eval_logic(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	if (eval_expr(ev, x->left, v, e) < 0)
		return -1;
	if (value_is_true(v) == (x->op == TMPL_OR))
		return 0;
	return eval_expr(ev, x->right, v, e);
}

static int eval_not(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	if (eval_expr(ev, x->left, v, e) < 0)
		return -1;
	*v = bool_value(!value_is_true(v));
	return 0;
}

static int eval_empty(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	struct value left;

	if (eval_expr(ev, x->left, &left, e) < 0)
		return -1;
	if (left.kind == VALUE_STRING)
		*v = bool_value(left.len == 0);
	else if (left.kind == VALUE_LIST || left.kind == VALUE_MAP)
		*v = bool_value(left.node->n == 0);
	else
		return wrong_type(ev, x, ".empty?", &left, e);
	return 0;
}

static int list_includes(struct eval *ev, const struct tmpl_expr *x, const struct ynode *list,
	const struct value *wanted, bool *found, struct err *e)
{
	*found = false;
	for (size_t i = 0; i < list->n && !*found; i++) {
		struct value item = value_from_node(list->items[i]);

		if (value_equal(&item, wanted, found, ev->work_left, e) < 0)
			return tmpl_error_prefix(ev->t, x->pos, e);
		if (spend(ev, x, item.len, e) < 0)
			return -1;
	}
	return 0;
}

static int eval_include(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	struct value left, right;
	bool found;

	if (eval_expr(ev, x->left, &left, e) < 0 || eval_expr(ev, x->right, &right, e) < 0)
		return -1;
	switch (left.kind) {
	case VALUE_STRING:
		if (right.kind != VALUE_STRING)
			return tmpl_error(ev->t, x->right->pos, e,
				"wrong type: a string includes strings, not %s",
				value_kind_name(&right));
		if (spend(ev, x, left.len + right.len, e) < 0)
			return -1;
		found = right.len == 0 || memmem(left.text, left.len, right.text, right.len);
		break;
	case VALUE_LIST:
		if (list_includes(ev, x, left.node, &right, &found, e) < 0)
			return -1;
		break;
	case VALUE_MAP:
		if (spend(ev, x, left.node->n, e) < 0)
			return -1;
		found = right.kind == VALUE_STRING && ynode_get(left.node, right.text);
		break;
	default:
		return wrong_type(ev, x, ".include?", &left, e);
	}
	*v = bool_value(found);
	return 0;
}

static int eval_join(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	struct value list;
	struct value sep = {.kind = VALUE_STRING, .text = ""};
	cleanup_buf struct buf out = {0};
	const struct value_sink sink = {&out, ev->work_left};

	if (eval_expr(ev, x->left, &list, e) < 0 ||
		(x->right && eval_expr(ev, x->right, &sep, e) < 0))
		return -1;
	if (list.kind != VALUE_LIST)
		return wrong_type(ev, x, ".join", &list, e);
	if (sep.kind != VALUE_STRING)
		return tmpl_error(ev->t, x->right->pos, e,
			"wrong type: a separator is a string, not %s", value_kind_name(&sep));
	if (value_put_joined(&sink, list.node, sep.text, sep.len, e) < 0)
		return tmpl_error_prefix(ev->t, x->pos, e);
	return keep_string(ev, &out, v, e);
}

static int eval_to_json(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	struct value left;
	cleanup_buf struct buf out = {0};
	const struct value_sink sink = {&out, ev->work_left};

	if (eval_expr(ev, x->left, &left, e) < 0)
		return -1;
	if (value_put_json(&sink, &left, e) < 0)
		return tmpl_error_prefix(ev->t, x->pos, e);
	return keep_string(ev, &out, v, e);
}

static int eval_render(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	cleanup_buf struct buf out = {0};

	if (!x->partial->target)
		return tmpl_error(ev->t, x->partial->pos, e, "partials need a template file");
	if (ev->render(ev, x->partial->target, &out, e) < 0)
		return -1;
	return keep_string(ev, &out, v, e);
}

int eval_expr(struct eval *ev, const struct tmpl_expr *x, struct value *v, struct err *e)
{
	if (spend(ev, x, 64, e) < 0)
		return -1;
	switch (x->op) {
	case TMPL_NIL:
		*v = (struct value){.kind = VALUE_NIL};
		return 0;
	case TMPL_TRUE:
	case TMPL_FALSE:
		*v = bool_value(x->op == TMPL_TRUE);
		return 0;
	case TMPL_INT:
		*v = (struct value){.kind = VALUE_INT, .num = x->num};
		return 0;
	case TMPL_STRING:
		*v = (struct value){.kind = VALUE_STRING, .text = x->text, .len = x->len};
		return 0;
	case TMPL_NAME:
		return eval_name(ev, x, v, e);
	case TMPL_INDEX:
		return eval_index(ev, x, v, e);
	case TMPL_NOT:
		return eval_not(ev, x, v, e);
	case TMPL_EQ:
	case TMPL_NE:
		return eval_equality(ev, x, v, e);
	case TMPL_AND:
	case TMPL_OR:
		return eval_logic(ev, x, v, e);
	case TMPL_EMPTY:
		return eval_empty(ev, x, v, e);
	case TMPL_INCLUDE:
		return eval_include(ev, x, v, e);
	case TMPL_JOIN:
		return eval_join(ev, x, v, e);
	case TMPL_TO_JSON:
		return eval_to_json(ev, x, v, e);
	case TMPL_RENDER:
		return eval_render(ev, x, v, e);
	}
	return err_set(e, ERR_INTERNAL, "an expression of an unknown kind");
}
