#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int io_open_read(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s", path);
	return fd;
}

int io_open_temp(const char *dir, struct err *e)
{
	if (!dir)
		dir = secure_getenv("TMPDIR");
	if (!dir || !*dir)
		dir = "/var/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd < 0 ? err_set_errno(e, ERR_IO, "%s: make a temporary file", dir) : fd;

	/* Where the file system has no unnamed files, a named one for a moment. */
	cleanup_free char *template = mem_printf(e, "%s/kiln.XXXXXX", dir);
	if (!template)
		return -1;
	fd = mkostemp(template, O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s: make a temporary file", dir);
	unlink(template);
	return fd;
}

int io_size(int fd, uint64_t *size_bytes, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "stat");
	if (S_ISREG(st.st_mode)) {
		*size_bytes = (uint64_t)st.st_size;
		return 0;
	}
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(fd, BLKGETSIZE64, size_bytes) < 0)
			return err_set_errno(e, ERR_IO, "size of the block device");
		return 0;
	}
	return err_set(e, ERR_UNSUPPORTED, "not a regular file or block device");
}

int io_read_file(const char *path, size_t max, struct buf *out, struct err *e)
{
	cleanup_close int opened = -1;
	int fd = STDIN_FILENO;
	size_t total = 0;

	if (strcmp(path, "-") != 0) {
		opened = io_open_read(path, e);
		if (opened < 0)
			return -1;
		fd = opened;
	}
	for (;;) {
		if (buf_reserve(out, 65536, e) < 0)
			return -1;
		ssize_t n = read(fd, out->data + out->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(e, ERR_IO, "%s: read", path);
		out->len += (size_t)n;
		out->data[out->len] = 0;
		total += (size_t)n;
		if (total > max)
			return err_set(e, ERR_FORMAT, "%s: larger than %zu bytes", path, max);
		if (n == 0)
			return 0;
	}
}

int io_pread(int fd, void *data, size_t len, uint64_t offset, size_t *got, struct err *e)
{
	char *p = data;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, p + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(
				e, ERR_IO, "read at byte %llu", (unsigned long long)offset + done);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*got = done;
	return 0;
}

int io_pread_full(int fd, void *data, size_t len, uint64_t offset, struct err *e)
{
	size_t got = 0;

	if (io_pread(fd, data, len, offset, &got, e) < 0)
		return -1;
	if (got != len)
		return err_set(e, ERR_FORMAT, "truncated: ends at byte %llu",
			(unsigned long long)offset + got);
	return 0;
}

int io_pwrite_full(int fd, const void *data, size_t len, uint64_t offset, struct err *e)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(
				e, ERR_IO, "write at byte %llu", (unsigned long long)offset);
		p += n;
		len -= (size_t)n;
		offset += (size_t)n;
	}
	return 0;
}

int io_write_full(int fd, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(e, ERR_IO, "write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int make_folder(const char *path, struct err *e)
{
	struct stat st;

	if (mkdir(path, 0777) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return err_set_errno(e, ERR_IO, "make folder %s", path);
}

int io_mkdirs(const char *path, struct err *e)
{
	cleanup_free char *copy = mem_strdup(path, e);

	if (!copy)
		return -1;
	for (char *p = copy; *p; p++) {
		if (*p != '/' || p == copy)
			continue;
		*p = 0;
		if (make_folder(copy, e) < 0)
			return -1;
		*p = '/';
	}
	return make_folder(copy, e);
}

char *io_dirname(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_strdup(".", e);
	if (slash == path)
		return mem_strdup("/", e);
	return mem_strndup(path, (size_t)(slash - path), e);
}

const char *io_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
