#include "base/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"

struct outfile {
	char *path;
	char *dir_path;
	char *temp_name; /* name in the folder while there is one, else NULL */
	int dir_fd;
	int fd;
	mode_t mode;
};

/* Temporary names: ".<name>.<6 characters>.kiln-tmp". Their owner holds a flock on the file, so a
 * name without one is a leftover of a killed process. */
static const char temp_suffix[] = ".kiln-tmp";

static int make_named_temp(struct outfile *o, struct err *e)
{
	struct stat st = {0};

	/* A sweep that comes before the lock takes the file for a leftover: then make another. */
	while (st.st_nlink == 0) {
		cleanup_free char *template = mem_printf(
			e, "%s/.%s.XXXXXX%s", o->dir_path, io_basename(o->path), temp_suffix);
		if (!template)
			return -1;
		mem_close_fd(&o->fd);
		o->fd = mkostemps(template, (int)strlen(temp_suffix), O_CLOEXEC);
		if (o->fd < 0 || flock(o->fd, LOCK_EX) < 0 || fstat(o->fd, &st) < 0)
			return err_set_errno(e, ERR_IO, "%s: make a temporary file", o->path);
		free(o->temp_name);
		o->temp_name = mem_strdup(io_basename(template), e);
		if (!o->temp_name) {
			unlink(template);
			return -1;
		}
	}
	return 0;
}

static bool is_leftover_name(const char *entry, const char *name)
{
	size_t name_len = strlen(name);
	size_t len = strlen(entry);

	return len == 1 + name_len + 1 + 6 + strlen(temp_suffix) && entry[0] == '.' &&
	       strncmp(entry + 1, name, name_len) == 0 && entry[1 + name_len] == '.' &&
	       strcmp(entry + len - strlen(temp_suffix), temp_suffix) == 0;
}

/* Remove temporary names for this target whose owner is gone. */
static void sweep_leftovers(const struct outfile *o)
{
	int fd = openat(o->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *d; (d = readdir(dir));) {
		if (!is_leftover_name(d->d_name, io_basename(o->path)))
			continue;
		cleanup_close int temp =
			openat(o->dir_fd, d->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (temp >= 0 && flock(temp, LOCK_EX | LOCK_NB) == 0)
			unlinkat(o->dir_fd, d->d_name, 0);
	}
	closedir(dir);
}

static int open_in_folder(struct outfile *o, struct err *e)
{
	if (!*io_basename(o->path))
		return err_set(e, ERR_IO, "%s: not the name of a file", o->path);
	o->dir_path = io_dirname(o->path, e);
	if (!o->dir_path)
		return -1;
	o->dir_fd = open(o->dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->dir_fd < 0)
		return err_set_errno(e, ERR_IO, "%s: folder %s", o->path, o->dir_path);
	sweep_leftovers(o);

	struct stat st;
	if (fstatat(o->dir_fd, io_basename(o->path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR(st.st_mode))
		return err_set(e, ERR_IO, "%s: is a folder", o->path);

	o->fd = openat(o->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (o->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return err_set_errno(e, ERR_IO, "%s: write into folder %s", o->path, o->dir_path);
	return make_named_temp(o, e);
}

int outfile_open(struct outfile **out, const char *path, mode_t mode, struct err *e)
{
	struct outfile *o = mem_zalloc(sizeof(*o), e);

	*out = NULL;
	if (!o)
		return -1;
	o->dir_fd = -1;
	o->fd = -1;
	o->mode = mode;
	o->path = mem_strdup(path, e);
	if (!o->path || open_in_folder(o, e) < 0) {
		outfile_free(o);
		return -1;
	}
	*out = o;
	return 0;
}

int outfile_fd(const struct outfile *o)
{
	return o->fd;
}

/* An unnamed file cannot replace an existing name directly: it gets a temporary name first. */
static int give_temp_name(struct outfile *o, struct err *e)
{
	cleanup_free char *proc = mem_printf(e, "/proc/self/fd/%d", o->fd);

	if (!proc)
		return -1;
	flock(o->fd, LOCK_EX | LOCK_NB);
	for (unsigned attempt = 0; attempt < 1000; attempt++) {
		cleanup_free char *name = mem_printf(e, ".%s.%06u%s", io_basename(o->path),
			((unsigned)getpid() * 1000 + attempt) % 1000000, temp_suffix);
		if (!name)
			return -1;
		if (linkat(AT_FDCWD, proc, o->dir_fd, name, AT_SYMLINK_FOLLOW) == 0) {
			o->temp_name = steal_ptr(&name);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return err_set_errno(e, ERR_IO, "%s: name the finished file", o->path);
}

int outfile_commit(struct outfile *o, struct err *e)
{
	if (fchmod(o->fd, o->mode) < 0)
		return err_set_errno(e, ERR_IO, "%s: set mode", o->path);
	if (fsync(o->fd) < 0)
		return err_set_errno(e, ERR_IO, "%s: flush to disk", o->path);
	if (!o->temp_name && give_temp_name(o, e) < 0)
		return -1;
	if (renameat(o->dir_fd, o->temp_name, o->dir_fd, io_basename(o->path)) < 0)
		return err_set_errno(e, ERR_IO, "%s: rename", o->path);
	free(steal_ptr(&o->temp_name));

	int fd = steal_fd(&o->fd);
	if (close(fd) < 0)
		return err_set_errno(e, ERR_IO, "%s: close", o->path);
	if (fsync(o->dir_fd) < 0 && errno != EINVAL)
		return err_set_errno(e, ERR_IO, "%s: flush the folder", o->path);
	return 0;
}

void outfile_free(struct outfile *o)
{
	if (!o)
		return;
	if (o->temp_name)
		unlinkat(o->dir_fd, o->temp_name, 0);
	if (o->fd >= 0)
		close(o->fd);
	if (o->dir_fd >= 0)
		close(o->dir_fd);
	free(o->temp_name);
	free(o->dir_path);
	free(o->path);
	free(o);
}

int outfile_write(const char *path, mode_t mode, const void *data, size_t len, struct err *e)
{
	cleanup_outfile struct outfile *o = NULL;

	if (outfile_open(&o, path, mode, e) < 0)
		return -1;
	if (io_write_full(outfile_fd(o), data, len, e) < 0)
		return err_prefix(e, "%s", path);
	return outfile_commit(o, e);
}

static bool has_contents(const char *path, mode_t mode, const void *data, size_t len)
{
	cleanup_buf struct buf old = {0};
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 07777) != mode ||
		(size_t)st.st_size != len)
		return false;
	return io_read_file(path, len, &old, NULL) == 0 && old.len == len &&
	       memcmp(buf_str(&old), data, len) == 0;
}

int outfile_write_if_changed(
	const char *path, mode_t mode, const void *data, size_t len, bool *changed, struct err *e)
{
	bool same = has_contents(path, mode, data, len);

	if (changed)
		*changed = !same;
	return same ? 0 : outfile_write(path, mode, data, len, e);
}
