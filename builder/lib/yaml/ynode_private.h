/* What the parser needs of the tree beyond ynode.h. */
#ifndef KILN_YAML_YNODE_PRIVATE_H
#define KILN_YAML_YNODE_PRIVATE_H

#include "yaml/ynode.h"

/* A key and where it stands. */
struct ynode_key {
	char *text; /* owned */
	unsigned line;
	unsigned column;
};

/* A node without contents. The caller owns it. */
struct ynode *ynode_new(enum ynode_kind kind, unsigned line, unsigned column, struct err *e);

/* Append to a list or a map (no check for duplicates). key.text and value are the node's from now
 * on, also on -1. */
int ynode_append(struct ynode *list, struct ynode *value, struct err *e);
int ynode_append_pair(struct ynode *map, struct ynode_key key, struct ynode *value, struct err *e);

#endif
