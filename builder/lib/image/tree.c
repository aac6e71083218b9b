#include "image/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "image/arena.h"

struct tree {
	struct arena arena;
	int64_t epoch_s;
	struct tree_node *root;
	struct tree_inode *first;
	struct tree_inode *last;
	struct tree_node **buckets; /* by (parent, name); a power of two of them */
	size_t n_buckets;
	size_t n_nodes; /* without the root */
};

void tree_free(struct tree *t)
{
	if (!t)
		return;
	arena_release(&t->arena);
	free(t->buckets);
	free(t);
}

void *tree_zalloc(struct tree *t, size_t size, struct err *e)
{
	return arena_zalloc(&t->arena, size, e);
}

char *tree_strndup(struct tree *t, const char *s, size_t len, struct err *e)
{
	return arena_strndup(&t->arena, s, len, e);
}

struct tree_inode *tree_inode_new(struct tree *t, struct err *e)
{
	struct tree_inode *inode = tree_zalloc(t, sizeof(*inode), e);

	if (!inode)
		return NULL;
	inode->mtime_s = t->epoch_s;
	if (t->last)
		t->last->next = inode;
	else
		t->first = inode;
	t->last = inode;
	return inode;
}

void tree_set_mtime(const struct tree *t, struct tree_inode *inode, int64_t s, uint32_t ns)
{
	if (s >= t->epoch_s || s < 0 || ns > 999999999)
		ns = 0;
	inode->mtime_s = s > t->epoch_s ? t->epoch_s : s < 0 ? 0 : s;
	inode->mtime_ns = ns;
}

int tree_set_xattr(struct tree *t, struct tree_inode *inode, const char *name, const void *value,
	size_t len, struct err *e)
{
	struct tree_xattr **at = &inode->xattrs;
	struct tree_xattr *x;

	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	x = *at;
	if (!x || strcmp(x->name, name) != 0) {
		x = tree_zalloc(t, sizeof(*x), e);
		if (!x || !(x->name = tree_strndup(t, name, strlen(name), e)))
			return -1;
		x->next = *at;
		*at = x;
	}
	x->value = (const unsigned char *)tree_strndup(t, value, len, e);
	x->value_len = len;
	return x->value ? 0 : -1;
}

struct tree_node *tree_root(struct tree *t)
{
	return t->root;
}

struct tree_inode *tree_inodes(const struct tree *t)
{
	return t->first;
}

static bool is_dir(const struct tree_node *n)
{
	return S_ISDIR(n->inode->mode);
}

/* FNV-1a over the name, started from the parent's address. */
static size_t bucket_of(
	const struct tree *t, const struct tree_node *parent, const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ (uintptr_t)parent;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3ULL;
	h ^= h >> 32;
	return (size_t)h & (t->n_buckets - 1);
}

static int grow_buckets(struct tree *t, struct err *e)
{
	size_t old_n = t->n_buckets;
	struct tree_node **old = t->buckets;

	if (t->n_nodes < old_n)
		return 0;
	t->n_buckets = old_n ? old_n * 2 : 4096;
	t->buckets = mem_array(t->n_buckets, sizeof(struct tree_node *), e);
	if (!t->buckets) {
		t->buckets = old;
		t->n_buckets = old_n;
		return -1;
	}
	for (size_t i = 0; i < old_n; i++) {
		for (struct tree_node *n = old[i], *next; n; n = next) {
			size_t b = bucket_of(t, n->parent, n->name, n->name_len);

			next = n->chain;
			n->chain = t->buckets[b];
			t->buckets[b] = n;
		}
	}
	free(old);
	return 0;
}

struct tree_node *tree_child(
	const struct tree *t, const struct tree_node *dir, const char *name, size_t len)
{
	struct tree_node *n = t->buckets[bucket_of(t, dir, name, len)];

	while (n && (n->parent != dir || n->name_len != len || memcmp(n->name, name, len) != 0))
		n = n->chain;
	return n;
}

/* A new name in parent, without an inode yet. */
static struct tree_node *add_node(
	struct tree *t, struct tree_node *parent, const char *name, size_t len, struct err *e)
{
	struct tree_node *n;

	if (grow_buckets(t, e) < 0 || !(n = tree_zalloc(t, sizeof(*n) + len + 1, e)))
		return NULL;
	memcpy(n->name, name, len);
	n->name_len = (uint8_t)len;
	n->parent = parent;
	n->next = parent->child;
	parent->child = n;
	size_t b = bucket_of(t, parent, name, len);
	n->chain = t->buckets[b];
	t->buckets[b] = n;
	t->n_nodes++;
	return n;
}

static void set_inode(struct tree_node *n, struct tree_inode *inode)
{
	n->inode = inode;
	if (S_ISDIR(inode->mode)) {
		inode->nlink = 2;
		if (n->parent)
			n->parent->inode->nlink++;
	} else {
		inode->nlink++;
	}
}

static void drop_inode(struct tree_node *n)
{
	if (is_dir(n)) {
		n->inode->nlink = 0;
		n->parent->inode->nlink--;
	} else {
		n->inode->nlink--;
	}
}

