#include "image/contents.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/tar.h"

#define COPY_SIZE ((size_t)256 * 1024)

uint64_t contents_total(const struct tree *t)
{
	uint64_t total = 0;

	for (const struct tree_inode *i = tree_inodes(t); i; i = i->next) {
		for (size_t s = 0; i->nlink > 0 && s < i->n_spans; s++)
			total += i->spans[s].length;
	}
	return total;
}

struct target {
	int fd;
	struct progress *progress;
	uint64_t done;
};

/* The run that holds the byte at offset; NULL when it was to be a hole. */
static const struct tree_span *find_run(const struct tree_inode *inode, uint64_t offset)
{
	size_t low = 0;
	size_t high = inode->n_spans;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct tree_span *s = &inode->spans[mid];

		if (offset < s->offset)
			high = mid;
		else if (offset - s->offset >= s->length)
			low = mid + 1;
		else
			return s;
	}
	return NULL;
}

static int put_bytes(void *ctx, const struct tree_inode *inode, uint64_t offset, const void *data,
	size_t len, struct err *e)
{
	struct target *t = ctx;
	const char *p = data;

	if (offset > inode->size || len > inode->size - offset)
		return err_set(e, ERR_FORMAT, "has more contents than its size");
	t->done += len;
	while (len > 0) {
		const struct tree_span *run = find_run(inode, offset);

		if (!run)
			return err_set(e, ERR_FORMAT, "has contents where its map has a hole");
		uint64_t skip = offset - run->offset;
		size_t n = run->length - skip < len ? (size_t)(run->length - skip) : len;
		if (io_pwrite_full(t->fd, p, n, run->disk_offset + skip, e) < 0)
			return -1;
		offset += n;
		p += n;
		len -= n;
	}
	progress_update(t->progress, t->done);
	return 0;
}

static int put_host_file(struct target *t, const struct tree_inode *inode, struct err *e)
{
	cleanup_close int fd = io_open_read(inode->host_path, e);
	cleanup_free char *buffer = mem_array(1, COPY_SIZE, e);
	uint64_t at = 0;
	size_t got = 1;

	if (fd < 0 || !buffer)
		return -1;
	while (got > 0) {
		if (io_pread(fd, buffer, COPY_SIZE, at, &got, e) < 0)
			return err_prefix(e, "%s", inode->host_path);
		if (got > inode->size - at)
			break;
		if (put_bytes(t, inode, at, buffer, got, e) < 0)
			return -1;
		at += got;
	}
	if (got > 0 || at != inode->size)
		return err_set(e, ERR_IO, "%s: changed while it was read", inode->host_path);
	return 0;
}

/* Bytes of another file, which are at from there, to an offset of the inode. */
static int put_range(struct target *t, const struct tree_inode *inode, uint64_t offset, int from_fd,
	uint64_t from, uint64_t len, struct err *e)
{
	cleanup_free char *buffer = mem_array(1, len < COPY_SIZE ? (size_t)len + 1 : COPY_SIZE, e);

	while (buffer && len > 0) {
		size_t n = len < COPY_SIZE ? (size_t)len : COPY_SIZE;

		if (io_pread_full(from_fd, buffer, n, from, e) < 0 ||
			put_bytes(t, inode, offset, buffer, n, e) < 0)
			return -1;
		offset += n;
		from += n;
		len -= n;
	}
	return buffer ? 0 : -1;
}

static int put_disk_file(struct target *t, const struct tree_inode *inode, struct err *e)
{
	const struct tree_span *s = inode->sources ? inode->sources : inode->spans;
	size_t n = inode->sources ? inode->n_sources : inode->n_spans;

	for (size_t i = 0; i < n; i++) {
		if (put_range(t, inode, s[i].offset, inode->source_fd, s[i].source_offset,
			    s[i].length, e) < 0)
			return -1;
	}
	return 0;
}

/* Places on disk are whole blocks, the last one of a file may be more than its end. */
static uint64_t length_in_file(const struct tree_inode *inode, const struct tree_span *s)
{
	uint64_t left = inode->size - s->offset;

	return s->length < left ? s->length : left;
}

