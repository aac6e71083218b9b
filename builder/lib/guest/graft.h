/* Put one file tree into another, as a mount does. */
#ifndef KILN_GUEST_GRAFT_H
#define KILN_GUEST_GRAFT_H

#include "base/err.h"
#include "image/tree.h"

/* Make what is in from the directory at path in t; what was below path is gone. All is copied but
 * the contents on the disk, which must outlive t. The numbers of from's inodes are used up. Errors
 * of tree_put(). */
int graft_tree(struct tree *t, const char *path, struct tree *from, struct err *e);

#endif
