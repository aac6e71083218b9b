#include "repo_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "link_file.h"

#define MAX_DEPTH 16 /* of folders in one */

struct repo_dir {
	char *path;
	char *parent;
	char *temp;
	int fd;   /* of temp; its owner holds a flock on it */
	bool own; /* temp is there and ours */
};

/* Remove what is in the folder, to some depth: nothing made here is as deep. */
static int clear_folder(int parent_fd, const char *name, int depth, struct err *e)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;

	if (!dir) {
		mem_close_fd(&fd);
		return err_set_errno(e, ERR_IO, "folder %s", name);
	}
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, d->d_name, 0) == 0)
			continue;
		if (depth == 0 || clear_folder(fd, d->d_name, depth - 1, e) < 0 ||
			unlinkat(fd, d->d_name, AT_REMOVEDIR) < 0)
			rc = err_set_errno(e, ERR_IO, "%s/%s: remove", name, d->d_name);
	}
	closedir(dir);
	return rc;
}

static int open_locked(struct repo_dir *d, struct err *e)
{
	for (;;) {
		struct stat ours, named;

		mem_close_fd(&d->fd);
		if (mkdir(d->temp, 0755) < 0 && errno != EEXIST)
			return err_set_errno(e, ERR_IO, "%s", d->temp);
		d->fd = open(d->temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (d->fd < 0 && errno == ENOENT)
			continue;
		if (d->fd < 0) {
			err_set_errno(e, ERR_IO, "%s", d->temp);
			rmdir(d->temp);
			return -1;
		}
		if (flock(d->fd, LOCK_EX | LOCK_NB) < 0) {
			log_note("waiting for another kiln-source that makes %s", d->path);
			if (flock(d->fd, LOCK_EX) < 0)
				return err_set_errno(e, ERR_IO, "lock %s", d->temp);
		}
		if (fstat(d->fd, &ours) == 0 && lstat(d->temp, &named) == 0 &&
			ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
			return 0;
	}
}

/* May what stands at path be replaced? *exists tells whether there is something. */
static int check_place(const struct repo_dir *d, bool *exists, struct err *e)
{
	cleanup_free char *release = mem_printf(e, "%s/Release", d->path);
	char start[sizeof(REPO_DIR_MARK)] = "";
	struct stat st;

	if (!release)
		return -1;
	*exists = lstat(d->path, &st) == 0;
	if (!*exists && errno != ENOENT)
		return err_set_errno(e, ERR_IO, "%s", d->path);
	if (!*exists || (S_ISDIR(st.st_mode) && rmdir(d->path) == 0)) {
		*exists = false;
		return 0;
	}
	cleanup_close int fd = open(release, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t got;
	if (S_ISDIR(st.st_mode) && fd >= 0 &&
		io_pread(fd, start, strlen(REPO_DIR_MARK), 0, &got, e) == 0 &&
		strcmp(start, REPO_DIR_MARK) == 0)
		return 0;
	return err_set(e, ERR_IO,
		"%s: is not a repository that kiln-source made, so it is not replaced; remove it, "
		"or name another folder",
		d->path);
}

static int set_paths(struct repo_dir *d, const char *path, struct err *e)
{
	d->path = mem_strdup(path, e);
	if (!d->path)
		return -1;
	for (size_t len = strlen(d->path); len > 1 && d->path[len - 1] == '/';)
		d->path[--len] = 0;
	const char *name = io_basename(d->path);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_USAGE, "%s: not the name of a folder to make", path);
	d->parent = io_dirname(d->path, e);
	d->temp = d->parent ? mem_printf(e, "%s/.%s.kiln-tmp", d->parent, name) : NULL;
	return d->temp ? 0 : -1;
}

int repo_dir_open(struct repo_dir **out, const char *path, struct err *e)
{
	cleanup_repo_dir struct repo_dir *d = mem_zalloc(sizeof(*d), e);
	bool exists;

	*out = NULL;
	if (!d)
		return -1;
	d->fd = -1;
	if (set_paths(d, path, e) < 0 || io_mkdirs(d->parent, e) < 0 || open_locked(d, e) < 0)
		return -1;
	d->own = true;
	if (check_place(d, &exists, e) < 0 || clear_folder(AT_FDCWD, d->temp, MAX_DEPTH, e) < 0)
		return -1;
	*out = steal_ptr(&d);
	return 0;
}

/* Folders have one mode whatever the umask: whoever reads the repository may be somebody else. */
static int make_folders(const struct repo_dir *d, char *name, struct err *e)
{
	for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdirat(d->fd, name, 0755) < 0 && errno != EEXIST)
			return err_set_errno(e, ERR_IO, "%s/%s", d->temp, name);
		if (fchmodat(d->fd, name, 0755, 0) < 0)
			return err_set_errno(e, ERR_IO, "%s/%s: set mode", d->temp, name);
		*slash = '/';
	}
	return 0;
}

/* Never a symbolic link: whoever reads the repository need not be able to read the cache. */
int repo_dir_place(const struct repo_dir *d, const char *from, const char *name, struct err *e)
{
	cleanup_free char *to = mem_printf(e, "%s/%s", d->temp, name);

	if (!to || make_folders(d, to + strlen(d->temp) + 1, e) < 0)
		return -1;
	return link_or_copy(from, to, e);
}

int repo_dir_write(
	const struct repo_dir *d, const char *name, const void *data, size_t len, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/%s", d->temp, name);

	if (!path || make_folders(d, path + strlen(d->temp) + 1, e) < 0)
		return -1;
	return outfile_write(path, 0644, data, len, e);
}

int repo_dir_commit(struct repo_dir *d, struct err *e)
{
	bool exists;

	if (check_place(d, &exists, e) < 0)
		return -1;
	if (fsync(d->fd) < 0)
		return err_set_errno(e, ERR_IO, "%s: flush to disk", d->temp);
	if (exists && renameat2(AT_FDCWD, d->temp, AT_FDCWD, d->path, RENAME_EXCHANGE) == 0)
		return 0; /* the old one goes with the temporary name */
	/* A file system that cannot exchange: a moment without the old one. */
	if (exists && (clear_folder(AT_FDCWD, d->path, MAX_DEPTH, e) < 0 || rmdir(d->path) < 0))
		return err_set_errno(e, ERR_IO, "%s: replace", d->path);
	if (rename(d->temp, d->path) < 0)
		return err_set_errno(e, ERR_IO, "%s: rename", d->path);
	d->own = false;
	return 0;
}

void repo_dir_free(struct repo_dir *d)
{
	if (!d)
		return;
	if (d->own && clear_folder(AT_FDCWD, d->temp, MAX_DEPTH, NULL) == 0)
		rmdir(d->temp);
	mem_close_fd(&d->fd);
	free(d->path);
	free(d->parent);
	free(d->temp);
	free(d);
}
