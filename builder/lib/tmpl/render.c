/* Statements to text. */
#include "tmpl/eval.h"
#include "tmpl/tmpl.h"

/* Bytes put, plus 64 for each expression and statement: seconds at the most. */
#define MAX_WORK (1ull << 28)

static int render_body(
	struct eval *ev, const struct tmpl_stmt *body, struct buf *out, struct err *e);

static int render_output(struct eval *ev, const struct tmpl_stmt *s, struct buf *out, struct err *e)
{
	const struct value_sink sink = {out, ev->work_left};
	struct value v;
	int rc = eval_expr(ev, s->expr, &v, e);

	if (rc == 0) {
		rc = value_put_text(&sink, &v, e);
		if (rc < 0)
			tmpl_error_prefix(ev->t, s->pos, e);
	}
	eval_release(ev);
	return rc;
}

static int render_if(struct eval *ev, const struct tmpl_stmt *s, struct buf *out, struct err *e)
{
	for (const struct tmpl_branch *b = s->branches; b; b = b->next) {
		struct value v;

		if (!b->cond)
			return render_body(ev, b->body, out, e);
		int rc = eval_expr(ev, b->cond, &v, e);
		eval_release(ev);
		if (rc < 0)
			return -1;
		if (value_is_true(&v) != b->negate)
			return render_body(ev, b->body, out, e);
	}
	return 0;
}

static int render_each(struct eval *ev, const struct tmpl_stmt *s, struct buf *out, struct err *e)
{
	struct value list;
	int rc = eval_expr(ev, s->expr, &list, e);

	/* A list is part of the data, never a string made here. */
	eval_release(ev);
	if (rc < 0)
		return -1;
	if (list.kind != VALUE_LIST)
		return tmpl_error(ev->t, s->pos, e, "wrong type: .each is for a list, not %s",
			value_kind_name(&list));

	struct eval_scope scope = {.name = s->var, .outer = ev->scope};
	for (size_t i = 0; i < list.node->n && rc == 0; i++) {
		scope.value = value_from_node(list.node->items[i]);
		ev->scope = &scope;
		rc = value_spend(ev->work_left, 64 + scope.value.len, e);
		if (rc < 0)
			tmpl_error_prefix(ev->t, s->pos, e);
		else
			rc = render_body(ev, s->body, out, e);
	}
	ev->scope = scope.outer;
	return rc;
}

static int render_text(struct eval *ev, const struct tmpl_stmt *s, struct buf *out, struct err *e)
{
	const struct value_sink sink = {out, ev->work_left};

	if (value_put(&sink, s->text, s->len, e) < 0)
		return tmpl_error_prefix(ev->t, s->pos, e);
	return 0;
}

static int render_body(
	struct eval *ev, const struct tmpl_stmt *body, struct buf *out, struct err *e)
{
	int rc = 0;

	for (const struct tmpl_stmt *s = body; s && rc == 0; s = s->next) {
		switch (s->kind) {
		case TMPL_TEXT:
			rc = render_text(ev, s, out, e);
			break;
		case TMPL_OUTPUT:
			rc = render_output(ev, s, out, e);
			break;
		case TMPL_IF:
			rc = render_if(ev, s, out, e);
			break;
		case TMPL_EACH:
			rc = render_each(ev, s, out, e);
			break;
		}
	}
	return rc;
}

/* A partial sees the data, not the names that each has bound where it is named. */
static int render_partial(
	const struct eval *ev, const struct tmpl *partial, struct buf *out, struct err *e)
{
	struct eval inner = *ev;

	inner.t = partial;
	inner.scope = NULL;
	inner.strings = NULL;
	return render_body(&inner, partial->body, out, e);
}

int tmpl_render(const struct tmpl *t, const struct ynode *data, struct buf *out, struct err *e)
{
	uint64_t work_left = MAX_WORK;
	cleanup_buf struct buf text = {0};
	struct eval ev = {
		.t = t,
		.data = data,
		.work_left = &work_left,
		.render = render_partial,
	};

	if (render_body(&ev, t->body, &text, e) < 0)
		return -1;
	return buf_append(out, text.data, text.len, e);
}
