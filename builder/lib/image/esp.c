#include "image/esp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"

struct file {
	char *path; /* ends with a slash: a directory without entries */
	const struct tree_inode *inode;
};

struct esp {
	struct file *files; /* sorted by path */
	size_t n;
	int contents_fd;
};

static int make_temp(int *fd, struct err *e)
{
	*fd = memfd_create("esp", MFD_CLOEXEC);
	return *fd < 0 ? err_set_errno(e, ERR_IO, "make a temporary file in memory") : 0;
}

static int add_file(struct esp *esp, const struct tree_node *n, struct err *e)
{
	struct file *f = &esp->files[esp->n];
	cleanup_buf struct buf path = {0};
	char text[TREE_PATH_TEXT];

	if (!S_ISDIR(n->inode->mode) && !S_ISREG(n->inode->mode))
		return err_set(e, ERR_FORMAT,
			"%s: FAT holds regular files and directories and nothing else",
			tree_node_path(n, text));
	if (S_ISDIR(n->inode->mode) && (n->child || !n->parent))
		return 0;
	if (buf_putc(&path, '/', e) < 0 || tree_put_path(n, &path, e) < 0 ||
		(S_ISDIR(n->inode->mode) && buf_putc(&path, '/', e) < 0))
		return -1;
	f->inode = n->inode;
	f->path = buf_steal(&path, e);
	esp->n++;
	return f->path ? 0 : -1;
}

static int compare_files(const void *a, const void *b)
{
	const struct file *x = a;
	const struct file *y = b;

	return strcmp(x->path, y->path);
}

static int list_files(struct esp *esp, struct tree *t, struct err *e)
{
	cleanup_free struct tree_node **nodes = NULL;
	size_t n;

	if (tree_sort(t, &nodes, &n, e) < 0)
		return -1;
	esp->files = mem_array(n + 1, sizeof(*esp->files), e);
	if (!esp->files)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (add_file(esp, nodes[i], e) < 0)
			return -1;
	}
	qsort(esp->files, esp->n, sizeof(*esp->files), compare_files);
	return 0;
}

/* A fat_opener; ctx is the struct esp. */
static int open_file(void *ctx, size_t i, int *fd, struct err *e)
{
	const struct esp *esp = ctx;

	if (make_temp(fd, e) < 0)
		return -1;
	return contents_read(esp->contents_fd, esp->files[i].inode, *fd, e);
}

static int write_files(struct esp *esp, int fd, const struct fat_options *opt, struct err *e)
{
	cleanup_free const char **paths = mem_array(esp->n + 1, sizeof(*paths), e);
	cleanup_close int fat_fd = -1;

	if (!paths || make_temp(&fat_fd, e) < 0)
		return -1;
	for (size_t i = 0; i < esp->n; i++)
		paths[i] = esp->files[i].path;
	if (fat_write(fat_fd, opt, paths, esp->n, open_file, esp, e) < 0)
		return -1;
	return contents_copy(fat_fd, fd, opt->offset_bytes, e);
}

static int gather_contents(struct esp *esp, const struct fat_options *opt, struct tree *t,
	const struct contents_layer *layers, size_t n_layers, struct err *e)
{
	if (contents_total(t) > opt->size_bytes)
		return err_set(e, ERR_FORMAT,
			"the files do not fit into %llu MiB; set disk.esp in recipe.yaml to more",
			(unsigned long long)(opt->size_bytes >> 20));
	contents_place(t);
	if (make_temp(&esp->contents_fd, e) < 0)
		return -1;
	return contents_write(esp->contents_fd, t, layers, n_layers, NULL, e);
}

int esp_write(int fd, const struct fat_options *opt, struct tree *t,
	const struct contents_layer *layers, size_t n_layers, struct err *e)
{
	struct esp esp = {.contents_fd = -1};
	int rc = list_files(&esp, t, e);

	if (rc == 0)
		rc = gather_contents(&esp, opt, t, layers, n_layers, e);
	if (rc == 0)
		rc = write_files(&esp, fd, opt, e);
	mem_close_fd(&esp.contents_fd);
	for (size_t i = 0; i < esp.n; i++)
		free(esp.files[i].path);
	free(esp.files);
	return rc;
}
