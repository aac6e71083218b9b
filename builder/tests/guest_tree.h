/* File trees made by hand for unit tests. All owned by the tree; texts are not copied. */
#ifndef KILN_TESTS_GUEST_TREE_H
#define KILN_TESTS_GUEST_TREE_H

#include <string.h>
#include <sys/stat.h>

#include "image/tree.h"

static inline struct tree_inode *put_inode(struct tree *t, const char *path, mode_t mode)
{
	struct tree_inode *inode = tree_inode_new(t, NULL);

	inode->mode = mode;
	return tree_put(t, path, inode, NULL) == 0 ? inode : NULL;
}

static inline void put_dir(struct tree *t, const char *path)
{
	put_inode(t, path, S_IFDIR | 0755);
}

static inline void put_link(struct tree *t, const char *path, const char *target)
{
	struct tree_inode *inode = put_inode(t, path, S_IFLNK | 0777);

	inode->target = target;
	inode->size = strlen(target);
}

static inline struct tree_inode *put_bytes(
	struct tree *t, const char *path, const char *bytes, size_t len)
{
	struct tree_inode *inode = put_inode(t, path, S_IFREG | 0644);

	inode->origin = TREE_MEMORY;
	inode->bytes = bytes;
	inode->size = len;
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), NULL);
	inode->spans[0].length = len;
	inode->n_spans = len > 0;
	return inode;
}

static inline struct tree_inode *put_text(struct tree *t, const char *path, const char *text)
{
	return put_bytes(t, path, text, strlen(text));
}

#endif
