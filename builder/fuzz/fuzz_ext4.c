/* Whole file systems: a tree whose contents lie in the file system, and an archive of it, or an
 * error. An image is mostly zeros, so the input is a list of pieces of one of 1 MiB: offset (3
 * bytes, big-endian), length less 1 (1), bytes. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "fuzz.h"
#include "image/ext4_read.h"
#include "image/tar_write.h"

enum { IMAGE_SIZE = 1 << 20, START = 4096 };

static void must(int ok)
{
	if (!ok)
		abort();
}

static void write_pieces(int fd, const uint8_t *data, size_t len)
{
	while (len > 4) {
		uint64_t at = ((uint64_t)data[0] << 16 | (uint64_t)data[1] << 8 | data[2]) %
			      (IMAGE_SIZE - 256);
		size_t want = (size_t)data[3] + 1;
		size_t n = want < len - 4 ? want : len - 4;

		must(io_pwrite_full(fd, data + 4, n, START + at, NULL) == 0);
		data += 4 + n;
		len -= 4 + n;
	}
}

static void check_contents(const struct tree_inode *inode)
{
	uint64_t next = 0;

	for (size_t i = 0; i < inode->n_spans; i++) {
		const struct tree_span *s = &inode->spans[i];

		must(s->length > 0 && s->offset >= next && s->offset <= inode->size &&
			s->length <= inode->size - s->offset);
		next = s->offset + s->length;
		if (inode->origin == TREE_DISK)
			must(s->source_offset > START &&
				s->source_offset + s->length <= START + IMAGE_SIZE);
	}
}

static void check_inode(const struct tree_inode *inode)
{
	must(inode->nlink > 0 && !S_ISSOCK(inode->mode));
	if (S_ISREG(inode->mode))
		check_contents(inode);
	if (S_ISLNK(inode->mode))
		must(strlen(inode->target) == inode->size);
	for (const struct tree_xattr *x = inode->xattrs; x && x->next; x = x->next)
		must(strcmp(x->name, x->next->name) < 0);
}

static void check_tree(struct tree *t)
{
	cleanup_free struct tree_node **nodes = NULL;
	size_t n;

	must(tree_sort(t, &nodes, &n, NULL) == 0);
	for (size_t i = 0; i < n; i++)
		check_inode(nodes[i]->inode);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int image = -1, archive = -1;
	cleanup_tree struct tree *t = NULL;
	struct err e = {0};

	if (image < 0) {
		must((image = memfd_create("image", MFD_CLOEXEC)) >= 0);
		must((archive = memfd_create("archive", MFD_CLOEXEC)) >= 0);
	}
	must(ftruncate(image, 0) == 0 && ftruncate(image, START + IMAGE_SIZE) == 0);
	must(ftruncate(archive, 0) == 0 && lseek(archive, 0, SEEK_SET) == 0);
	write_pieces(image, data, len);
	const struct ext4_read_options opt = {image, START, IMAGE_SIZE, INT64_MAX};
	if (ext4_read(&opt, &t, NULL, &e) == 0) {
		check_tree(t);
		if (tar_write(archive, t, NULL, &e) == 0)
			return 0;
	}
	must(e.kind == ERR_FORMAT || e.kind == ERR_UNSUPPORTED);
	return 0;
}
