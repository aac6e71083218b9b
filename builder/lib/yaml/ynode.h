/* YAML 1.2 documents as a tree of nodes that know where they stand (libyaml).
 *
 * What a hostile file could abuse is refused with ERR_FORMAT and "file:line:column": duplicate
 * keys, aliases and anchors, tags, keys that are not plain scalars, more than one document, depth
 * over 64, size over 4 MiB, invalid UTF-8. JSON is read too (a subset). */
#ifndef KILN_YAML_YNODE_H
#define KILN_YAML_YNODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum ynode_kind {
	YNODE_NULL,   /* empty, null, ~ */
	YNODE_BOOL,   /* true, false */
	YNODE_INT,    /* decimal, fits int64_t */
	YNODE_STRING, /* everything else: floats, dates, yes, on... are text here */
	YNODE_LIST,
	YNODE_MAP,
};

struct ynode {
	enum ynode_kind kind;
	unsigned line; /* from 1 */
	unsigned column;
	char *text;  /* scalars: as written (after unquoting); else NULL */
	int64_t num; /* YNODE_INT; 0 or 1 for YNODE_BOOL */
	/* lists and maps */
	struct ynode **items;
	char **keys; /* maps only: keys[i] names items[i], in the order of the file */
	size_t n;
	/* where each key stands: key_lines[i], maps only */
	unsigned *key_lines;
	unsigned *key_columns;
};

/* Parse one document. name is for messages. An empty document is YNODE_NULL. */
int ynode_parse(struct ynode **out, const char *data, size_t len, const char *name, struct err *e);
/* Read and parse the file at path. */
int ynode_load(struct ynode **out, const char *path, struct err *e);

/* Free the whole tree; NULL is fine. */
void ynode_free(struct ynode *n);

static inline void ynode_cleanup(struct ynode **n)
{
	ynode_free(*n);
}
#define cleanup_ynode __attribute__((cleanup(ynode_cleanup)))

/* The value of key in a map; NULL when absent or not a map. Owned by the tree. */
const struct ynode *ynode_get(const struct ynode *map, const char *key);

/* Make nodes (for data that does not come from a file: line 0). The caller owns the result. */
struct ynode *ynode_new_string(const char *text, struct err *e);
struct ynode *ynode_new_map(struct err *e);
/* Set map[key] = value, replacing; value is owned by the map from now on, also on -1. */
int ynode_set(struct ynode *map, const char *key, struct ynode *value, struct err *e);

/* "map", "list", "string"... for messages. */
const char *ynode_kind_name(enum ynode_kind kind);

/* ERR_FORMAT with "name:line:column: message". Returns -1. */
int ynode_error(const struct ynode *n, const char *name, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Append text as a YAML scalar that reads back as the same string, double-quoted where a plain
 * one would not. For writers of YAML (kiln-plan). */
int ynode_put_scalar(struct buf *out, const char *text, struct err *e);

#endif
