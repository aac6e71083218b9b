#include "image/disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/contents.h"
#include "image/fat.h"
#include "image/gpt.h"
#include "image/overlay.h"
#include "image/tar.h"

struct build {
	const struct layout *l;
	int fd;
	enum progress_mode progress;
	struct disk_report *report;
	struct tree *tree;
	struct contents_layer *layers; /* l->layers.n of them; fd is -1 until opened */
	struct layout_file *esp_files; /* copies, sorted by path; the layout owns the text */
};

static int plan_partitions(struct build *b, struct err *e)
{
	const struct layout *l = b->l;
	struct disk_report *r = b->report;
	/* One unit before for the table, one behind for its backup. */
	uint64_t used = GPT_ALIGN_BYTES + l->esp_bytes + GPT_ALIGN_BYTES;

	if (l->size_bytes <= used)
		return err_set(e, ERR_FORMAT,
			"%s: size leaves no room for the root file system; set disk.size in "
			"recipe.yaml to more than %llu MiB",
			l->path, (unsigned long long)(used >> 20));
	r->esp.start_bytes = GPT_ALIGN_BYTES;
	r->esp.size_bytes = l->esp_bytes;
	r->esp.name = "esp";
	r->esp.type = gpt_type_esp;
	r->root.start_bytes = GPT_ALIGN_BYTES + l->esp_bytes;
	r->root.size_bytes = l->size_bytes - used;
	r->root.name = "root";
	r->root.type = gpt_type_root(l->arch);
	if (!r->root.type)
		return err_set(e, ERR_UNSUPPORTED,
			"%s: architecture '%s' is not known; there are x86_64 and aarch64", l->path,
			l->arch);
	if (ident_uuid_text(l->identity, IDENT_GPT_DISK, r->disk_uuid, e) < 0 ||
		ident_uuid_text(l->identity, IDENT_GPT_ESP, r->esp.uuid, e) < 0)
		return -1;
	return ident_uuid_text(l->identity, IDENT_GPT_ROOT, r->root.uuid, e);
}

static int write_table(struct build *b, struct err *e)
{
	const struct disk_part *parts[] = {&b->report->esp, &b->report->root};
	struct gpt_partition table[2];

	for (size_t i = 0; i < 2; i++)
		table[i] = (struct gpt_partition){parts[i]->start_bytes, parts[i]->size_bytes,
			parts[i]->type, parts[i]->uuid, parts[i]->name};
	if (ftruncate(b->fd, (off_t)b->l->size_bytes) < 0)
		return err_set_errno(e, ERR_IO, "set the size of the disk");
	return gpt_write(b->fd, b->report->disk_uuid, table, 2, e);
}

static int read_layers(struct build *b, struct err *e)
{
	const struct strv *paths = &b->l->layers;
	cleanup_progress struct progress *p = progress_new(b->progress, "read layers", paths->n);

	b->layers = mem_array(paths->n + 1, sizeof(*b->layers), e);
	if (!b->layers)
		return -1;
	for (size_t i = 0; i < paths->n; i++)
		b->layers[i].fd = -1;
	for (size_t i = 0; i < paths->n; i++) {
		b->layers[i].name = paths->items[i];
		b->layers[i].fd = io_open_read(paths->items[i], e);
		if (b->layers[i].fd < 0 || tar_scan(b->layers[i].fd, paths->items[i], (uint32_t)i,
						   b->tree, b->l->size_bytes, e) < 0)
			return -1;
		progress_update(p, i + 1);
	}
	progress_finish(p);
	return 0;
}