static int put_same_file(struct target *t, const struct tree_inode *inode, struct err *e)
{
	for (size_t i = 0; i < inode->same->n_spans; i++) {
		const struct tree_span *s = &inode->same->spans[i];

		if (put_range(t, inode, s->offset, inode->same_fd, s->disk_offset,
			    length_in_file(inode->same, s), e) < 0)
			return -1;
	}
	return 0;
}

static int put_file(struct target *t, const struct tree_inode *inode, struct err *e)
{
	switch (inode->origin) {
	case TREE_MEMORY:
		return put_bytes(t, inode, 0, inode->bytes, (size_t)inode->size, e);
	case TREE_HOST:
		return put_host_file(t, inode, e);
	case TREE_DISK:
		return put_disk_file(t, inode, e);
	case TREE_SAME:
		return put_same_file(t, inode, e);
	case TREE_LAYER:
	case TREE_NOWHERE:
		break;
	}
	return 0;
}

int contents_write(int fd, const struct tree *t, const struct contents_layer *layers, size_t n,
	struct progress *progress, struct err *e)
{
	struct target target = {.fd = fd, .progress = progress};

	for (size_t i = 0; i < n; i++) {
		if (tar_read(layers[i].fd, layers[i].name, (uint32_t)i, t, put_bytes, &target, e) <
			0)
			return -1;
	}
	for (const struct tree_inode *i = tree_inodes(t); i; i = i->next) {
		if (i->nlink > 0 && S_ISREG(i->mode) && put_file(&target, i, e) < 0)
			return -1;
	}
	return 0;
}

uint64_t contents_place(const struct tree *t)
{
	uint64_t at = 0;

	for (const struct tree_inode *i = tree_inodes(t); i; i = i->next) {
		for (size_t s = 0; i->nlink > 0 && s < i->n_spans; s++) {
			i->spans[s].disk_offset = at;
			at += i->spans[s].length;
		}
	}
	return at;
}

/* len bytes from one offset to another. */
static int copy_range(int from_fd, uint64_t from, int to_fd, uint64_t to, uint64_t len,
	char buffer[COPY_SIZE], struct err *e)
{
	while (len > 0) {
		size_t n = len < COPY_SIZE ? (size_t)len : COPY_SIZE;

		if (io_pread_full(from_fd, buffer, n, from, e) < 0 ||
			io_pwrite_full(to_fd, buffer, n, to, e) < 0)
			return -1;
		from += n;
		to += n;
		len -= n;
	}
	return 0;
}

int contents_read(int fd, const struct tree_inode *inode, int to_fd, struct err *e)
{
	cleanup_free char *buffer = mem_array(1, COPY_SIZE, e);

	if (!buffer)
		return -1;
	if (ftruncate(to_fd, (off_t)inode->size) < 0)
		return err_set_errno(e, ERR_IO, "set the size of a temporary file");
	for (size_t i = 0; i < inode->n_spans; i++) {
		const struct tree_span *s = &inode->spans[i];

		if (copy_range(fd, s->disk_offset, to_fd, s->offset, length_in_file(inode, s),
			    buffer, e) < 0)
			return -1;
	}
	return 0;
}

int contents_copy(int from_fd, int to_fd, uint64_t offset_bytes, struct err *e)
{
	cleanup_free char *buffer = mem_array(1, COPY_SIZE, e);
	off_t hole = 0;

	if (!buffer)
		return -1;
	for (;;) {
		off_t data = lseek(from_fd, hole, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			return 0;
		hole = data < 0 ? -1 : lseek(from_fd, data, SEEK_HOLE);
		if (hole < 0)
			return err_set_errno(e, ERR_IO, "look for holes in a temporary file");
		if (copy_range(from_fd, (uint64_t)data, to_fd, offset_bytes + (uint64_t)data,
			    (uint64_t)(hole - data), buffer, e) < 0)
			return -1;
	}
}
