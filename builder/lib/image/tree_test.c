#include "image/tree.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "unit.h"

static struct err err;

static struct tree_inode *put(struct tree *t, const char *path, mode_t mode)
{
	struct tree_inode *inode = tree_inode_new(t, &err);

	inode->mode = mode;
	return tree_put(t, path, inode, &err) == 0 ? inode : NULL;
}

static bool fails(int rc, const char *message)
{
	bool ok = rc == -1 && err.kind == ERR_FORMAT && strcmp(err.msg, message) == 0;

	if (!ok)
		printf("#  got: %s\n# want: %s\n", err.msg, message);
	err_clear(&err);
	return ok;
}

/* All paths in their order, one a line. */
static void check_paths(struct tree *t, const char *want)
{
	cleanup_buf struct buf got = {0};
	struct tree_node **nodes;
	size_t n;
	char path[TREE_PATH_TEXT];

	CHECK(tree_sort(t, &nodes, &n, NULL) == 0);
	for (size_t i = 0; i < n; i++)
		CHECK(buf_printf(&got, NULL, "%s\n", tree_node_path(nodes[i], path)) == 0);
	CHECK_STR(buf_str(&got), want);
	free(nodes);
}

static void test_order(void)
{
	cleanup_tree struct tree *t = NULL;

	unit_about("order");
	CHECK(tree_new(&t, 100, &err) == 0);
	CHECK(put(t, "/b/c//./d", S_IFREG | 0644) != NULL);
	CHECK(put(t, "./b-c", S_IFREG | 0644) != NULL);
	CHECK(put(t, "b/\xff", S_IFREG | 0644) != NULL);
	CHECK(put(t, "b/B", S_IFREG | 0644) != NULL);
	CHECK(put(t, "a", S_IFDIR | 0755) != NULL);
	check_paths(t, "/\n/a\n/b\n/b/B\n/b/c\n/b/c/d\n/b/\xff\n/b-c\n");
	CHECK(tree_root(t)->inode->nlink == 4);
}

static void test_replace(void)
{
	cleanup_tree struct tree *t = NULL;
	struct tree_inode *first, *second, *dir;

	unit_about("replacing");
	CHECK(tree_new(&t, 100, &err) == 0);
	first = put(t, "f", S_IFREG | 0644);
	CHECK(tree_link(t, "g", "/f", &err) == 0 && first->nlink == 2);
	second = put(t, "f", S_IFREG | 0600);
	CHECK(first->nlink == 1 && second->nlink == 1);
	CHECK(put(t, "g", S_IFLNK | 0777) != NULL && first->nlink == 0);
	CHECK(put(t, "d/x", S_IFREG | 0644) != NULL);
	dir = put(t, "d", S_IFDIR | 0700);
	CHECK(dir && dir->nlink == 2);
	check_paths(t, "/\n/d\n/d/x\n/f\n/g\n");
	CHECK(put(t, "d", S_IFREG | 0644) == NULL);
	CHECK(fails(-1, "d: would replace a directory that has entries; delete it first"));
	CHECK(tree_remove(t, "/d", &err) == 0 && tree_root(t)->inode->nlink == 2);
	CHECK(put(t, "d", S_IFREG | 0644) != NULL);
	CHECK(tree_remove(t, "not/there", &err) == 0 && tree_remove(t, "/", &err) == 0);
	check_paths(t, "/\n/d\n/f\n/g\n");
}

static void test_refused(void)
{
	cleanup_tree struct tree *t = NULL;
	struct tree_inode *link;

	unit_about("refused");
	CHECK(tree_new(&t, 100, &err) == 0);
	link = put(t, "l", S_IFLNK | 0777);
	link->target = "/etc";
	CHECK(put(t, "f", S_IFREG | 0644) != NULL);
	CHECK(put(t, "a/../b", S_IFREG) == NULL && fails(-1, "a/../b: '..' in the path"));
	CHECK(put(t, "l/x", S_IFREG) == NULL &&
		fails(-1, "l/x: its parent /l is a symbolic link (to /etc), which is not followed; "
			  "name the real path"));
	CHECK(put(t, "f/x", S_IFREG) == NULL && fails(-1, "f/x: its parent /f is not a directory"));
	CHECK(fails(tree_link(t, "x", "y", &err), "x: hard link to y, which is not there"));
	CHECK(fails(tree_link(t, "x", ".", &err), "x: hard link to the directory ."));
	CHECK(put(t, "..a/...", S_IFREG | 0644) != NULL);
}

