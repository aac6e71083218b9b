#include "image/overlay.h"

#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"

static int set_contents(
	struct tree *t, struct tree_inode *inode, uint64_t size_bytes, struct err *e)
{
	inode->size = size_bytes;
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), e);
	if (!inode->spans)
		return -1;
	inode->spans[0].length = size_bytes;
	inode->n_spans = size_bytes > 0;
	return 0;
}

static int set_host_file(struct tree *t, struct tree_inode *inode, const char *path, struct err *e)
{
	cleanup_close int fd = io_open_read(path, e);
	uint64_t size_bytes;

	if (fd < 0)
		return -1;
	if (io_size(fd, &size_bytes, e) < 0)
		return err_prefix(e, "%s", path);
	inode->origin = TREE_HOST;
	inode->host_path = path;
	return set_contents(t, inode, size_bytes, e);
}

static int set_by_kind(
	struct tree *t, struct tree_inode *inode, const struct layout_file *f, struct err *e)
{
	switch (f->kind) {
	case LAYOUT_SOURCE:
		inode->mode |= S_IFREG;
		return set_host_file(t, inode, f->value, e);
	case LAYOUT_CONTENT:
		inode->mode |= S_IFREG;
		inode->origin = TREE_MEMORY;
		inode->bytes = f->value;
		return set_contents(t, inode, strlen(f->value), e);
	case LAYOUT_SYMLINK:
		inode->mode |= S_IFLNK;
		inode->target = f->value;
		inode->size = strlen(f->value);
		if (inode->size > TREE_PATH_MAX)
			return err_set(
				e, ERR_FORMAT, "the target is longer than %d bytes", TREE_PATH_MAX);
		return 0;
	case LAYOUT_DIRECTORY:
		inode->mode |= S_IFDIR;
		return 0;
	case LAYOUT_FROM:
		break;
	}
	return err_set(e, ERR_INTERNAL, "a file of no kind");
}

int overlay_apply(const struct layout *l, struct tree *t, struct err *e)
{
	for (size_t i = 0; i < l->delete_paths.n; i++) {
		if (tree_remove(t, l->delete_paths.items[i], e) < 0)
			return err_prefix(e, "%s: delete", l->path);
	}
	for (size_t i = 0; i < l->n_files; i++) {
		const struct layout_file *f = &l->files[i];
		struct tree_inode *inode = tree_inode_new(t, e);

		if (!inode)
			return -1;
		inode->mode = f->mode;
		inode->uid = f->uid;
		inode->gid = f->gid;
		if (set_by_kind(t, inode, f, e) < 0)
			return err_prefix(e, "%s: file %s", l->path, f->path);
		if (tree_put(t, f->path, inode, e) < 0)
			return err_prefix(e, "%s", l->path);
	}
	return 0;
}

/* The contents of a file of the root file system. */
static int set_from_root(struct tree *esp, struct tree_inode *inode, const struct layout_file *f,
	struct tree *root, int disk_fd, struct err *e)
{
	struct tree_node *n;

	if (tree_find(root, f->value, &n, e) < 0)
		return -1;
	if (!n || !S_ISREG(n->inode->mode))
		return err_set(e, ERR_FORMAT,
			"%s is %s in the root file system; add the package that has it", f->value,
			n ? "no regular file" : "not there");
	inode->mode = S_IFREG | 0644;
	inode->origin = TREE_SAME;
	inode->same_fd = disk_fd;
	inode->same = n->inode;
	return set_contents(esp, inode, n->inode->size, e);
}

int overlay_apply_esp(
	const struct layout *l, struct tree *esp, struct tree *root, int disk_fd, struct err *e)
{
	for (size_t i = 0; i < l->n_esp_files; i++) {
		const struct layout_file *f = &l->esp_files[i];
		struct tree_inode *inode = tree_inode_new(esp, e);

		if (!inode)
			return -1;
		int rc = f->kind == LAYOUT_FROM ? set_from_root(esp, inode, f, root, disk_fd, e)
						: set_by_kind(esp, inode, f, e);
		if (rc < 0 || tree_put(esp, f->path, inode, e) < 0)
			return err_prefix(e, "%s: EFI system partition: %s", l->path, f->path);
	}
	return 0;
}
