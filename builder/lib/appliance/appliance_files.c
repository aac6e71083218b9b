#include <errno.h>
#include <guestfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/appliance_private.h"
#include "base/io.h"

#define READ_CHUNK 1048576 /* bytes in one answer */

int appliance_type(struct appliance *a, const char *path, enum appliance_type *type, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	struct guestfs_statns *st = guestfs_lstatns(a->g, path);
	int why = st ? 0 : guestfs_last_errno(a->g);
	mode_t mode = st ? (mode_t)st->st_mode : 0;

	*type = S_ISREG(mode)   ? APPLIANCE_FILE
		: S_ISDIR(mode) ? APPLIANCE_DIR
		: S_ISLNK(mode) ? APPLIANCE_LINK
		: mode          ? APPLIANCE_OTHER
				: APPLIANCE_ABSENT;
	if (st)
		guestfs_free_statns(st);
	return appliance_end(a, why && why != ENOENT && why != ENOTDIR, path, e);
}

int appliance_read(
	struct appliance *a, const char *path, size_t max, struct buf *out, struct err *e)
{
	size_t got = READ_CHUNK;

	/* pread's answer holds the contents; calls that send files take 145 ms each under TCG. */
	for (uint64_t offset = 0; got == READ_CHUNK; offset += got) {
		if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
			return -1;
		cleanup_free char *part =
			guestfs_pread(a->g, path, READ_CHUNK, (int64_t)offset, &got);
		if (appliance_end(a, !part, path, e) < 0)
			return -1;
		if (offset + got > max)
			return err_set(e, ERR_FORMAT, "%s: larger than %zu bytes", path, max);
		if (buf_append(out, part, got, e) < 0)
			return -1;
	}
	return 0;
}

int appliance_write(
	struct appliance *a, const char *path, const void *data, size_t len, struct err *e)
{
	const char *bytes = data;
	size_t done = 0;

	do {
		size_t n = len - done < APPLIANCE_CHUNK ? len - done : APPLIANCE_CHUNK;

		if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
			return -1;
		int rc = done ? guestfs_write_append(a->g, path, bytes + done, n)
			      : guestfs_write(a->g, path, bytes, n);
		if (appliance_end(a, rc < 0, path, e) < 0)
			return -1;
		done += n;
	} while (done < len);
	return 0;
}

/* A transfer that libguestfs reports the progress of. */
static int begin_transfer(struct appliance *a, const char *stage, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_TRANSFER_S, e) < 0)
		return -1;
	a->progress = progress_new(
		a->progress_mode == PROGRESS_LINES ? PROGRESS_NONE : a->progress_mode, stage, 100);
	return 0;
}

static int end_transfer(struct appliance *a, bool failed, const char *path, struct err *e)
{
	if (!failed)
		progress_finish(a->progress);
	progress_free(a->progress);
	a->progress = NULL;
	return appliance_end(a, failed, path, e);
}

int appliance_upload(struct appliance *a, const char *host_path, const char *path, struct err *e)
{
	cleanup_close int fd = io_open_read(host_path, e);
	uint64_t size;

	if (fd < 0 || io_size(fd, &size, e) < 0)
		return -1;
	if (size <= APPLIANCE_CHUNK) {
		cleanup_buf struct buf data = {0};

		if (io_read_file(host_path, APPLIANCE_CHUNK, &data, e) < 0)
			return -1;
		return appliance_write(a, path, buf_str(&data), data.len, e);
	}
	if (begin_transfer(a, "upload", e) < 0)
		return -1;
	return end_transfer(a, guestfs_upload(a->g, host_path, path) < 0, path, e);
}

/* How libguestfs calls the compression of a file that starts with these bytes; NULL: none. */
static const char *compression(const char *head, size_t len)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *name;
	} known[] = {{"\x1f\x8b", 2, "gzip"},
		{"\xfd"
		 "7zXZ",
			5, "xz"},
		{"BZh", 3, "bzip2"}, {"\x28\xb5\x2f\xfd", 4, "zstd"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (len >= known[i].len && memcmp(head, known[i].magic, known[i].len) == 0)
			return known[i].name;
	}
	return NULL;
}

int appliance_tar_in(struct appliance *a, const char *host_path, const char *path, struct err *e)
{
	cleanup_close int fd = io_open_read(host_path, e);
	char head[8];
	size_t got;

	if (fd < 0 || io_pread(fd, head, sizeof(head), 0, &got, e) < 0)
		return -1;
	const char *name = compression(head, got);
	struct guestfs_tar_in_opts_argv opts = {
		.bitmask = GUESTFS_TAR_IN_OPTS_XATTRS_BITMASK |
			   (name ? GUESTFS_TAR_IN_OPTS_COMPRESS_BITMASK : 0),
		.compress = name,
		.xattrs = 1};

	if (begin_transfer(a, "unpack", e) < 0)
		return -1;
	return end_transfer(a, guestfs_tar_in_opts_argv(a->g, host_path, path, &opts) < 0, path, e);
}

int appliance_mkdir(struct appliance *a, const char *path, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	return appliance_end(a, guestfs_mkdir_p(a->g, path) < 0, path, e);
}

int appliance_remove(struct appliance *a, const char *path, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_TRANSFER_S, e) < 0)
		return -1;
	return appliance_end(a, guestfs_rm_rf(a->g, path) < 0, path, e);
}

int appliance_move(struct appliance *a, const char *from, const char *to, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_TRANSFER_S, e) < 0)
		return -1;
	/* mv is a program: much slower than a call, but it copies between file systems. */
	int rc = guestfs_rename(a->g, from, to);
	if (rc < 0 && guestfs_last_errno(a->g) == EXDEV)
		rc = guestfs_mv(a->g, from, to);
	return appliance_end(a, rc < 0, from, e);
}

int appliance_symlink(struct appliance *a, const char *target, const char *path, struct err *e)
{
	enum appliance_type type;

	if (appliance_type(a, path, &type, e) < 0)
		return -1;
	/* libguestfs runs ln, which would make the link in the folder. */
	if (type == APPLIANCE_DIR)
		return err_set(e, ERR_IO, "%s: is a folder", path);
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	int rc = type == APPLIANCE_FILE || type == APPLIANCE_LINK ? guestfs_rm(a->g, path) : 0;
	if (rc == 0)
		rc = guestfs_ln_s(a->g, target, path);
	return appliance_end(a, rc < 0, path, e);
}

int appliance_readlink(struct appliance *a, const char *path, struct buf *target, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	cleanup_free char *text = guestfs_readlink(a->g, path);
	if (appliance_end(a, !text, path, e) < 0)
		return -1;
	return buf_puts(target, text, e);
}

int appliance_chmod(struct appliance *a, const char *path, uint32_t mode, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	return appliance_end(a, guestfs_chmod(a->g, (int)(mode & 07777), path) < 0, path, e);
}

int appliance_chown(
	struct appliance *a, const char *path, uint32_t uid, uint32_t gid, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	return appliance_end(a, guestfs_chown(a->g, (int)uid, (int)gid, path) < 0, path, e);
}

int appliance_list(struct appliance *a, const char *path, struct buf *names, struct err *e)
{
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	/* Sorted by libguestfs. */
	char **list = guestfs_ls(a->g, path);
	int rc = appliance_end(a, !list, path, e);

	for (char **name = list; name && *name; name++) {
		if (rc == 0)
			rc = buf_append(names, *name, strlen(*name) + 1, e);
		free(*name);
	}
	free(list);
	return rc;
}
