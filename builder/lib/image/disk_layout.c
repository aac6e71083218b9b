#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/disk.h"
#include "image/overlay.h"
#include "image/tar.h"

struct sources {
	const struct layout *l;
	enum progress_mode progress;
	struct tree *root;
	struct tree *esp;
	struct contents_layer *layers; /* root's, then the ESP's; fd is -1 until opened */
	size_t n_layers;
};

static int read_layer(
	struct sources *s, size_t i, struct tree *t, uint64_t size_bytes, struct err *e)
{
	struct contents_layer *layer = &s->layers[i];

	layer->fd = io_open_read(layer->name, e);
	if (layer->fd < 0)
		return -1;
	return tar_scan(layer->fd, layer->name, (uint32_t)i, t, size_bytes, e);
}

static int read_layers(struct sources *s, struct err *e)
{
	const struct strv *root = &s->l->layers;
	const struct strv *esp = &s->l->esp_layers;
	size_t n = root->n + esp->n;
	cleanup_progress struct progress *p = progress_new(s->progress, "read layers", n);

	s->layers = mem_array(n + 1, sizeof(*s->layers), e);
	if (!s->layers)
		return -1;
	for (; s->n_layers < n; s->n_layers++) {
		bool is_root = s->n_layers < root->n;

		s->layers[s->n_layers].fd = -1;
		s->layers[s->n_layers].name =
			is_root ? root->items[s->n_layers] : esp->items[s->n_layers - root->n];
	}
	for (size_t i = 0; i < n; i++) {
		bool is_root = i < root->n;

		if (read_layer(s, i, is_root ? s->root : s->esp,
			    is_root ? s->l->size_bytes : s->l->esp_bytes, e) < 0)
			return -1;
		progress_update(p, i + 1);
	}
	progress_finish(p);
	return 0;
}

static int make_trees(struct sources *s, int fd, struct err *e)
{
	const struct layout *l = s->l;

	if (tree_new(&s->root, l->epoch_s, e) < 0 || tree_new(&s->esp, l->epoch_s, e) < 0 ||
		read_layers(s, e) < 0 || overlay_apply(l, s->root, e) < 0)
		return -1;
	return overlay_apply_esp(l, s->esp, s->root, fd, e);
}

static int build(struct sources *s, int fd, struct disk_report *report, struct err *e)
{
	const struct layout *l = s->l;
	struct disk_keep keep = {0};
	struct disk_source source = {.name = l->path,
		.size_name = "disk.size in recipe.yaml",
		.identity = l->identity,
		.arch = l->arch,
		.keep = &keep,
		.epoch_s = l->epoch_s,
		.size_bytes = l->size_bytes,
		.esp_bytes = l->esp_bytes};

	if ((l->keep && keep_load(&keep, l->keep, e) < 0) || make_trees(s, fd, e) < 0)
		return -1;
	source.root = s->root;
	source.esp = s->esp;
	source.layers = s->layers;
	source.n_layers = s->n_layers;
	return disk_build_trees(&source, fd, s->progress, report, e);
}

int disk_build(const struct layout *l, int fd, enum progress_mode progress,
	struct disk_report *report, struct err *e)
{
	struct sources s = {.l = l, .progress = progress};
	int rc = build(&s, fd, report, e);

	for (size_t i = 0; i < s.n_layers; i++)
		mem_close_fd(&s.layers[i].fd);
	free(s.layers);
	tree_free(s.root);
	tree_free(s.esp);
	return rc;
}
