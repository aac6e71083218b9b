#include "appliance/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"

#define PREFIX "kiln-guest-"
#define SOCKET_PREFIX "libguestfs"
#define RANDOM_LEN 6 /* characters that mkdtemp() chooses */

static const char *const socket_names[] = {"guestfsd.sock", "console.sock"};

static const char *base_folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && dir[0] == '/' ? dir : "/var/tmp";
}

/* prefix and RANDOM_LEN letters or digits */
static bool has_name(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 && strlen(name + len) == RANDOM_LEN &&
	       name[len + strspn(name + len, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789")] == 0;
}

static bool is_own_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* The lock of a folder, made if there is none; -1 when somebody holds it or the folder is gone.
 * Whoever gets the lock of a folder that is being removed sees a file without a name. */
static int take_lock(const char *dir, int how)
{
	cleanup_free char *path = mem_printf(NULL, "%s/lock", dir);
	cleanup_close int fd =
		path ? open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
	struct stat st;

	if (fd < 0 || flock(fd, how) < 0 || fstat(fd, &st) < 0 || st.st_nlink == 0)
		return -1;
	return steal_fd(&fd);
}

static void remove_sockets(const char *dir)
{
	cleanup_free char *note = mem_printf(NULL, "%s/sockets", dir);
	cleanup_buf struct buf where = {0};

	if (!note || io_read_file(note, 4096, &where, NULL) < 0)
		return;
	const char *path = buf_str(&where);
	if (!has_name(io_basename(path), SOCKET_PREFIX) || !is_own_folder(path))
		return;
	for (size_t i = 0; i < sizeof(socket_names) / sizeof(socket_names[0]); i++) {
		cleanup_free char *name = mem_printf(NULL, "%s/%s", path, socket_names[i]);

		if (name)
			unlink(name);
	}
	rmdir(path);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

static void remove_folder(const char *path)
{
	remove_sockets(path);
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void sweep(const char *base)
{
	DIR *dir = opendir(base);

	if (!dir)
		return;
	for (struct dirent *d; (d = readdir(dir));) {
		if (!has_name(d->d_name, PREFIX))
			continue;
		cleanup_free char *path = mem_printf(NULL, "%s/%s", base, d->d_name);
		cleanup_close int lock =
			path && is_own_folder(path) ? take_lock(path, LOCK_EX | LOCK_NB) : -1;

		if (lock >= 0)
			remove_folder(path);
	}
	closedir(dir);
}

int tempdir_make(struct tempdir *t, struct err *e)
{
	t->path = NULL;
	t->lock_fd = -1;
	sweep(base_folder());
	/* A sweep that comes before the lock takes the folder for a leftover: then another. */
	while (t->lock_fd < 0) {
		cleanup_free char *path = mem_printf(e, "%s/" PREFIX "XXXXXX", base_folder());

		if (!path)
			return -1;
		if (!mkdtemp(path))
			return err_set_errno(e, ERR_IO,
				"make a folder for temporary files in %s (set TMPDIR)",
				base_folder());
		t->lock_fd = take_lock(path, LOCK_EX);
		if (t->lock_fd >= 0)
			t->path = steal_ptr(&path);
		else if (access(path, F_OK) == 0)
			return err_set_errno(e, ERR_IO, "%s: lock", path);
	}
	return 0;
}

int tempdir_name(const struct tempdir *t, int fd, const char *name, char **path, struct err *e)
{
	cleanup_free char *open_file = mem_printf(e, "/proc/self/fd/%d", fd);
	cleanup_free char *new_name = mem_printf(e, "%s/%s", t->path, name);
	char target[PATH_MAX];
	struct stat st;

	if (!open_file || !new_name)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "%s", name);
	int rc;
	if (st.st_nlink == 0) {
		rc = linkat(AT_FDCWD, open_file, AT_FDCWD, new_name, AT_SYMLINK_FOLLOW);
	} else {
		ssize_t len = readlink(open_file, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = 0;
		rc = len > 0 ? symlink(target, new_name) : -1;
	}
	if (rc < 0)
		return err_set_errno(e, ERR_IO,
			"%s: name a temporary file (set TMPDIR to a folder whose file system has "
			"unnamed files)",
			new_name);
	*path = steal_ptr(&new_name);
	return 0;
}

void tempdir_remove(struct tempdir *t)
{
	if (!t->path)
		return;
	remove_folder(t->path);
	close(t->lock_fd);
	free(t->path);
	t->path = NULL;
	t->lock_fd = -1;
}

void tempdir_note_sockets(const char *tempdir_path, const char *socket_dir)
{
	cleanup_free char *path = mem_printf(NULL, "%s/sockets", tempdir_path);
	cleanup_close int fd =
		path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		io_write_full(fd, socket_dir, strlen(socket_dir), NULL);
}
