#include <stdlib.h>
#include <sys/stat.h>

#include "guest/graft.h"
#include "guest/guest.h"
#include "guest_tree.h"
#include "unit.h"

static struct err err;

/* Where path leads: the real path, "none", or the error. */
static const char *where(struct tree *t, const char *path, bool nofollow)
{
	static struct buf text;
	struct tree_node *n;
	int rc = nofollow ? guest_lookup_nofollow(t, path, &n, &err)
			  : guest_lookup(t, path, &n, &err);

	buf_release(&text);
	if (rc < 0)
		return err.kind == ERR_FORMAT ? err.msg : "another kind of error";
	if (!n)
		return "none";
	guest_path(n, &text, &err);
	return buf_str(&text);
}

static void test_links(struct tree *t)
{
	unit_about("links");
	put_text(t, "usr/bin/dash", "dash");
	put_link(t, "bin", "usr/bin");
	put_link(t, "usr/bin/sh", "dash");
	put_link(t, "usr/bin/abs", "//usr/../bin//./sh");
	CHECK_STR(where(t, "/bin/sh", false), "/usr/bin/dash");
	CHECK_STR(where(t, "bin/abs", false), "/usr/bin/dash");
	CHECK_STR(where(t, "/bin/sh", true), "/usr/bin/sh");
	CHECK_STR(where(t, "/bin/sh/", true), "/usr/bin/sh");
	CHECK_STR(where(t, "/bin", true), "/bin");
	CHECK_STR(where(t, "/", false), "/");
	CHECK_STR(where(t, "", false), "/");
	CHECK_STR(where(t, "/bin/none", false), "none");
	CHECK_STR(where(t, "/usr/bin/dash/x", false), "none");
	CHECK_STR(where(t, "/usr/bin/dash/..", false), "none");
}

static void test_evil_links(struct tree *t)
{
	char deep[TREE_PATH_MAX + 2], name[400];

	unit_about("evil links");
	put_link(t, "up", "../../../../usr");
	put_link(t, "self", "self");
	put_link(t, "a", "b/x");
	put_link(t, "b", "a/x");
	put_link(t, "dangling", "/not/there");
	CHECK_STR(where(t, "/up/bin/dash", false), "/usr/bin/dash");
	CHECK_STR(where(t, "/../../up/../usr", false), "/usr");
	CHECK_STR(where(t, "/dangling", false), "none");
	CHECK_STR(where(t, "/self", false), "/self: more than 40 symbolic links on the way");
	CHECK_STR(where(t, "/self", true), "/self");
	CHECK(strstr(where(t, "/a", false), "more than 40 symbolic links") != NULL);
	memset(deep, 'x', sizeof(deep) - 1);
	for (size_t i = 0; i < sizeof(deep) - 1; i += 2)
		deep[i] = '/';
	deep[sizeof(deep) - 1] = 0;
	CHECK(strstr(where(t, deep, false), "is longer than 4095 bytes") != NULL);
	deep[TREE_PATH_MAX] = 0;
	CHECK_STR(where(t, deep, false), "none");
	put_link(t, "deep", deep);
	CHECK(strstr(where(t, "/deep/x", false), "through the link is longer") != NULL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	CHECK(strstr(where(t, name, false), "a name is longer than 255 bytes") != NULL);
}

static void test_read(struct tree *t)
{
	cleanup_buf struct buf text = {0};
	struct tree_inode *holes = put_inode(t, "holes", S_IFREG | 0644);
	char data[8];
	bool found = true;
	size_t got;

	unit_about("read");
	put_text(t, "etc/hostname", "name\n");
	CHECK(guest_read_file(t, "/etc/hostname", 5, &text, &found, &err) == 0 && found);
	CHECK_STR(buf_str(&text), "name\n");
	CHECK(guest_read_file(t, "/etc/hostname", 4, &text, &found, &err) < 0 && !found);
	CHECK_STR(err.msg, "/etc/hostname: larger than 4 bytes");
	CHECK(guest_read_file(t, "/etc", 4, &text, &found, &err) == 0 && !found);
	CHECK(guest_read_file(t, "/no", 4, &text, &found, &err) == 0 && !found);

	holes->origin = TREE_MEMORY;
	holes->bytes = "0123456789";
	holes->size = 10;
	holes->spans = tree_zalloc(t, 2 * sizeof(*holes->spans), &err);
	holes->spans[0] = (struct tree_span){.offset = 1, .length = 2};
	holes->spans[1] = (struct tree_span){.offset = 6, .length = 9};
	holes->n_spans = 2;
	CHECK(guest_pread_inode(holes, data, 6, 2, &got, &err) == 0 && got == 6);
	CHECK(memcmp(data,
		      "2\0\0\0"
		      "67",
		      6) == 0);
	CHECK(guest_pread_inode(holes, data, 8, 7, &got, &err) == 0 && got == 3);
	CHECK(memcmp(data, "789", 3) == 0);
	CHECK(guest_pread_inode(holes, data, 8, 10, &got, &err) == 0 && got == 0);
	CHECK(guest_pread_inode(holes, data, 8, UINT64_MAX, &got, &err) == 0 && got == 0);
}

static void test_graft(struct tree *t)
{
	cleanup_tree struct tree *from = NULL;
	struct tree_node *one, *two;

	unit_about("graft");
	CHECK(tree_new(&from, 100, &err) == 0);
	tree_root(from)->inode->mode = S_IFDIR | 0700;
	put_text(from, "vmlinuz", "kernel");
	CHECK(tree_link(from, "vmlinuz.old", "vmlinuz", &err) == 0);
	CHECK(tree_set_xattr(from, tree_root(from)->inode, "user.x", "y", 1, &err) == 0);
	put_link(from, "link", "vmlinuz");
	put_text(t, "boot/hidden", "hidden");
	CHECK(graft_tree(t, "/boot", from, &err) == 0);
	tree_free(steal_ptr(&from));
	CHECK_STR(where(t, "/boot/hidden", false), "none");
	CHECK_STR(where(t, "/boot/link", false), "/boot/vmlinuz");
	CHECK(guest_lookup(t, "/boot/vmlinuz", &one, &err) == 0 &&
		guest_lookup(t, "/boot/vmlinuz.old", &two, &err) == 0);
	CHECK(one && two && one->inode == two->inode && one->inode->nlink == 2);
	CHECK(guest_lookup(t, "/boot", &one, &err) == 0 && one->inode->mode == (S_IFDIR | 0700));
	CHECK(one->inode->xattrs && strcmp(one->inode->xattrs->name, "user.x") == 0);
}

int main(void)
{
	cleanup_tree struct tree *t = NULL;

	if (tree_new(&t, 100, &err) < 0)
		return 1;
	test_links(t);
	test_evil_links(t);
	test_read(t);
	test_graft(t);
	return unit_done();
}
