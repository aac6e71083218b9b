#include "recipe/recipe_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define ID_MAX 65534u
#define FILE_MODE 0644u
#define DIRECTORY_MODE 0755u

/* content may hold newlines and anything else that YAML can say, but for NUL. */
static int read_content(const struct recipe_reader *rd, const struct ynode *node,
	struct recipe_file *f, struct err *e)
{
	const struct ynode *content = ynode_get(node, "content");

	if (!content)
		return 0;
	if (content->kind != YNODE_STRING)
		return ynode_error(content, rd->path, e, "content must be text, found %s",
			ynode_kind_name(content->kind));
	f->content = mem_strdup(content->text, e);
	return f->content ? 0 : -1;
}

/* Exactly one of the keys that say what a file is made of. */
static int check_one_kind(const struct recipe_reader *rd, const struct ynode *node,
	const struct recipe_file *f, const char *kinds, struct err *e)
{
	int n = !!f->template_path + !!f->source + !!f->content + !!f->symlink + !!f->from +
		f->directory;

	if (n == 1)
		return 0;
	return ynode_error(node, rd->path, e, "%s needs exactly one of %s", f->path, kinds);
}

static int check_new_path(const struct recipe_reader *rd, const struct ynode *node,
	const struct recipe_file *files, size_t i, struct err *e)
{
	for (size_t j = 0; j < i; j++) {
		if (strcmp(files[j].path, files[i].path) == 0)
			return ynode_error(node, rd->path, e, "%s stands twice", files[i].path);
	}
	return 0;
}

static int parse_esp_file(const struct recipe_reader *rd, const struct ynode *node,
	struct recipe_file *f, struct err *e)
{
	static const char *const keys[] = {"path", "from", "template", "source", NULL};

	f->mode = FILE_MODE;
	if (recipe_read_map(rd, node, "a file of the ESP", keys, e) < 0 ||
		recipe_read_need_text(rd, node, "path", WORD_IMAGE_PATH, &f->path, e) < 0 ||
		recipe_read_opt_text(rd, node, "from", WORD_IMAGE_PATH, &f->from, e) < 0 ||
		recipe_read_opt_text(rd, node, "template", WORD_REPO_PATH, &f->template_path, e) <
			0 ||
		recipe_read_opt_text(rd, node, "source", WORD_REPO_PATH, &f->source, e) < 0)
		return -1;
	return check_one_kind(rd, node, f, "from, template and source", e);
}

int recipe_parse_esp(const struct recipe_reader *rd, const struct ynode *list,
	struct recipe_file *esp, struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		if (parse_esp_file(rd, list->items[i], &esp[i], e) < 0 ||
			check_new_path(rd, list->items[i], esp, i, e) < 0)
			return -1;
	}
	return 0;
}

static int parse_file(const struct recipe_reader *rd, const struct ynode *node,
	struct recipe_file *f, struct err *e)
{
	static const char *const keys[] = {"path", "template", "source", "content", "symlink",
		"directory", "mode", "uid", "gid", NULL};

	if (recipe_read_map(rd, node, "a file", keys, e) < 0 ||
		recipe_read_need_text(rd, node, "path", WORD_IMAGE_PATH, &f->path, e) < 0 ||
		recipe_read_opt_text(rd, node, "template", WORD_REPO_PATH, &f->template_path, e) <
			0 ||
		recipe_read_opt_text(rd, node, "source", WORD_REPO_PATH, &f->source, e) < 0 ||
		read_content(rd, node, f, e) < 0 ||
		recipe_read_opt_text(rd, node, "symlink", WORD_ANY, &f->symlink, e) < 0 ||
		recipe_read_bool(rd, node, "directory", &f->directory, e) < 0)
		return -1;
	if (check_one_kind(rd, node, f, "template, source, content, symlink and directory", e) < 0)
		return -1;
	if (f->symlink && (!*f->symlink || ynode_get(node, "mode")))
		return ynode_error(
			node, rd->path, e, "%s: a symlink has a target and no mode", f->path);
	f->mode = f->directory ? DIRECTORY_MODE : FILE_MODE;
	if (recipe_read_mode(rd, node, "mode", &f->mode, e) < 0 ||
		recipe_read_u32(rd, node, "uid", ID_MAX, &f->uid, e) < 0)
		return -1;
	return recipe_read_u32(rd, node, "gid", ID_MAX, &f->gid, e);
}

int recipe_parse_files(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	const struct ynode *list = ynode_get(r->tree, "files");

	if (!list)
		return 0;
	if (list->kind != YNODE_LIST)
		return ynode_error(list, rd->path, e, "files must be a list, found %s",
			ynode_kind_name(list->kind));
	r->files = mem_array(list->n + 1, sizeof(*r->files), e);
	if (!r->files)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		r->n_files = i + 1;
		if (parse_file(rd, list->items[i], &r->files[i], e) < 0 ||
			check_new_path(rd, list->items[i], r->files, i, e) < 0)
			return -1;
	}
	return 0;
}

void recipe_files_free(struct recipe_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(files[i].path);
		free(files[i].template_path);
		free(files[i].source);
		free(files[i].content);
		free(files[i].symlink);
		free(files[i].from);
	}
	free(files);
}
