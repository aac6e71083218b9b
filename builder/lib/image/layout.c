#include "image/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "recipe/recipe_read.h"
#include "yaml/ynode.h"

#define LAYOUT_SIZE_MAX ((size_t)4 * 1024 * 1024)

struct parse {
	struct recipe_reader rd;
	char *folder; /* of the layout file */
};

static char *host_path(const struct parse *p, const char *path, struct err *e)
{
	if (path[0] == '/' || strcmp(p->folder, ".") == 0)
		return mem_strdup(path, e);
	return mem_printf(e, "%s/%s", p->folder, path);
}

/* Which one of the keys says what a file is made of; exactly one must be there. */
static int read_kind(const struct parse *p, const struct ynode *node, const char *const keys[],
	const char *allowed, struct layout_file *f, struct err *e)
{
	const struct ynode *value = NULL;
	unsigned n = 0;

	for (unsigned kind = 0; kind <= LAYOUT_DIRECTORY; kind++) {
		const struct ynode *found = keys[kind] ? ynode_get(node, keys[kind]) : NULL;

		if (!found)
			continue;
		value = found;
		f->kind = kind;
		n++;
	}
	if (n != 1)
		return ynode_error(
			node, p->rd.path, e, "%s needs exactly one of %s", f->path, allowed);
	if (f->kind == LAYOUT_DIRECTORY && (value->kind != YNODE_BOOL || !value->num))
		return ynode_error(value, p->rd.path, e, "directory must be true");
	if (f->kind == LAYOUT_DIRECTORY)
		return 0;
	if (value->kind != YNODE_STRING || (f->kind != LAYOUT_CONTENT && !*value->text))
		return ynode_error(value, p->rd.path, e, "%s must be text, found %s", keys[f->kind],
			value->kind == YNODE_STRING ? "nothing" : ynode_kind_name(value->kind));
	f->value = f->kind == LAYOUT_SOURCE ? host_path(p, value->text, e)
					    : mem_strdup(value->text, e);
	return f->value ? 0 : -1;
}

static int read_esp_file(
	const struct parse *p, const struct ynode *node, struct layout_file *f, struct err *e)
{
	static const char *const keys[] = {"path", "from", "source", "content", NULL};
	static const char *const kinds[] = {[LAYOUT_FROM] = "from",
		[LAYOUT_SOURCE] = "source",
		[LAYOUT_CONTENT] = "content",
		[LAYOUT_DIRECTORY] = NULL};

	if (recipe_read_map(&p->rd, node, "a file of the ESP", keys, e) < 0 ||
		recipe_read_need_text(&p->rd, node, "path", WORD_IMAGE_PATH, &f->path, e) < 0)
		return -1;
	return read_kind(p, node, kinds, "from, source and content", f, e);
}

static int read_root_file(
	const struct parse *p, const struct ynode *node, struct layout_file *f, struct err *e)
{
	static const char *const keys[] = {
		"path", "source", "content", "symlink", "directory", "mode", "uid", "gid", NULL};
	static const char *const kinds[] = {[LAYOUT_SOURCE] = "source",
		[LAYOUT_CONTENT] = "content",
		[LAYOUT_SYMLINK] = "symlink",
		[LAYOUT_DIRECTORY] = "directory"};

	if (recipe_read_map(&p->rd, node, "a file", keys, e) < 0 ||
		recipe_read_need_text(&p->rd, node, "path", WORD_IMAGE_PATH, &f->path, e) < 0 ||
		read_kind(p, node, kinds, "source, content, symlink and directory", f, e) < 0)
		return -1;
	f->mode = f->kind == LAYOUT_DIRECTORY ? 0755 : f->kind == LAYOUT_SYMLINK ? 0777 : 0644;
	if (f->kind == LAYOUT_SYMLINK && ynode_get(node, "mode"))
		return ynode_error(node, p->rd.path, e, "%s: a symlink has no mode", f->path);
	if (recipe_read_mode(&p->rd, node, "mode", &f->mode, e) < 0 ||
		recipe_read_u32(&p->rd, node, "uid", UINT32_MAX - 1, &f->uid, e) < 0)
		return -1;
	return recipe_read_u32(&p->rd, node, "gid", UINT32_MAX - 1, &f->gid, e);
}

typedef int read_file(
	const struct parse *p, const struct ynode *node, struct layout_file *f, struct err *e);

/* map["files"] into *files, if it is there. */
static int read_files(const struct parse *p, const struct ynode *map, read_file *read,
	struct layout_file **files, size_t *n, struct err *e)
{
	const struct ynode *list = ynode_get(map, "files");

	if (!list)
		return 0;
	if (list->kind != YNODE_LIST)
		return ynode_error(list, p->rd.path, e, "files must be a list, found %s",
			ynode_kind_name(list->kind));
	*files = mem_array(list->n + 1, sizeof(**files), e);
	if (!*files)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		*n = i + 1;
		if (read(p, list->items[i], &(*files)[i], e) < 0)
			return -1;
		for (size_t j = 0; j < i; j++) {
			if (strcmp((*files)[j].path, (*files)[i].path) == 0)
				return ynode_error(list->items[i], p->rd.path, e, "%s stands twice",
					(*files)[i].path);
		}
	}
	return 0;
}