static int write_root(struct build *b, struct err *e)
{
	struct disk_report *r = b->report;
	struct ext4_options opt = {.offset_bytes = r->root.start_bytes,
		.size_bytes = r->root.size_bytes,
		.epoch_s = b->l->epoch_s};
	uint64_t needed;

	if (ident_uuid(b->l->identity, IDENT_EXT4_UUID, opt.uuid, e) < 0 ||
		ident_uuid(b->l->identity, IDENT_EXT4_HASH_SEED, opt.hash_seed, e) < 0)
		return -1;
	uuid5_format(opt.uuid, r->ext4_uuid);
	r->contents_bytes = contents_total(b->tree);
	if (ext4_write(b->fd, &opt, b->tree, &r->ext4, &needed, e) < 0) {
		if (needed == 0)
			return err_prefix(e, "%s", b->l->path);
		return err_set(e, ERR_FORMAT,
			"%s: the contents do not fit into %llu MiB; set disk.size in recipe.yaml "
			"to %llu MiB or more",
			b->l->path, (unsigned long long)(b->l->size_bytes >> 20),
			(unsigned long long)((b->l->size_bytes - r->root.size_bytes + needed) >>
					     20));
	}
	cleanup_progress struct progress *p =
		progress_new(b->progress, "write root file system", r->contents_bytes);
	if (contents_write(b->fd, b->tree, b->layers, b->l->layers.n, p, e) < 0)
		return -1;
	progress_finish(p);
	return 0;
}

static int make_temp(int *fd, struct err *e)
{
	*fd = memfd_create("esp", MFD_CLOEXEC);
	return *fd < 0 ? err_set_errno(e, ERR_IO, "make a temporary file in memory") : 0;
}

/* A fat_opener; ctx is the build. */
static int open_esp_file(void *ctx, size_t i, int *fd, struct err *e)
{
	struct build *b = ctx;
	const struct layout_file *f = &b->esp_files[i];
	struct tree_node *n;

	if (f->kind == LAYOUT_SOURCE) {
		*fd = io_open_read(f->value, e);
		return *fd < 0 ? -1 : 0;
	}
	if (make_temp(fd, e) < 0)
		return -1;
	if (f->kind == LAYOUT_CONTENT)
		return io_write_full(*fd, f->value, strlen(f->value), e);
	if (tree_find(b->tree, f->value, &n, e) < 0)
		return -1;
	if (!n || !S_ISREG(n->inode->mode))
		return err_set(e, ERR_FORMAT,
			"%s: %s is %s in the root file system; add the package that has it",
			f->path, f->value, n ? "no regular file" : "not there");
	return contents_read(b->fd, n->inode, *fd, e);
}

static int compare_paths(const void *a, const void *b)
{
	const struct layout_file *x = a;
	const struct layout_file *y = b;

	return strcmp(x->path, y->path);
}

static int write_esp(struct build *b, struct err *e)
{
	size_t n = b->l->n_esp_files;
	cleanup_free const char **paths = mem_array(n + 1, sizeof(*paths), e);
	cleanup_close int fd = -1;
	struct fat_options opt = {.size_bytes = b->report->esp.size_bytes,
		.offset_bytes = b->report->esp.start_bytes,
		.label = "ESP",
		.epoch_s = b->l->epoch_s};

	b->esp_files = mem_array(n + 1, sizeof(*b->esp_files), e);
	if (!paths || !b->esp_files || make_temp(&fd, e) < 0 ||
		ident_fat_serial(b->l->identity, &opt.serial, b->report->fat_serial, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		b->esp_files[i] = b->l->esp_files[i];
	qsort(b->esp_files, n, sizeof(*b->esp_files), compare_paths);
	for (size_t i = 0; i < n; i++)
		paths[i] = b->esp_files[i].path;
	if (fat_write(fd, &opt, paths, n, open_esp_file, b, e) < 0)
		return err_prefix(e, "%s: EFI system partition", b->l->path);
	return contents_copy(fd, b->fd, opt.offset_bytes, e);
}

static int build_disk(struct build *b, struct err *e)
{
	if (plan_partitions(b, e) < 0 || tree_new(&b->tree, b->l->epoch_s, e) < 0 ||
		read_layers(b, e) < 0 || overlay_apply(b->l, b->tree, e) < 0 ||
		write_table(b, e) < 0 || write_root(b, e) < 0)
		return -1;
	return write_esp(b, e);
}

int disk_build(const struct layout *l, int fd, enum progress_mode progress,
	struct disk_report *report, struct err *e)
{
	struct build b = {.l = l, .fd = fd, .progress = progress, .report = report};

	memset(report, 0, sizeof(*report));
	int rc = build_disk(&b, e);
	for (size_t i = 0; b.layers && i < l->layers.n; i++)
		mem_close_fd(&b.layers[i].fd);
	free(b.layers);
	free(b.esp_files);
	tree_free(b.tree);
	return rc;
}