/* Copy path without empty and "." components; "" is the root. */
static int clean_path(const char *path, char clean[TREE_PATH_MAX + 1], struct err *e)
{
	size_t len = 0;

	clean[0] = 0;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return err_set(e, ERR_FORMAT, "%s: '..' in the path", path);
		if (n > TREE_NAME_MAX)
			return err_set(e, ERR_FORMAT, "%.300s: a name is longer than %d bytes",
				path, TREE_NAME_MAX);
		if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (len + n + 1 > TREE_PATH_MAX)
				return err_set(e, ERR_FORMAT,
					"%.300s...: the path is longer than %d bytes", path,
					TREE_PATH_MAX);
			if (len > 0)
				clean[len++] = '/';
			memcpy(clean + len, p, n);
			len += n;
		}
		p += n;
		p += *p == '/';
	}
	clean[len] = 0;
	return 0;
}

static int check_parent(const struct tree_node *n, const char *path, struct err *e)
{
	char text[TREE_PATH_TEXT];

	if (is_dir(n))
		return 0;
	if (S_ISLNK(n->inode->mode))
		return err_set(e, ERR_FORMAT,
			"%s: its parent %s is a symbolic link (to %s), which is not followed; name "
			"the real path",
			path, tree_node_path(n, text), n->inode->target);
	return err_set(e, ERR_FORMAT, "%s: its parent %s is not a directory", path,
		tree_node_path(n, text));
}

static struct tree_node *make_dir(
	struct tree *t, struct tree_node *parent, const char *name, size_t len, struct err *e)
{
	struct tree_inode *inode = tree_inode_new(t, e);
	struct tree_node *n = inode ? add_node(t, parent, name, len, e) : NULL;

	if (!n)
		return NULL;
	inode->mode = S_IFDIR | 0755;
	set_inode(n, inode);
	return n;
}

/* Where a path leads. */
struct place {
	struct tree_node *parent; /* directory of the last component; NULL for the root */
	struct tree_node *node;   /* what is there, or NULL */
	const char *name;         /* the last component, in the clean path */
};

/* Go down a clean path. With make, missing parents are made; without, both nodes are NULL when one
 * is missing. path is for messages. */
static int walk(struct tree *t, const char *path, const char *clean, bool make, struct place *at,
	struct err *e)
{
	const char *p = clean;
	size_t len = strcspn(p, "/");

	*at = (struct place){NULL, t->root, clean};
	for (; *p; p += len + (p[len] == '/'), len = strcspn(p, "/")) {
		if (!at->node && make)
			at->node = make_dir(t, at->parent, at->name, strcspn(at->name, "/"), e);
		if (!at->node) {
			at->parent = NULL;
			return make ? -1 : 0;
		}
		if (check_parent(at->node, path, e) < 0)
			return -1;
		at->parent = at->node;
		at->name = p;
		at->node = tree_child(t, at->parent, p, len);
	}
	return 0;
}

static int replace(struct tree_node *n, struct tree_inode *inode, const char *path, struct err *e)
{
	bool dir = S_ISDIR(inode->mode);

	if (is_dir(n) && dir) {
		inode->nlink = n->inode->nlink;
		n->inode->nlink = 0;
		n->inode = inode;
		return 0;
	}
	if (is_dir(n) && n->child)
		return err_set(e, ERR_FORMAT,
			"%s: would replace a directory that has entries; delete it first", path);
	if (!n->parent)
		return err_set(e, ERR_FORMAT, "%s: the root must be a directory", path);
	if (dir && S_ISLNK(n->inode->mode))
		return err_set(e, ERR_FORMAT,
			"%s: a directory would replace the symbolic link to %s; delete the link "
			"first",
			path, n->inode->target);
	if (inode != n->inode) {
		drop_inode(n);
		set_inode(n, inode);
	}
	return 0;
}

int tree_put(struct tree *t, const char *path, struct tree_inode *inode, struct err *e)
{
	char clean[TREE_PATH_MAX + 1];
	struct place at;

	if (clean_path(path, clean, e) < 0 || walk(t, path, clean, true, &at, e) < 0)
		return -1;
	if (at.node)
		return replace(at.node, inode, path, e);
	at.node = add_node(t, at.parent, at.name, strlen(at.name), e);
	if (!at.node)
		return -1;
	set_inode(at.node, inode);
	return 0;
}

int tree_add(struct tree *t, struct tree_node *dir, const char *name, size_t len,
	struct tree_inode *inode, struct tree_node **node, struct err *e)
{
	struct tree_node *n;

	if (len == 0 || (len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0) ||
		memchr(name, '/', len) || memchr(name, 0, len))
		return err_set(e, ERR_FORMAT, "'%.*s' is no name for a file", (int)len, name);
	if (len > TREE_NAME_MAX)
		return err_set(e, ERR_FORMAT, "the name %.*s... is longer than %d bytes",
			TREE_NAME_MAX, name, TREE_NAME_MAX);
	if (tree_child(t, dir, name, len))
		return err_set(e, ERR_FORMAT, "the name %.*s stands twice", (int)len, name);
	n = add_node(t, dir, name, len, e);
	if (!n)
		return -1;
	set_inode(n, inode);
	if (node)
		*node = n;
	return 0;
}

