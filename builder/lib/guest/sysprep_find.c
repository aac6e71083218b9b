#include "guest/sysprep_find.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "guest/facts_parse.h"

#define PASSWD_MAX ((size_t)1024 * 1024)

void sysprep_nodes_release(struct sysprep_nodes *nodes)
{
	free(nodes->items);
	*nodes = (struct sysprep_nodes){0};
}

static int add_node(struct sysprep_nodes *nodes, struct tree_node *n, struct err *e)
{
	struct tree_node **items = mem_resize(nodes->items, nodes->n + 1, sizeof(*items), e);

	if (!items)
		return -1;
	nodes->items = items;
	items[nodes->n++] = n;
	return 0;
}

struct tree_node *sysprep_next_below(const struct tree_node *top, const struct tree_node *n)
{
	if (n->child)
		return n->child;
	while (n != top && !n->next)
		n = n->parent;
	return n == top ? NULL : n->next;
}

/* Whether name fits the first len bytes of pattern, where '*' stands for any bytes and '?' for one.
 */
static bool fits(const char *name, const char *pattern, size_t len)
{
	const char *end = pattern + len;
	const char *star = NULL, *retry = NULL;

	while (*name) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (pattern < end && (*pattern == '?' || *pattern == *name)) {
			pattern++;
			name++;
		} else if (star) {
			/* Let the last star take one byte more. */
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

static int find_below(struct tree *t, struct tree_node *dir, const char *pattern,
	struct sysprep_nodes *found, struct err *e);

/* The last component is found, or what follows it is looked for below. */
static int match(struct tree *t, struct tree_node *n, const char *rest, struct sysprep_nodes *found,
	struct err *e)
{
	return *rest ? find_below(t, n, rest + 1, found, e) : add_node(found, n, e);
}

/* Directories at any depth, dir first. */
static int find_deep(struct tree *t, struct tree_node *dir, const char *pattern,
	struct sysprep_nodes *found, struct err *e)
{
	for (struct tree_node *n = dir; n; n = sysprep_next_below(dir, n)) {
		if (S_ISDIR(n->inode->mode) && find_below(t, n, pattern, found, e) < 0)
			return -1;
	}
	return 0;
}

/* pattern is relative to dir. */
static int find_below(struct tree *t, struct tree_node *dir, const char *pattern,
	struct sysprep_nodes *found, struct err *e)
{
	size_t len = strcspn(pattern, "/");
	struct tree_node *n;

	if (!S_ISDIR(dir->inode->mode))
		return 0;
	if (len == 2 && memcmp(pattern, "**", 2) == 0)
		return find_deep(t, dir, pattern + 3, found, e);
	if (!memchr(pattern, '*', len) && !memchr(pattern, '?', len)) {
		n = tree_child(t, dir, pattern, len);
		return n ? match(t, n, pattern + len, found, e) : 0;
	}
	for (n = dir->child; n; n = n->next) {
		if (fits(n->name, pattern, len) && match(t, n, pattern + len, found, e) < 0)
			return -1;
	}
	return 0;
}

int sysprep_find(struct guest *g, const struct sysprep_nodes *homes, const char *pattern,
	struct sysprep_nodes *found, struct err *e)
{
	if (strncmp(pattern, "esp:/", 5) == 0)
		return g->esp ? find_below(g->esp, tree_root(g->esp), pattern + 5, found, e) : 0;
	if (strncmp(pattern, "~/", 2) != 0)
		return find_below(g->root, tree_root(g->root), pattern + 1, found, e);
	for (size_t i = 0; i < homes->n; i++) {
		if (find_below(g->root, homes->items[i], pattern + 2, found, e) < 0)
			return -1;
	}
	return 0;
}

static int add_home(struct guest *g, const char *path, struct sysprep_nodes *homes, struct err *e)
{
	struct tree_node *n;

	if (guest_lookup(g->root, path, &n, e) < 0)
		return err_prefix(e, "home directory");
	return n && n->parent && S_ISDIR(n->inode->mode) ? add_node(homes, n, e) : 0;
}

int sysprep_find_homes(struct guest *g, struct sysprep_nodes *homes, struct err *e)
{
	cleanup_facts struct facts *f = mem_zalloc(sizeof(*f), e);
	cleanup_buf struct buf text = {0};

	if (!f || guest_read_file(g->root, "/etc/passwd", PASSWD_MAX, &text, NULL, e) < 0 ||
		facts_parse_passwd(f, buf_str(&text), text.len, "/etc/passwd", e) < 0 ||
		sysprep_find(g, homes, "/root", homes, e) < 0 ||
		sysprep_find(g, homes, "/home/*", homes, e) < 0)
		return -1;
	for (size_t i = 0; i < f->n_users; i++) {
		if (add_home(g, f->users[i].home, homes, e) < 0)
			return -1;
	}
	return 0;
}
