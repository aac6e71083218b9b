#include "tmpl/value.h"

#include <inttypes.h>
#include <string.h>

struct value value_from_node(const struct ynode *node)
{
	struct value v = {.node = node, .num = node->num};

	switch (node->kind) {
	case YNODE_NULL:
		v.kind = VALUE_NIL;
		break;
	case YNODE_BOOL:
		v.kind = VALUE_BOOL;
		break;
	case YNODE_INT:
		v.kind = VALUE_INT;
		break;
	case YNODE_STRING:
		v.kind = VALUE_STRING;
		v.text = node->text;
		v.len = strlen(node->text);
		break;
	case YNODE_LIST:
		v.kind = VALUE_LIST;
		break;
	case YNODE_MAP:
		v.kind = VALUE_MAP;
		break;
	}
	return v;
}

bool value_is_true(const struct value *v)
{
	return v->kind != VALUE_NIL && !(v->kind == VALUE_BOOL && v->num == 0);
}

const char *value_kind_name(const struct value *v)
{
	static const char *const names[] = {
		"nil", "a boolean", "an integer", "a string", "a list", "a map"};

	return names[v->kind];
}

int value_spend(uint64_t *work_left, uint64_t work, struct err *e)
{
	if (work > *work_left)
		return err_set(e, ERR_FORMAT, "the template does too much work");
	*work_left -= work;
	return 0;
}

int value_put(const struct value_sink *sink, const char *text, size_t len, struct err *e)
{
	if (len > VALUE_MAX_OUTPUT - sink->out->len)
		return err_set(e, ERR_FORMAT, "the text grows larger than 64 MiB");
	if (value_spend(sink->work_left, len, e) < 0)
		return -1;
	return buf_append(sink->out, text, len, e);
}

static int nodes_equal(const struct ynode *a, const struct ynode *b, bool *equal,
	uint64_t *work_left, struct err *e)
{
	struct value x = value_from_node(a);
	struct value y = value_from_node(b);

	return value_equal(&x, &y, equal, work_left, e);
}

/* Both have as many elements, and none of their keys stands twice. */
static int maps_equal(const struct ynode *a, const struct ynode *b, bool *equal,
	uint64_t *work_left, struct err *e)
{
	*equal = true;
	for (size_t i = 0; i < a->n && *equal; i++) {
		if (value_spend(work_left, b->n, e) < 0)
			return -1;
		const struct ynode *other = ynode_get(b, a->keys[i]);
		*equal = other != NULL;
		if (other && nodes_equal(a->items[i], other, equal, work_left, e) < 0)
			return -1;
	}
	return 0;
}

static int lists_equal(const struct ynode *a, const struct ynode *b, bool *equal,
	uint64_t *work_left, struct err *e)
{
	*equal = true;
	for (size_t i = 0; i < a->n && *equal; i++) {
		if (nodes_equal(a->items[i], b->items[i], equal, work_left, e) < 0)
			return -1;
	}
	return 0;
}

int value_equal(const struct value *a, const struct value *b, bool *equal, uint64_t *work_left,
	struct err *e)
{
	*equal = false;
	if (value_spend(work_left, 1, e) < 0)
		return -1;
	if (a->kind != b->kind)
		return 0;
	switch (a->kind) {
	case VALUE_NIL:
		*equal = true;
		return 0;
	case VALUE_BOOL:
	case VALUE_INT:
		*equal = a->num == b->num;
		return 0;
	case VALUE_STRING:
		*equal = a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
		return value_spend(work_left, a->len + b->len, e);
	case VALUE_LIST:
		return a->node->n != b->node->n
			       ? 0
			       : lists_equal(a->node, b->node, equal, work_left, e);
	case VALUE_MAP:
		return a->node->n != b->node->n ? 0
						: maps_equal(a->node, b->node, equal, work_left, e);
	}
	return 0;
}

static int put_int(const struct value_sink *sink, int64_t num, struct err *e)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRId64, num);

	return value_put(sink, text, (size_t)len, e);
}

static int put_bool(const struct value_sink *sink, bool b, struct err *e)
{
	return value_put(sink, b ? "true" : "false", b ? 4 : 5, e);
}

int value_put_text(const struct value_sink *sink, const struct value *v, struct err *e)
{
	switch (v->kind) {
	case VALUE_NIL:
		return 0;
	case VALUE_BOOL:
		return put_bool(sink, v->num, e);
	case VALUE_INT:
		return put_int(sink, v->num, e);
	case VALUE_STRING:
		return value_put(sink, v->text, v->len, e);
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	return err_set(e, ERR_FORMAT, "wrong type: %s has no text; use .join or .to_json",
		value_kind_name(v));
}

int value_put_joined(const struct value_sink *sink, const struct ynode *list, const char *sep,
	size_t sep_len, struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		struct value v = value_from_node(list->items[i]);

		/* The 1 pays for elements without text. */
		if (value_spend(sink->work_left, 1, e) < 0 ||
			(i > 0 && value_put(sink, sep, sep_len, e) < 0))
			return -1;
		int rc = v.kind == VALUE_LIST ? value_put_joined(sink, v.node, sep, sep_len, e)
					      : value_put_text(sink, &v, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* What JSON escapes c to; NULL when it stands for itself. */
static const char *escape_char(unsigned char c, char hex[8])
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char *const to[] = {"\\\"", "\\\\", "\\b", "\\f", "\\n", "\\r", "\\t"};
	const char *found = c ? strchr(from, c) : NULL;

	if (found)
		return to[found - from];
	if (c >= 0x20)
		return NULL;
	snprintf(hex, 8, "\\u%04x", c);
	return hex;
}

static int put_json_string(
	const struct value_sink *sink, const char *text, size_t len, struct err *e)
{
	size_t start = 0;
	char hex[8];

	if (value_put(sink, "\"", 1, e) < 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *escaped = escape_char((unsigned char)text[i], hex);

		if (!escaped)
			continue;
		if (value_put(sink, text + start, i - start, e) < 0 ||
			value_put(sink, escaped, strlen(escaped), e) < 0)
			return -1;
		start = i + 1;
	}
	if (value_put(sink, text + start, len - start, e) < 0)
		return -1;
	return value_put(sink, "\"", 1, e);
}

static int put_json_items(const struct value_sink *sink, const struct ynode *node, struct err *e)
{
	for (size_t i = 0; i < node->n; i++) {
		struct value v = value_from_node(node->items[i]);

		if (i > 0 && value_put(sink, ",", 1, e) < 0)
			return -1;
		if (node->kind == YNODE_MAP &&
			(put_json_string(sink, node->keys[i], strlen(node->keys[i]), e) < 0 ||
				value_put(sink, ":", 1, e) < 0))
			return -1;
		if (value_put_json(sink, &v, e) < 0)
			return -1;
	}
	return 0;
}

int value_put_json(const struct value_sink *sink, const struct value *v, struct err *e)
{
	switch (v->kind) {
	case VALUE_NIL:
		return value_put(sink, "null", 4, e);
	case VALUE_BOOL:
		return put_bool(sink, v->num, e);
	case VALUE_INT:
		return put_int(sink, v->num, e);
	case VALUE_STRING:
		return put_json_string(sink, v->text, v->len, e);
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	bool map = v->kind == VALUE_MAP;
	if (value_put(sink, map ? "{" : "[", 1, e) < 0 || put_json_items(sink, v->node, e) < 0)
		return -1;
	return value_put(sink, map ? "}" : "]", 1, e);
}
