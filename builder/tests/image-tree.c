/* For tests: show a file tree as text, one line an entry, or turn it into something else.
 *
 *   image-tree list ext4 DISK OFFSET SIZE    image-tree list fat DISK OFFSET SIZE
 *   image-tree list tar ARCHIVE
 *   image-tree tar ext4 DISK OFFSET SIZE OUTPUT
 *   image-tree rebuild DISK OUTPUT           a disk from the trees of DISK, identifiers kept */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/disk.h"
#include "image/ext4_read.h"
#include "image/fat_read.h"
#include "image/parts.h"
#include "image/tar.h"
#include "image/tar_write.h"

#define DISK_MAX ((uint64_t)1 << 40)
#define EPOCH 1700000000

static int open_ext4(const char *path, const char *offset, const char *size, int64_t epoch_s,
	int *fd, struct tree **t, struct err *e)
{
	struct ext4_read_options opt = {.offset_bytes = strtoull(offset, NULL, 0),
		.size_bytes = strtoull(size, NULL, 0),
		.epoch_s = epoch_s};

	opt.fd = *fd = io_open_read(path, e);
	return opt.fd < 0 ? -1 : ext4_read(&opt, t, NULL, e);
}

static int open_tree(char **argv, int *fd, struct tree **t, struct err *e)
{
	if (strcmp(argv[0], "ext4") == 0)
		return open_ext4(argv[1], argv[2], argv[3], EPOCH, fd, t, e);
	*fd = io_open_read(argv[1], e);
	if (*fd < 0)
		return -1;
	if (strcmp(argv[0], "fat") == 0)
		return fat_read(
			*fd, strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0), EPOCH, t, e);
	if (tree_new(t, EPOCH, e) < 0)
		return -1;
	return tar_scan(*fd, argv[1], 0, *t, DISK_MAX, e);
}

static int put_spans(struct buf *out, const struct tree_inode *inode, struct err *e)
{
	for (size_t i = 0; i < inode->n_spans;) {
		uint64_t start = inode->spans[i].offset;
		uint64_t end = start;

		for (; i < inode->n_spans && inode->spans[i].offset == end; i++)
			end += inode->spans[i].length;
		if (buf_printf(out, e, " %" PRIu64 "+%" PRIu64, start, end - start) < 0)
			return -1;
	}
	return 0;
}

static int put_line(struct buf *out, const struct tree_node *n, struct err *e)
{
	const struct tree_inode *i = n->inode;
	cleanup_buf struct buf path = {0};

	if (tree_put_path(n, &path, e) < 0 || buf_putc(out, '/', e) < 0 ||
		buf_put_escaped(out, buf_str(&path), path.len, e) < 0 ||
		buf_printf(out, e,
			" %o %u:%u %" PRId64 ".%09u links %u size %" PRIu64 " device %u:%u",
			i->mode, i->uid, i->gid, i->mtime_s, i->mtime_ns, i->nlink, i->size,
			i->device[0], i->device[1]) < 0)
		return -1;
	if (put_spans(out, i, e) < 0)
		return -1;
	if (i->target && (buf_puts(out, " -> ", e) < 0 ||
				 buf_put_escaped(out, i->target, strlen(i->target), e) < 0))
		return -1;
	for (const struct tree_xattr *x = i->xattrs; x; x = x->next) {
		if (buf_putc(out, ' ', e) < 0 ||
			buf_put_escaped(out, x->name, strlen(x->name), e) < 0 ||
			buf_putc(out, '=', e) < 0 ||
			buf_put_hex(out, x->value, x->value_len, e) < 0)
			return -1;
	}
	return buf_putc(out, '\n', e);
}

static int list(char **argv, struct err *e)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_free struct tree_node **nodes = NULL;
	cleanup_close int fd = -1;
	size_t n;

	if (open_tree(argv, &fd, &t, e) < 0 || tree_sort(t, &nodes, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		cleanup_buf struct buf line = {0};

		if (put_line(&line, nodes[i], e) < 0 ||
			io_write_full(STDOUT_FILENO, line.data, line.len, e) < 0)
			return -1;
	}
	return 0;
}

static int create(const char *path, int *fd, struct err *e)
{
	*fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return *fd < 0 ? err_set_errno(e, ERR_IO, "%s", path) : 0;
}

static int write_tar(char **argv, struct err *e)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_close int fd = -1;
	cleanup_close int out = -1;

	if (open_tree(argv, &fd, &t, e) < 0 || create(argv[4], &out, e) < 0)
		return -1;
	return tar_write(out, t, NULL, e);
}

static const struct part *find_part(const struct parts *p, enum parts_content content)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].content == content)
			return &p->items[i];
	}
	return NULL;
}

static int rebuild_from(int fd, const struct parts *p, uint64_t size_bytes, int out,
	struct disk_source *s, struct err *e)
{
	const struct part *root = find_part(p, PARTS_EXT4);
	const struct part *esp = find_part(p, PARTS_FAT);
	struct disk_keep keep;
	struct disk_report report;

	if (!root || !esp)
		return err_set(e, ERR_FORMAT, "no root or no ESP");
	struct ext4_read_options opt = {fd, root->start_bytes, root->size_bytes, EPOCH};
	if (ext4_read(&opt, &s->root, NULL, e) < 0 ||
		fat_read(fd, esp->start_bytes, esp->size_bytes, EPOCH, &s->esp, e) < 0 ||
		keep_from_parts(&keep, p, root, esp, e) < 0)
		return -1;
	s->keep = &keep;
	s->size_bytes = size_bytes;
	s->esp_bytes = esp->size_bytes;
	return disk_build_trees(s, out, PROGRESS_NONE, &report, e);
}

static int rebuild(char **argv, struct err *e)
{
	cleanup_free struct parts *p = mem_zalloc(sizeof(*p), e);
	cleanup_close int fd = io_open_read(argv[0], e);
	cleanup_close int out = -1;
	uint64_t size_bytes;
	struct disk_source s = {.name = argv[0],
		.size_name = "the size",
		.identity = "rebuilt",
		.arch = "x86_64",
		.epoch_s = EPOCH};

	if (!p || fd < 0 || create(argv[1], &out, e) < 0 || io_size(fd, &size_bytes, e) < 0 ||
		parts_read(fd, size_bytes, p, e) < 0)
		return -1;
	int rc = rebuild_from(fd, p, size_bytes, out, &s, e);
	tree_free(s.root);
	tree_free(s.esp);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e = {0};
	int rc;

	if (argc >= 4 && strcmp(argv[1], "list") == 0 && (strcmp(argv[2], "tar") == 0 || argc == 6))
		rc = list(argv + 2, &e);
	else if (argc == 7 && strcmp(argv[1], "tar") == 0)
		rc = write_tar(argv + 2, &e);
	else if (argc == 4 && strcmp(argv[1], "rebuild") == 0)
		rc = rebuild(argv + 2, &e);
	else
		rc = err_set(&e, ERR_USAGE, "see the comment in image-tree.c");
	if (rc == 0)
		return 0;
	log_error(&e);
	return err_exit_code(&e);
}
