#include "guest/ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "guest/ops_field.h"
#include "yaml/ynode.h"

#define OPS_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define OPS_COUNT_MAX 10000

struct reader {
	const char *path; /* of the file, for messages */
	char *folder;     /* of the file */
};

/* e's message with the place of node before it. */
static int at_node(const struct reader *r, const struct ynode *node, struct err *e)
{
	if (!e || e->kind != ERR_FORMAT)
		return -1;
	struct err why = *e;
	return ynode_error(node, r->path, e, "%s", why.msg);
}

static int set_text(const struct reader *r, struct op *op, const struct op_field *f,
	const struct ynode *node, struct err *e)
{
	bool number = f->store == OPS_NUMBER && f->word != OPW_MODE;

	if (number && node->kind != YNODE_INT)
		return ynode_error(node, r->path, e, "%s must be a number, found %s", f->key,
			ynode_kind_name(node->kind));
	if (!number && node->kind != YNODE_STRING)
		return ynode_error(node, r->path, e, "%s must be text%s, found %s", f->key,
			f->word == OPW_MODE ? " in quotes" : "", ynode_kind_name(node->kind));
	if (op_field_set(op, f, node->text, e) < 0)
		return at_node(r, node, e);
	if (f->word != OPW_SOURCE || node->text[0] == '/' || strcmp(r->folder, ".") == 0)
		return 0;
	free(op->source);
	op->source = mem_printf(e, "%s/%s", r->folder, node->text);
	return op->source ? 0 : -1;
}

/* env: {NAME: value} */
static int set_pair(const struct reader *r, struct op *op, const struct op_field *f,
	const struct ynode *map, size_t i, struct err *e)
{
	const struct ynode *value = map->items[i];
	struct ynode key = {.line = map->key_lines[i], .column = map->key_columns[i]};

	if (value->kind == YNODE_LIST || value->kind == YNODE_MAP)
		return ynode_error(value, r->path, e, "%s must be text, found %s", map->keys[i],
			ynode_kind_name(value->kind));
	cleanup_free char *pair =
		mem_printf(e, "%s=%s", map->keys[i], value->text ? value->text : "");
	if (!pair)
		return -1;
	if (strchr(map->keys[i], '='))
		return ynode_error(&key, r->path, e, "%s: '%s' is no name of a variable", f->key,
			map->keys[i]);
	return op_field_set(op, f, pair, e) < 0 ? at_node(r, &key, e) : 0;
}

static int set_many(const struct reader *r, struct op *op, const struct op_field *f,
	const struct ynode *node, struct err *e)
{
	enum ynode_kind want = f->store == OPS_MAP ? YNODE_MAP : YNODE_LIST;

	if (node->kind != want)
		return ynode_error(node, r->path, e, "%s must be a %s, found %s", f->key,
			ynode_kind_name(want), ynode_kind_name(node->kind));
	for (size_t i = 0; i < node->n; i++) {
		int rc = want == YNODE_MAP ? set_pair(r, op, f, node, i, e)
					   : set_text(r, op, f, node->items[i], e);

		if (rc < 0)
			return -1;
	}
	return 0;
}

static int set_field(const struct reader *r, struct op *op, const struct op_field *f,
	const struct ynode *node, struct err *e)
{
	if (f->store == OPS_LIST || f->store == OPS_MAP)
		return set_many(r, op, f, node, e);
	if (f->store != OPS_FLAG)
		return set_text(r, op, f, node, e);
	if (node->kind != YNODE_BOOL)
		return ynode_error(node, r->path, e, "%s must be true or false, found %s", f->key,
			ynode_kind_name(node->kind));
	*(bool *)((char *)op + f->offset) = node->num != 0;
	return 0;
}

static int read_map(const struct reader *r, struct op *op, const struct ynode *map, struct err *e)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct op_field *f = op_field_find(op->kind, map->keys[i]);
		struct ynode key = {.line = map->key_lines[i], .column = map->key_columns[i]};

		if (!f)
			return ynode_error(&key, r->path, e, "unknown key '%s' in %s", map->keys[i],
				op_kind_name(op->kind));
		if (set_field(r, op, f, map->items[i], e) < 0)
			return -1;
	}
	for (const struct op_field *f = op_fields(op->kind); f->key; f++) {
		if (f->needed && !ynode_get(map, f->key))
			return ynode_error(map, r->path, e, "%s: key '%s' is missing",
				op_kind_name(op->kind), f->key);
	}
	return 0;
}

static int read_op(const struct reader *r, struct op *op, const struct ynode *node, struct err *e)
{
	const struct op_field *first = op_fields(op->kind);

	op->file = mem_strdup(r->path, e);
	if (!op->file)
		return -1;
	if (node->kind == YNODE_MAP) {
		if (read_map(r, op, node, e) < 0)
			return -1;
	} else if (!first->alone) {
		return ynode_error(node, r->path, e, "%s must be a map, found %s",
			op_kind_name(op->kind), ynode_kind_name(node->kind));
	} else if (set_field(r, op, first, node, e) < 0) {
		return -1;
	}
	if (op_check(op, e) < 0) {
		err_prefix(e, "%s", op_kind_name(op->kind));
		return at_node(r, node, e);
	}
	return 0;
}

/* One item: a map whose only key is the operation. */
static int read_item(
	const struct reader *r, struct ops *ops, const struct ynode *item, struct err *e)
{
	enum op_kind kind;
	struct op op;

	if (item->kind != YNODE_MAP || item->n != 1)
		return ynode_error(item, r->path, e,
			"an operation must be a map with one key, such as 'hostname: name'");
	struct ynode key = {.line = item->key_lines[0], .column = item->key_columns[0]};
	if (!op_kind_find(item->keys[0], &kind))
		return ynode_error(&key, r->path, e, "there is no operation '%s'", item->keys[0]);
	op_init(&op, kind);
	op.line = key.line;
	if (read_op(r, &op, item->items[0], e) < 0) {
		op_release(&op);
		return -1;
	}
	return ops_take(ops, &op, e);
}

int ops_parse(struct ops *ops, const char *data, size_t len, const char *path, struct err *e)
{
	cleanup_ynode struct ynode *top = NULL;
	cleanup_free char *folder = io_dirname(path, e);
	struct reader r = {.path = path, .folder = folder};

	if (!folder || ynode_parse(&top, data, len, path, e) < 0)
		return -1;
	if (top->kind != YNODE_LIST || top->n > OPS_COUNT_MAX)
		return ynode_error(top, path, e,
			"operations must be a list of at most %d items, found %s", OPS_COUNT_MAX,
			ynode_kind_name(top->kind));
	for (size_t i = 0; i < top->n; i++) {
		if (read_item(&r, ops, top->items[i], e) < 0)
			return -1;
	}
	return 0;
}

int ops_load(struct ops *ops, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (io_read_file(path, OPS_SIZE_MAX, &text, e) < 0)
		return -1;
	return ops_parse(ops, buf_str(&text), text.len, path, e);
}
