/* YAML text to nodes, over libyaml's events. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/io.h"
#include "base/mem.h"
#include "yaml/ynode_private.h"

#define MAX_BYTES (4u << 20)
#define MAX_DEPTH 64

struct parse {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; type YAML_NO_EVENT when there is none */
	const char *name;
};

static unsigned clamp(size_t n)
{
	return n < UINT_MAX ? (unsigned)n + 1 : UINT_MAX;
}

static int refuse_at(struct parse *p, yaml_mark_t mark, const char *what, struct err *e)
{
	return err_set(
		e, ERR_FORMAT, "%s:%u:%u: %s", p->name, clamp(mark.line), clamp(mark.column), what);
}

static int refuse(struct parse *p, const char *what, struct err *e)
{
	return refuse_at(p, p->event.start_mark, what, e);
}

static int parser_error(struct parse *p, struct err *e)
{
	const yaml_parser_t *parser = &p->parser;

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return err_nomem(e);
	case YAML_READER_ERROR:
		return err_set(e, ERR_FORMAT, "%s:%u:%u: %s", p->name, clamp(parser->mark.line),
			clamp(parser->mark.column), parser->problem);
	default:
		return refuse_at(
			p, parser->problem_mark, parser->problem ? parser->problem : "not YAML", e);
	}
}

static int next_event(struct parse *p, struct err *e)
{
	yaml_event_delete(&p->event);
	if (!yaml_parser_parse(&p->parser, &p->event))
		return parser_error(p, e);
	return 0;
}

/* Only the canonical form is an integer: a leading 0 means octal to some readers, decimal to
 * others, so "0644" stays text. */
