#include "yaml/ynode.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "yaml/ynode_private.h"

void ynode_free(struct ynode *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->n; i++) {
		ynode_free(n->items[i]);
		if (n->keys)
			free(n->keys[i]);
	}
	free(n->items);
	free(n->keys);
	free(n->key_lines);
	free(n->key_columns);
	free(n->text);
	free(n);
}

struct ynode *ynode_new(enum ynode_kind kind, unsigned line, unsigned column, struct err *e)
{
	struct ynode *n = mem_zalloc(sizeof(*n), e);

	if (!n)
		return NULL;
	n->kind = kind;
	n->line = line;
	n->column = column;
	return n;
}

/* Arrays grow when their length is a power of two, so the node needs no capacity. */
static bool is_full(size_t n)
{
	return (n & (n - 1)) == 0;
}

static size_t grown(size_t n)
{
	return n ? n * 2 : 1;
}

static int grow_array(void *array, size_t n, size_t size, struct err *e)
{
	void *p = mem_resize(*(void **)array, grown(n), size, e);

	if (!p)
		return -1;
	*(void **)array = p;
	return 0;
}

int ynode_append(struct ynode *list, struct ynode *value, struct err *e)
{
	if (is_full(list->n) && grow_array(&list->items, list->n, sizeof(*list->items), e) < 0) {
		ynode_free(value);
		return -1;
	}
	list->items[list->n++] = value;
	return 0;
}

int ynode_append_pair(struct ynode *map, struct ynode_key key, struct ynode *value, struct err *e)
{
	size_t n = map->n;
	bool failed = is_full(n) &&
		      (grow_array(&map->keys, n, sizeof(*map->keys), e) < 0 ||
			      grow_array(&map->key_lines, n, sizeof(*map->key_lines), e) < 0 ||
			      grow_array(&map->key_columns, n, sizeof(*map->key_columns), e) < 0 ||
			      grow_array(&map->items, n, sizeof(*map->items), e) < 0);

	if (failed) {
		free(key.text);
		ynode_free(value);
		return -1;
	}
	map->keys[n] = key.text;
	map->key_lines[n] = key.line;
	map->key_columns[n] = key.column;
	map->items[n] = value;
	map->n++;
	return 0;
}

const struct ynode *ynode_get(const struct ynode *map, const char *key)
{
	if (!map || map->kind != YNODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->keys[i], key) == 0)
			return map->items[i];
	}
	return NULL;
}

struct ynode *ynode_new_string(const char *text, struct err *e)
{
	if (!utf8_valid(text, strlen(text))) {
		err_set(e, ERR_FORMAT, "'%s' is not UTF-8", text);
		return NULL;
	}
	struct ynode *n = ynode_new(YNODE_STRING, 0, 0, e);
	if (!n)
		return NULL;
	n->text = mem_strdup(text, e);
	if (!n->text) {
		ynode_free(n);
		return NULL;
	}
	return n;
}

struct ynode *ynode_new_map(struct err *e)
{
	return ynode_new(YNODE_MAP, 0, 0, e);
}

int ynode_set(struct ynode *map, const char *key, struct ynode *value, struct err *e)
{
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->keys[i], key) != 0)
			continue;
		ynode_free(map->items[i]);
		map->items[i] = value;
		return 0;
	}

	char *copy = mem_strdup(key, e);
	if (!copy) {
		ynode_free(value);
		return -1;
	}
	return ynode_append_pair(map, (struct ynode_key){.text = copy}, value, e);
}

const char *ynode_kind_name(enum ynode_kind kind)
{
	switch (kind) {
	case YNODE_NULL:
		return "null";
	case YNODE_BOOL:
		return "boolean";
	case YNODE_INT:
		return "integer";
	case YNODE_STRING:
		return "string";
	case YNODE_LIST:
		return "list";
	case YNODE_MAP:
		return "map";
	}
	return "?";
}

int ynode_error(const struct ynode *n, const char *name, struct err *e, const char *fmt, ...)
{
	char msg[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(e, ERR_FORMAT, "%s:%u:%u: %s", name, n->line, n->column, msg);
}