/* map["layers"], if it is there. */
static int read_layers(
	const struct parse *p, const struct ynode *map, struct strv *layers, struct err *e)
{
	cleanup_strv struct strv words = {0};

	if (recipe_read_words(&p->rd, map, "layers", WORD_ANY, &words, e) < 0)
		return -1;
	for (size_t i = 0; i < words.n; i++) {
		if (strv_take(layers, host_path(p, words.items[i], e), e) < 0)
			return -1;
	}
	return 0;
}

static int read_keep(
	const struct parse *p, const struct ynode *top, struct layout *l, struct err *e)
{
	cleanup_free char *path = NULL;

	if (recipe_read_opt_text(&p->rd, top, "keep", WORD_ANY, &path, e) < 0)
		return -1;
	if (path)
		l->keep = host_path(p, path, e);
	return path && !l->keep ? -1 : 0;
}

static int read_root(
	const struct parse *p, const struct ynode *top, struct layout *l, struct err *e)
{
	static const char *const keys[] = {"layers", "files", "delete", NULL};
	const struct ynode *root = recipe_read_need(&p->rd, top, "root", e);

	if (!root || recipe_read_map(&p->rd, root, "root", keys, e) < 0 ||
		read_layers(p, root, &l->layers, e) < 0 ||
		recipe_read_words(&p->rd, root, "delete", WORD_IMAGE_PATH, &l->delete_paths, e) < 0)
		return -1;
	return read_files(p, root, read_root_file, &l->files, &l->n_files, e);
}

static int read_esp(const struct parse *p, const struct ynode *top, struct layout *l, struct err *e)
{
	static const char *const keys[] = {"size", "layers", "files", NULL};
	const struct ynode *esp = recipe_read_need(&p->rd, top, "esp", e);

	if (!esp || recipe_read_map(&p->rd, esp, "esp", keys, e) < 0 ||
		recipe_read_size(&p->rd, esp, "size", &l->esp_bytes, e) < 0 ||
		read_layers(p, esp, &l->esp_layers, e) < 0)
		return -1;
	return read_files(p, esp, read_esp_file, &l->esp_files, &l->n_esp_files, e);
}

static int read_epoch(
	const struct parse *p, const struct ynode *top, struct layout *l, struct err *e)
{
	const struct ynode *node = recipe_read_need(&p->rd, top, "epoch", e);

	if (!node)
		return -1;
	/* 0 means "now" to libext2fs. */
	if (node->kind != YNODE_INT || node->num < 1 || node->num > UINT32_MAX)
		return ynode_error(node, p->rd.path, e,
			"epoch must be a number of seconds from 1 to 4294967295");
	l->epoch_s = node->num;
	return 0;
}

static int read_top(const struct parse *p, const struct ynode *top, struct layout *l, struct err *e)
{
	static const char *const keys[] = {
		"identity", "arch", "epoch", "size", "keep", "esp", "root", NULL};

	if (recipe_read_map(&p->rd, top, "the layout", keys, e) < 0 ||
		recipe_read_need_text(&p->rd, top, "identity", WORD_ANY, &l->identity, e) < 0 ||
		recipe_read_need_text(&p->rd, top, "arch", WORD_NAME, &l->arch, e) < 0 ||
		read_epoch(p, top, l, e) < 0 ||
		recipe_read_size(&p->rd, top, "size", &l->size_bytes, e) < 0 ||
		read_keep(p, top, l, e) < 0 || read_esp(p, top, l, e) < 0)
		return -1;
	return read_root(p, top, l, e);
}

int layout_parse(struct layout **out, const char *data, size_t len, const char *path, struct err *e)
{
	cleanup_layout struct layout *l = mem_zalloc(sizeof(*l), e);
	cleanup_ynode struct ynode *top = NULL;
	cleanup_free char *folder = io_dirname(path, e);
	struct parse p = {.rd = {.path = path}, .folder = folder};

	*out = NULL;
	if (!l || !folder || !(l->path = mem_strdup(path, e)))
		return -1;
	if (ynode_parse(&top, data, len, path, e) < 0 || read_top(&p, top, l, e) < 0)
		return -1;
	*out = steal_ptr(&l);
	return 0;
}

int layout_load(struct layout **out, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	*out = NULL;
	if (io_read_file(path, LAYOUT_SIZE_MAX, &text, e) < 0)
		return -1;
	return layout_parse(out, buf_str(&text), text.len, path, e);
}

static void free_files(struct layout_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(files[i].path);
		free(files[i].value);
	}
	free(files);
}

void layout_free(struct layout *l)
{
	if (!l)
		return;
	free_files(l->esp_files, l->n_esp_files);
	free_files(l->files, l->n_files);
	strv_release(&l->layers);
	strv_release(&l->esp_layers);
	strv_release(&l->delete_paths);
	free(l->identity);
	free(l->arch);
	free(l->keep);
	free(l->path);
	free(l);
}