static bool read_int(const char *s, int64_t *num)
{
	bool negative = *s == '-';
	int64_t value = 0;

	s += negative;
	if (!*s || s[strspn(s, "0123456789")] || (*s == '0' && (s[1] || negative)))
		return false;
	for (; *s; s++) {
		int digit = *s - '0';
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	*num = value;
	return true;
}

static void resolve_plain(struct ynode *n)
{
	if (!*n->text || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0) {
		n->kind = YNODE_NULL;
	} else if (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0) {
		n->kind = YNODE_BOOL;
		n->num = *n->text == 't';
	} else if (read_int(n->text, &n->num)) {
		n->kind = YNODE_INT;
	}
}

static int check_anchor_and_tag(
	struct parse *p, const yaml_char_t *anchor, const yaml_char_t *tag, struct err *e)
{
	if (anchor)
		return refuse(p, "anchors are not allowed here", e);
	if (tag)
		return refuse(p, "tags are not allowed here", e);
	return 0;
}

/* The current event's text; the event is a scalar. */
static char *scalar_text(struct parse *p, struct err *e)
{
	const char *value = (const char *)p->event.data.scalar.value;
	size_t len = p->event.data.scalar.length;

	if (check_anchor_and_tag(p, p->event.data.scalar.anchor, p->event.data.scalar.tag, e) < 0)
		return NULL;
	if (memchr(value, 0, len)) {
		refuse(p, "a string may not contain a zero byte", e);
		return NULL;
	}
	return mem_strndup(value, len, e);
}

static int build_scalar(struct parse *p, struct ynode *n, struct err *e)
{
	n->kind = YNODE_STRING;
	n->text = scalar_text(p, e);
	if (!n->text)
		return -1;
	if (p->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		resolve_plain(n);
	return 0;
}

static int build_node(struct parse *p, unsigned depth, struct ynode **out, struct err *e);

static int build_list(struct parse *p, unsigned depth, struct ynode *list, struct err *e)
{
	if (check_anchor_and_tag(p, p->event.data.sequence_start.anchor,
		    p->event.data.sequence_start.tag, e) < 0)
		return -1;
	for (;;) {
		struct ynode *value;

		if (next_event(p, e) < 0)
			return -1;
		if (p->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (build_node(p, depth + 1, &value, e) < 0 || ynode_append(list, value, e) < 0)
			return -1;
	}
}

static int build_pair(struct parse *p, unsigned depth, struct ynode *map, struct err *e)
{
	struct ynode *value;
	struct ynode_key key = {
		.line = clamp(p->event.start_mark.line),
		.column = clamp(p->event.start_mark.column),
	};

	if (p->event.type == YAML_ALIAS_EVENT)
		return refuse(p, "aliases are not allowed here", e);
	if (p->event.type != YAML_SCALAR_EVENT)
		return refuse(p, "a key must be a string", e);
	key.text = scalar_text(p, e);
	if (!key.text)
		return -1;
	if (next_event(p, e) < 0 || build_node(p, depth + 1, &value, e) < 0) {
		free(key.text);
		return -1;
	}
	return ynode_append_pair(map, key, value, e);
}

struct key_place {
	const char *key;
	size_t index;
};

static int compare_keys(const void *a, const void *b)
{
	const struct key_place *x = a;
	const struct key_place *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Sorting keeps a map of a million keys cheap. The error names the first repetition. */
static int check_duplicates(struct parse *p, const struct ynode *map, struct err *e)
{
	size_t repeated = SIZE_MAX;

	if (map->n < 2)
		return 0;
	cleanup_free struct key_place *places = mem_array(map->n, sizeof(*places), e);
	if (!places)
		return -1;
	for (size_t i = 0; i < map->n; i++)
		places[i] = (struct key_place){map->keys[i], i};
	qsort(places, map->n, sizeof(*places), compare_keys);
	for (size_t i = 1; i < map->n; i++) {
		if (strcmp(places[i - 1].key, places[i].key) == 0 && places[i].index < repeated)
			repeated = places[i].index;
	}
	if (repeated == SIZE_MAX)
		return 0;
	return err_set(e, ERR_FORMAT, "%s:%u:%u: key '%s' stands here a second time", p->name,
		map->key_lines[repeated], map->key_columns[repeated], map->keys[repeated]);
}

static int build_map(struct parse *p, unsigned depth, struct ynode *map, struct err *e)
{
	if (check_anchor_and_tag(
		    p, p->event.data.mapping_start.anchor, p->event.data.mapping_start.tag, e) < 0)
		return -1;
	for (;;) {
		if (next_event(p, e) < 0)
			return -1;
		if (p->event.type == YAML_MAPPING_END_EVENT)
			return check_duplicates(p, map, e);
		if (build_pair(p, depth, map, e) < 0)
			return -1;
	}
}

/* Build the node that starts with the current event; on success the current event is its last. */
static int build_node(struct parse *p, unsigned depth, struct ynode **out, struct err *e)
{
	yaml_mark_t mark = p->event.start_mark;
	cleanup_ynode struct ynode *n = NULL;
	int rc;

	if (depth > MAX_DEPTH)
		return refuse(p, "nested deeper than 64 levels", e);
	n = ynode_new(YNODE_NULL, clamp(mark.line), clamp(mark.column), e);
	if (!n)
		return -1;
	switch (p->event.type) {
	case YAML_SCALAR_EVENT:
		rc = build_scalar(p, n, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		n->kind = YNODE_LIST;
		rc = build_list(p, depth, n, e);
		break;
	case YAML_MAPPING_START_EVENT:
		n->kind = YNODE_MAP;
		rc = build_map(p, depth, n, e);
		break;
	case YAML_ALIAS_EVENT:
		return refuse(p, "aliases are not allowed here", e);
	default:
		return refuse(p, "a value is missing", e);
	}
	if (rc < 0)
		return -1;
	*out = steal_ptr(&n);
	return 0;
}

static int build_document(struct parse *p, struct ynode **out, struct err *e)
{
	cleanup_ynode struct ynode *root = NULL;

	/* STREAM-START, then DOCUMENT-START or STREAM-END */
	if (next_event(p, e) < 0 || next_event(p, e) < 0)
		return -1;
	if (p->event.type == YAML_STREAM_END_EVENT) {
		*out = ynode_new(YNODE_NULL, 1, 1, e);
		return *out ? 0 : -1;
	}
	if (next_event(p, e) < 0 || build_node(p, 1, &root, e) < 0)
		return -1;
	/* DOCUMENT-END, then STREAM-END */
	if (next_event(p, e) < 0 || next_event(p, e) < 0)
		return -1;
	if (p->event.type != YAML_STREAM_END_EVENT)
		return refuse(p, "a second document; only one is allowed", e);
	*out = steal_ptr(&root);
	return 0;
}

int ynode_parse(struct ynode **out, const char *data, size_t len, const char *name, struct err *e)
{
	struct parse p = {.name = name};

	if (len > MAX_BYTES)
		return err_set(
			e, ERR_FORMAT, "%s: %zu bytes of YAML; at most 4 MiB are read", name, len);
	if (!yaml_parser_initialize(&p.parser))
		return err_nomem(e);
	yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.parser, (const unsigned char *)(data ? data : ""), len);

	int rc = build_document(&p, out, e);
	yaml_event_delete(&p.event);
	yaml_parser_delete(&p.parser);
	return rc;
}

int ynode_load(struct ynode **out, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (io_read_file(path, MAX_BYTES, &text, e) < 0)
		return -1;
	return ynode_parse(out, buf_str(&text), text.len, path, e);
}
