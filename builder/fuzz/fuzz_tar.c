/* Any bytes as a layer: a tree that can be sorted, whose contents lie within the files' sizes, or
 * an error that names the layer. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "fuzz.h"
#include "image/tar.h"

static void must(int rc)
{
	if (rc < 0)
		abort();
}

static int take(void *ctx, const struct tree_inode *inode, uint64_t offset, const void *data,
	size_t len, struct err *e)
{
	(void)ctx;
	(void)data;
	(void)e;
	if (inode->nlink == 0 || inode->n_spans == 0 || offset + len < offset)
		abort();
	return 0;
}

static void check(struct tree *t)
{
	struct tree_node **nodes;
	size_t n;

	must(tree_sort(t, &nodes, &n, NULL));
	for (size_t i = 1; i < n; i++) {
		char path[TREE_PATH_TEXT];

		if (!nodes[i]->parent || nodes[i]->inode->nlink == 0 ||
			tree_node_path(nodes[i], path)[0] == 0)
			abort();
	}
	free(nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;
	cleanup_tree struct tree *t = NULL;
	struct err e = {0};

	if (fd < 0)
		must(fd = memfd_create("layer", MFD_CLOEXEC));
	must(ftruncate(fd, 0));
	must(io_pwrite_full(fd, data, len, 0, NULL));
	must(tree_new(&t, 1000, NULL));
	if (tar_scan(fd, "layer", 0, t, (uint64_t)1 << 30, &e) == 0) {
		check(t);
		if (tar_read(fd, "layer", 0, t, take, NULL, &e) == 0)
			return 0;
	}
	if (e.kind != ERR_FORMAT && e.kind != ERR_INTEGRITY)
		abort();
	return 0;
}
