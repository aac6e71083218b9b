/* FAT file systems of 64 KiB: the input is how one begins, zeros follow. What is read lies within
 * the file system. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "fuzz.h"
#include "image/fat_read.h"

#define SIZE_BYTES 65536u

static void check_spans(const struct tree_inode *inode)
{
	uint64_t at = 0;

	for (size_t i = 0; i < inode->n_spans; i++) {
		const struct tree_span *s = &inode->spans[i];

		if (s->offset != at || s->length == 0 || s->source_offset > SIZE_BYTES ||
			s->length > SIZE_BYTES - s->source_offset)
			abort();
		at += s->length;
	}
	if (inode->origin == TREE_DISK && at != inode->size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;
	cleanup_tree struct tree *t = NULL;
	struct err e = {0};

	if (fd < 0 && (fd = memfd_create("fat", MFD_CLOEXEC)) < 0)
		abort();
	if (len > SIZE_BYTES)
		len = SIZE_BYTES;
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, SIZE_BYTES) < 0 ||
		io_pwrite_full(fd, data, len, 0, NULL) < 0)
		abort();
	if (fat_read(fd, 0, SIZE_BYTES, INT64_MAX, &t, &e) < 0) {
		if (t || (e.kind != ERR_FORMAT && e.kind != ERR_UNSUPPORTED))
			abort();
		return 0;
	}
	for (const struct tree_inode *i = tree_inodes(t); i; i = i->next)
		check_spans(i);
	return 0;
}