int tree_find(struct tree *t, const char *path, struct tree_node **node, struct err *e)
{
	char clean[TREE_PATH_MAX + 1];
	struct place at;

	*node = NULL;
	if (clean_path(path, clean, e) < 0 || walk(t, path, clean, false, &at, e) < 0)
		return -1;
	*node = at.node;
	return 0;
}

int tree_link(struct tree *t, const char *path, const char *target, struct err *e)
{
	struct tree_node *n;

	if (tree_find(t, target, &n, e) < 0)
		return err_prefix(e, "%s: hard link", path);
	if (!n)
		return err_set(
			e, ERR_FORMAT, "%s: hard link to %s, which is not there", path, target);
	if (is_dir(n))
		return err_set(e, ERR_FORMAT, "%s: hard link to the directory %s", path, target);
	return tree_put(t, path, n->inode, e);
}

static void unlink_node(struct tree *t, struct tree_node *n)
{
	struct tree_node **at = &t->buckets[bucket_of(t, n->parent, n->name, n->name_len)];

	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	for (at = &n->parent->child; *at != n; at = &(*at)->next)
		;
	*at = n->next;
	drop_inode(n);
	t->n_nodes--;
}

int tree_remove(struct tree *t, const char *path, struct err *e)
{
	struct tree_node *top;

	if (tree_find(t, path, &top, e) < 0)
		return -1;
	if (!top || !top->parent)
		return 0;
	/* Leaves first, without recursion: paths may be deep. */
	for (struct tree_node *n = top; n;) {
		if (n->child) {
			n = n->child;
			continue;
		}
		struct tree_node *up = n->parent;
		unlink_node(t, n);
		n = n == top ? NULL : up;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct tree_node *x = *(struct tree_node *const *)a;
	const struct tree_node *y = *(struct tree_node *const *)b;
	size_t len = x->name_len < y->name_len ? x->name_len : y->name_len;
	int order = memcmp(x->name, y->name, len);

	return order ? order : (int)x->name_len - (int)y->name_len;
}

/* room has space for all nodes. */
static void sort_children(struct tree_node *dir, struct tree_node **room)
{
	size_t n = 0;

	for (struct tree_node *c = dir->child; c; c = c->next)
		room[n++] = c;
	if (n > 1)
		qsort(room, n, sizeof(struct tree_node *), compare_names);
	for (size_t i = 0; i < n; i++)
		room[i]->next = i + 1 < n ? room[i + 1] : NULL;
	if (n > 0)
		dir->child = room[0];
}

int tree_sort(struct tree *t, struct tree_node ***nodes, size_t *n, struct err *e)
{
	struct tree_node **list = mem_array(t->n_nodes + 1, sizeof(struct tree_node *), e);

	*nodes = list;
	*n = 0;
	if (!list)
		return -1;
	for (struct tree_node *at = t->root; at;) {
		list[(*n)++] = at;
		sort_children(at, list + *n);
		if (at->child) {
			at = at->child;
			continue;
		}
		while (at && !at->next)
			at = at->parent;
		at = at ? at->next : NULL;
	}
	return 0;
}

int tree_put_path(const struct tree_node *n, struct buf *path, struct err *e)
{
	const struct tree_node *at;
	size_t len = 0;

	for (at = n; at->parent; at = at->parent)
		len += (size_t)at->name_len + (at->parent->parent != NULL);
	if (buf_reserve(path, len, e) < 0)
		return -1;
	path->len += len;
	path->data[path->len] = 0;
	char *end = path->data + path->len;
	for (at = n; at->parent; at = at->parent) {
		end -= at->name_len;
		memcpy(end, at->name, at->name_len);
		if (at->parent->parent)
			*--end = '/';
	}
	return 0;
}

const char *tree_node_path(const struct tree_node *n, char text[TREE_PATH_TEXT])
{
	size_t at = TREE_PATH_TEXT - 1;

	text[at] = 0;
	if (!n->parent)
		text[--at] = '/';
	for (; n->parent; n = n->parent) {
		if (at < (size_t)n->name_len + 4) {
			memcpy(text + at - 3, "...", 3);
			at -= 3;
			break;
		}
		at -= n->name_len;
		memcpy(text + at, n->name, n->name_len);
		text[--at] = '/';
	}
	memmove(text, text + at, TREE_PATH_TEXT - at);
	return text;
}

int tree_new(struct tree **out, int64_t epoch_s, struct err *e)
{
	struct tree *t = mem_zalloc(sizeof(*t), e);
	struct tree_inode *inode;

	*out = t;
	if (!t)
		return -1;
	t->epoch_s = epoch_s;
	inode = tree_inode_new(t, e);
	t->root = inode ? tree_zalloc(t, sizeof(*t->root) + 1, e) : NULL;
	if (!t->root || grow_buckets(t, e) < 0) {
		tree_free(steal_ptr(out));
		return -1;
	}
	inode->mode = S_IFDIR | 0755;
	set_inode(t->root, inode);
	return 0;
}
