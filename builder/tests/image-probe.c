/* What lib/image reads from a disk, as text for the black-box tests:
 *   image-probe parts DISK
 *   image-probe fat DISK OFFSET SIZE EPOCH
 * Ends with an error's exit code. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "digest/sha256.h"
#include "image/fat_read.h"
#include "image/parts.h"

static int put_text(const char *text, struct err *e)
{
	cleanup_buf struct buf line = {0};

	if (buf_put_escaped(&line, text, strlen(text), e) < 0)
		return -1;
	printf("|%s", buf_str(&line));
	return 0;
}

static int show_parts(int fd, struct err *e)
{
	static const char *const tables[] = {"none", "mbr", "gpt"};
	cleanup_free struct parts *p = mem_zalloc(sizeof(*p), e);
	uint64_t size_bytes;

	if (!p || io_size(fd, &size_bytes, e) < 0 || parts_read(fd, size_bytes, p, e) < 0)
		return -1;
	printf("%s|%s\n", tables[p->table], p->disk_uuid);
	for (size_t i = 0; i < p->n; i++) {
		const struct part *part = &p->items[i];

		printf("%u|%" PRIu64 "|%" PRIu64 "|%s|%s", part->number, part->start_bytes,
			part->size_bytes, part->type, part->uuid);
		if (put_text(part->name, e) < 0)
			return -1;
		printf("|%s|%s", parts_content_name(part->content), part->fs_uuid);
		if (put_text(part->fs_label, e) < 0)
			return -1;
		printf("\n");
	}
	return 0;
}

/* The digest of a file's spans, which must cover it. */
static int digest(const struct tree_inode *inode, char hex[SHA256_HEX_SIZE], struct err *e)
{
	cleanup_free unsigned char *data = mem_zalloc(inode->size + 1, e);
	uint64_t at = 0;

	if (!data)
		return -1;
	for (size_t i = 0; i < inode->n_spans; i++) {
		const struct tree_span *s = &inode->spans[i];

		if (s->offset != at || s->length > inode->size - at)
			return err_set(e, ERR_INTERNAL, "spans do not follow each other");
		if (io_pread_full(inode->source_fd, data + at, s->length, s->source_offset, e) < 0)
			return -1;
		at += s->length;
	}
	if (at != inode->size)
		return err_set(e, ERR_INTERNAL, "spans do not cover the file");
	return sha256_buffer_hex(data, inode->size, hex, e);
}

static int show_tree(struct tree *t, struct err *e)
{
	cleanup_free struct tree_node **nodes = NULL;
	char path[TREE_PATH_TEXT], hex[SHA256_HEX_SIZE];
	size_t n;

	if (tree_sort(t, &nodes, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct tree_inode *inode = nodes[i]->inode;

		hex[0] = 0;
		if (S_ISREG(inode->mode) && digest(inode, hex, e) < 0)
			return -1;
		printf("%o|%" PRId64 "|%" PRIu64 "|%s|%s\n", inode->mode, inode->mtime_s,
			inode->size, hex, tree_node_path(nodes[i], path));
	}
	return 0;
}

static int show_fat(int fd, char **args, struct err *e)
{
	cleanup_tree struct tree *t = NULL;

	if (fat_read(fd, strtoull(args[0], NULL, 10), strtoull(args[1], NULL, 10),
		    strtoll(args[2], NULL, 10), &t, e) < 0)
		return -1;
	return show_tree(t, e);
}

int main(int argc, char **argv)
{
	struct err e = {0};
	int rc;

	cleanup_close int fd = argc > 2 ? io_open_read(argv[2], &e) : -1;
	if (fd >= 0 && argc == 3 && strcmp(argv[1], "parts") == 0)
		rc = show_parts(fd, &e);
	else if (fd >= 0 && argc == 6 && strcmp(argv[1], "fat") == 0)
		rc = show_fat(fd, argv + 3, &e);
	else
		rc = err_set(&e, ERR_USAGE, "parts DISK, or fat DISK OFFSET SIZE EPOCH");
	if (rc == 0)
		return 0;
	fprintf(stderr, "image-probe: %s\n", e.msg);
	return err_exit_code(&e);
}