static void test_add(void)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_buf struct buf path = {0};
	struct tree_node *dir, *n;

	unit_about("adding to a directory");
	CHECK(tree_new(&t, 100, &err) == 0);
	CHECK(put(t, "d", S_IFDIR | 0755) != NULL && tree_find(t, "d", &dir, &err) == 0);
	struct tree_inode *inode = tree_inode_new(t, &err);
	inode->mode = S_IFREG | 0644;
	CHECK(tree_add(t, dir, "abc", 2, inode, &n, &err) == 0 && inode->nlink == 1);
	check_paths(t, "/\n/d\n/d/ab\n");
	CHECK(fails(tree_add(t, dir, "ab", 2, inode, NULL, &err), "the name ab stands twice"));
	CHECK(fails(tree_add(t, dir, "", 0, inode, NULL, &err), "'' is no name for a file"));
	CHECK(fails(tree_add(t, dir, ".", 1, inode, NULL, &err), "'.' is no name for a file"));
	CHECK(fails(tree_add(t, dir, "..", 2, inode, NULL, &err), "'..' is no name for a file"));
	CHECK(fails(tree_add(t, dir, "a/b", 3, inode, NULL, &err), "'a/b' is no name for a file"));
	CHECK(fails(tree_add(t, dir, "a\0b", 3, inode, NULL, &err), "'a' is no name for a file"));
	CHECK(inode->nlink == 1);
	CHECK(tree_put_path(n, &path, &err) == 0 && tree_put_path(tree_root(t), &path, &err) == 0);
	CHECK_STR(buf_str(&path), "d/ab");
}

static void test_times(void)
{
	cleanup_tree struct tree *t = NULL;
	struct tree_inode *i;

	unit_about("times");
	CHECK(tree_new(&t, 100, &err) == 0);
	i = tree_inode_new(t, &err);
	CHECK(i->mtime_s == 100 && i->mtime_ns == 0);
	tree_set_mtime(t, i, 99, 5);
	CHECK(i->mtime_s == 99 && i->mtime_ns == 5);
	tree_set_mtime(t, i, 100, 5);
	CHECK(i->mtime_s == 100 && i->mtime_ns == 0);
	tree_set_mtime(t, i, INT64_MAX, 5);
	CHECK(i->mtime_s == 100 && i->mtime_ns == 0);
	tree_set_mtime(t, i, INT64_MIN, 5);
	CHECK(i->mtime_s == 0 && i->mtime_ns == 0);
}

static void test_many(void)
{
	cleanup_tree struct tree *t = NULL;
	struct tree_node **nodes;
	struct tree_node *n;
	size_t count;
	char name[32];

	unit_about("many names");
	CHECK(tree_new(&t, 100, &err) == 0);
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "d%d/%d", i % 3, i);
		if (!put(t, name, S_IFREG | 0644))
			CHECK(!"put");
	}
	CHECK(tree_find(t, "d1/49999", &n, &err) == 0 && n && n->parent->parent == tree_root(t));
	CHECK(tree_find(t, "d1/50000", &n, &err) == 0 && !n);
	CHECK(tree_remove(t, "d0", &err) == 0);
	CHECK(tree_sort(t, &nodes, &count, &err) == 0 && count == 1 + 2 + 33333);
	free(nodes);
}

static void test_xattrs(void)
{
	cleanup_tree struct tree *t = NULL;
	struct tree_inode *i;

	unit_about("extended attributes");
	CHECK(tree_new(&t, 100, &err) == 0);
	i = tree_inode_new(t, &err);
	CHECK(tree_set_xattr(t, i, "user.b", "1", 1, &err) == 0);
	CHECK(tree_set_xattr(t, i, "user.a", "22", 2, &err) == 0);
	CHECK(tree_set_xattr(t, i, "user.b", "333", 3, &err) == 0);
	CHECK_STR(i->xattrs->name, "user.a");
	CHECK_STR((const char *)i->xattrs->next->value, "333");
	CHECK(i->xattrs->next->value_len == 3 && !i->xattrs->next->next);
}

int main(void)
{
	test_order();
	test_replace();
	test_refused();
	test_add();
	test_times();
	test_many();
	test_xattrs();
	return unit_done();
}
