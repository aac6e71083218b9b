#include "appliance/host_tree.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int set_link(struct tree *t, struct tree_inode *inode, const char *path, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0)
		return err_set_errno(e, ERR_IO, "%s", path);
	inode->mode = S_IFLNK | 0777;
	inode->size = (uint64_t)n;
	inode->target = tree_strndup(t, target, (size_t)n, e);
	return inode->target ? 0 : -1;
}

static int set_file(struct tree *t, struct tree_inode *inode, const char *path,
	const struct stat *st, struct err *e)
{
	inode->mode = S_IFREG | (st->st_mode & S_IXUSR ? 0755 : 0644);
	inode->origin = TREE_HOST;
	inode->size = (uint64_t)st->st_size;
	inode->host_path = tree_strndup(t, path, strlen(path), e);
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), e);
	if (!inode->host_path || !inode->spans)
		return -1;
	inode->spans[0].length = inode->size;
	inode->n_spans = inode->size > 0;
	return 0;
}

static int add(struct tree *t, const char *path, const char *at, struct err *e)
{
	struct tree_inode *inode = tree_inode_new(t, e);
	struct stat st;

	if (!inode)
		return -1;
	if (lstat(path, &st) < 0)
		return err_set_errno(e, ERR_IO, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		inode->mode = S_IFDIR | 0755;
		return tree_put(t, at, inode, e) < 0 ? -1 : host_tree_add(t, path, at, e);
	}
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(
			e, ERR_FORMAT, "%s: is neither file, folder nor symbolic link", path);
	int rc = S_ISLNK(st.st_mode) ? set_link(t, inode, path, e)
				     : set_file(t, inode, path, &st, e);
	return rc < 0 ? -1 : tree_put(t, at, inode, e);
}

int host_tree_add(struct tree *t, const char *dir, const char *at, struct err *e)
{
	DIR *d = opendir(dir);
	int rc = 0;

	if (!d)
		return err_set_errno(e, ERR_IO, "%s", dir);
	for (struct dirent *entry; rc == 0 && (entry = readdir(d));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		cleanup_free char *path = mem_printf(e, "%s/%s", dir, entry->d_name);
		cleanup_free char *below = mem_printf(e, "%s/%s", at, entry->d_name);
		rc = path && below ? add(t, path, below, e) : -1;
	}
	closedir(d);
	return rc;
}
