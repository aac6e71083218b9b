#include "guest/graft.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "guest/guest.h"

struct graft {
	struct tree *t;
	const char *path;
	struct tree_inode **copies; /* by the number given to the inodes of the other tree */
	uint32_t n;
};

/* Number the inodes that have names, from 1. */
static int number_inodes(struct graft *g, struct tree *from, struct err *e)
{
	for (struct tree_inode *i = tree_inodes(from); i; i = i->next) {
		if (i->nlink > 0)
			i->ino = ++g->n;
	}
	g->copies = mem_array((size_t)g->n + 1, sizeof(struct tree_inode *), e);
	return g->copies ? 0 : -1;
}

static int copy_spans(
	struct tree *t, struct tree_inode *copy, const struct tree_inode *inode, struct err *e)
{
	size_t size = inode->n_spans * sizeof(*inode->spans);

	if (inode->n_spans == 0)
		return 0;
	copy->spans = tree_zalloc(t, size, e);
	if (!copy->spans)
		return -1;
	memcpy(copy->spans, inode->spans, size);
	copy->n_spans = inode->n_spans;
	return 0;
}

static struct tree_inode *copy_inode(struct tree *t, const struct tree_inode *inode, struct err *e)
{
	struct tree_inode *copy = tree_inode_new(t, e);
	struct tree_inode *next;

	if (!copy)
		return NULL;
	next = copy->next;
	*copy = *inode;
	copy->next = next;
	copy->nlink = 0;
	copy->ino = 0;
	copy->xattrs = NULL;
	copy->spans = NULL;
	copy->n_spans = 0;
	if (copy_spans(t, copy, inode, e) < 0)
		return NULL;
	if (inode->target) {
		copy->target = tree_strndup(t, inode->target, strlen(inode->target), e);
		if (!copy->target)
			return NULL;
	}
	for (const struct tree_xattr *x = inode->xattrs; x; x = x->next) {
		if (tree_set_xattr(t, copy, x->name, x->value, x->value_len, e) < 0)
			return NULL;
	}
	return copy;
}

static int put_node(struct graft *g, const struct tree_node *n, struct err *e)
{
	struct tree_inode **copy = &g->copies[n->inode->ino];
	cleanup_buf struct buf path = {0};

	if (!*copy)
		*copy = copy_inode(g->t, n->inode, e);
	if (!*copy || buf_puts(&path, g->path, e) < 0 || guest_path(n, &path, e) < 0)
		return -1;
	return tree_put(g->t, buf_str(&path), *copy, e);
}

int graft_tree(struct tree *t, const char *path, struct tree *from, struct err *e)
{
	struct graft g = {.t = t, .path = path};
	struct tree_node **nodes = NULL;
	size_t n;
	int rc = -1;

	if (number_inodes(&g, from, e) == 0 && tree_remove(t, path, e) == 0 &&
		tree_sort(from, &nodes, &n, e) == 0) {
		rc = 0;
		for (size_t i = 0; rc == 0 && i < n; i++)
			rc = put_node(&g, nodes[i], e);
	}
	free(nodes);
	free(g.copies);
	return rc;
}
