#include "image/raw.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/holes.h"
#include "image/qcow2_format.h"
#include "image/raw_write.h"
#include "image/source.h"

int raw_format_parse(const char *name, enum raw_format *format, struct err *e)
{
	if (strcmp(name, "raw") == 0)
		*format = RAW_FORMAT_RAW;
	else if (strcmp(name, "qcow2") == 0)
		*format = RAW_FORMAT_QCOW2;
	else
		return err_set(e, ERR_USAGE, "format '%s' is neither raw nor qcow2", name);
	return 0;
}

static int open_image(const struct raw_options *opt, uint64_t *size_bytes, struct err *e)
{
	cleanup_close int fd = io_open_read(opt->path, e);

	if (fd < 0)
		return -1;
	if (io_size(fd, size_bytes, e) < 0)
		return err_prefix(e, "%s", opt->path);
	if (*size_bytes == 0)
		return err_set(e, ERR_FORMAT, "%s: empty, so not a disk", opt->path);
	return steal_fd(&fd);
}

static int check_magic(const struct raw_options *opt, int fd, struct err *e)
{
	unsigned char magic[4];
	size_t got;

	if (io_pread(fd, magic, sizeof(magic), 0, &got, e) < 0)
		return err_prefix(e, "%s", opt->path);
	if (!qcow2_has_magic(magic, got))
		return err_set(e, ERR_FORMAT,
			"%s: not a qcow2 image; if it is a raw disk, say --format raw", opt->path);
	return 0;
}

static int extract(
	const struct raw_options *opt, int fd, int to_fd, uint64_t *size_bytes, struct err *e)
{
	const struct source_options source_opt = {
		.fd = fd, .path = opt->path, .format = RAW_FORMAT_QCOW2};
	cleanup_source struct source *source = NULL;
	cleanup_progress struct progress *progress = NULL;

	if (check_magic(opt, fd, e) < 0 || source_open(&source, &source_opt, e) < 0)
		return -1;
	*size_bytes = source_size(source);
	progress = progress_new(opt->progress, "extract", *size_bytes);
	const struct raw_write_options write_opt = {
		.source = source, .out_fd = to_fd, .threads = opt->threads, .progress = progress};
	if (raw_write(&write_opt, e) < 0)
		return -1;
	progress_finish(progress);
	return 0;
}

int raw_open(const struct raw_options *opt, int *fd, uint64_t *size_bytes, struct err *e)
{
	cleanup_close int image = open_image(opt, size_bytes, e);

	if (image < 0)
		return -1;
	if (opt->format == RAW_FORMAT_RAW) {
		*fd = steal_fd(&image);
		return 0;
	}
	cleanup_close int temp = io_open_temp(opt->tmp_dir, e);
	if (temp < 0 || extract(opt, image, temp, size_bytes, e) < 0)
		return -1;
	*fd = steal_fd(&temp);
	return 0;
}

/* The kernel copies, sharing blocks where the file system can; else the bytes go through here. */
static int copy_range(int from_fd, int to_fd, uint64_t offset, uint64_t len, struct err *e)
{
	unsigned char data[65536];

	while (len > 0) {
		off_t in = (off_t)offset, out = (off_t)offset;
		ssize_t n = copy_file_range(from_fd, &in, to_fd, &out, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			n = len < sizeof(data) ? (ssize_t)len : (ssize_t)sizeof(data);
			if (io_pread_full(from_fd, data, (size_t)n, offset, e) < 0 ||
				io_pwrite_full(to_fd, data, (size_t)n, offset, e) < 0)
				return -1;
		}
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* Blocks of one window, neighbours with one call. */
static int copy_window(
	int from_fd, int to_fd, const struct holes_window *w, uint64_t size_bytes, struct err *e)
{
	for (unsigned i = 0; i < HOLES_BLOCKS;) {
		unsigned n = 1;
		uint64_t start = w->offset + (uint64_t)i * HOLES_BLOCK;
		bool has_data = w->data_mask >> i & 1;

		while (i + n < HOLES_BLOCKS && (w->data_mask >> (i + n) & 1) == has_data)
			n++;
		i += n;
		uint64_t end = start + (uint64_t)n * HOLES_BLOCK;
		if (end > size_bytes)
			end = size_bytes;
		if (has_data && start < end &&
			copy_range(from_fd, to_fd, start, end - start, e) < 0)
			return -1;
	}
	return 0;
}

static int copy_raw(
	const struct raw_options *opt, int from_fd, int to_fd, uint64_t size_bytes, struct err *e)
{
	cleanup_progress struct progress *progress =
		progress_new(opt->progress, "copy", size_bytes);
	struct holes holes;
	struct holes_window window;
	bool found;

	if (ftruncate(to_fd, (off_t)size_bytes) < 0)
		return err_set_errno(
			e, ERR_IO, "make a raw disk of %llu bytes", (unsigned long long)size_bytes);
	/* The last window may reach beyond the end, where there is no data. */
	holes_init(&holes, from_fd, (size_bytes - 1) / HOLES_WINDOW * HOLES_WINDOW + HOLES_WINDOW);
	for (;;) {
		if (holes_next(&holes, &window, &found, e) < 0)
			return -1;
		if (!found)
			break;
		if (copy_window(from_fd, to_fd, &window, size_bytes, e) < 0)
			return -1;
		progress_update(progress, window.offset);
	}
	progress_finish(progress);
	return 0;
}

int raw_copy(const struct raw_options *opt, int to_fd, uint64_t *size_bytes, struct err *e)
{
	cleanup_close int image = open_image(opt, size_bytes, e);

	if (image < 0)
		return -1;
	if (opt->format == RAW_FORMAT_QCOW2)
		return extract(opt, image, to_fd, size_bytes, e);
	if (copy_raw(opt, image, to_fd, *size_bytes, e) < 0)
		return err_prefix(e, "%s", opt->path);
	return 0;
}
