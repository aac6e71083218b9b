#include "recipe/recipe_parse.h"

#include <string.h>

#include "base/mem.h"
#include "recipe/recipe_files.h"
#include "recipe/recipe_read.h"

/* A value that must be a list of at least one entry; *items gets zeroed room for its entries. */
static const struct ynode *read_list(const struct recipe_reader *rd, const struct ynode *map,
	const char *key, size_t size, void **items, struct err *e)
{
	const struct ynode *list = recipe_read_need(rd, map, key, e);

	if (!list)
		return NULL;
	if (list->kind != YNODE_LIST || list->n == 0) {
		ynode_error(list, rd->path, e, "%s must be a list with at least one entry", key);
		return NULL;
	}
	*items = mem_array(list->n, size, e);
	return *items ? list : NULL;
}

static int parse_archive(const struct recipe_reader *rd, const struct ynode *node,
	struct recipe_archive *a, struct err *e)
{
	static const char *const keys[] = {"name", "suites", "components", NULL};

	if (recipe_read_map(rd, node, "an archive", keys, e) < 0 ||
		recipe_read_need_text(rd, node, "name", WORD_NAME, &a->name, e) < 0 ||
		recipe_read_words(rd, node, "suites", WORD_SUITE, &a->suites, e) < 0 ||
		recipe_read_words(rd, node, "components", WORD_SUITE, &a->components, e) < 0)
		return -1;
	if (a->suites.n == 0 || a->components.n == 0)
		return ynode_error(
			node, rd->path, e, "archive '%s' needs suites and components", a->name);
	return 0;
}

static int parse_archives(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	void *items = NULL;
	const struct ynode *list =
		read_list(rd, r->tree, "archives", sizeof(*r->archives), &items, e);

	r->archives = items;
	for (size_t i = 0; list && i < list->n; i++) {
		r->n_archives = i + 1;
		if (parse_archive(rd, list->items[i], &r->archives[i], e) < 0)
			return -1;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(r->archives[j].name, r->archives[i].name) == 0)
				return ynode_error(list->items[i], rd->path, e,
					"archive '%s' stands twice", r->archives[i].name);
		}
	}
	return list ? 0 : -1;
}

/* Check the key of an entry that becomes a name. */
static int check_key(const struct recipe_reader *rd, const struct ynode *map, size_t i,
	const char *what, struct err *e)
{
	struct ynode key = {.line = map->key_lines[i], .column = map->key_columns[i]};
	const char *why;

	if (recipe_word_is_valid(WORD_NAME, map->keys[i], &why))
		return 0;
	return ynode_error(&key, rd->path, e, "%s '%s' %s", what, map->keys[i], why);
}

static int parse_options(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	static const char *const keys[] = {"description", "packages", NULL};
	const struct ynode *map = ynode_get(r->tree, "options");

	if (!map)
		return 0;
	if (map->kind != YNODE_MAP)
		return ynode_error(map, rd->path, e, "options must be a map, found %s",
			ynode_kind_name(map->kind));
	r->options = mem_array(map->n + 1, sizeof(*r->options), e);
	if (!r->options)
		return -1;
	for (size_t i = 0; i < map->n; i++) {
		struct recipe_option *o = &r->options[i];

		r->n_options = i + 1;
		if (check_key(rd, map, i, "option", e) < 0 ||
			recipe_read_map(rd, map->items[i], "an option", keys, e) < 0 ||
			recipe_read_need_text(rd, map->items[i], "description", WORD_ANY,
				&o->description, e) < 0 ||
			recipe_read_words(
				rd, map->items[i], "packages", WORD_PACKAGE, &o->packages, e) < 0)
			return -1;
		o->name = mem_strdup(map->keys[i], e);
		if (!o->name)
			return -1;
	}
	return 0;
}

static int parse_arch(const struct recipe_reader *rd, const struct ynode *node,
	struct recipe_arch *a, struct err *e)
{
	static const char *const keys[] = {"packages", "esp", NULL};
	const struct ynode *esp;
	void *items = NULL;

	if (recipe_read_map(rd, node, "an architecture", keys, e) < 0 ||
		recipe_read_words(rd, node, "packages", WORD_PACKAGE, &a->packages, e) < 0)
		return -1;
	esp = read_list(rd, node, "esp", sizeof(*a->esp), &items, e);
	if (!esp)
		return -1;
	a->esp = items;
	a->n_esp = esp->n;
	return recipe_parse_esp(rd, esp, a->esp, e);
}

static int parse_arches(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	static const char *const known[] = {"x86_64", "aarch64", NULL};
	const struct ynode *map = recipe_read_need(rd, r->tree, "arches", e);

	if (!map || recipe_read_map(rd, map, "arches", known, e) < 0)
		return -1;
	if (map->n == 0)
		return ynode_error(map, rd->path, e, "arches names no architecture");
	r->arches = mem_array(map->n, sizeof(*r->arches), e);
	if (!r->arches)
		return -1;
	for (size_t i = 0; i < map->n; i++) {
		r->n_arches = i + 1;
		r->arches[i].name = mem_strdup(map->keys[i], e);
		if (!r->arches[i].name || parse_arch(rd, map->items[i], &r->arches[i], e) < 0)
			return -1;
	}
	return 0;
}

static int parse_disk(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	static const char *const keys[] = {"size", "esp", NULL};
	const struct ynode *disk = recipe_read_need(rd, r->tree, "disk", e);

	if (!disk || recipe_read_map(rd, disk, "disk", keys, e) < 0 ||
		recipe_read_size(rd, disk, "size", &r->disk_size_bytes, e) < 0 ||
		recipe_read_size(rd, disk, "esp", &r->esp_size_bytes, e) < 0)
		return -1;
	if (r->esp_size_bytes >= r->disk_size_bytes)
		return ynode_error(disk, rd->path, e, "esp must be smaller than size");
	return 0;
}

static int parse_allow(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	static const char *const kinds[] = {"setuid", "units", "sudoers", NULL};
	const struct ynode *map = ynode_get(r->tree, "allow");

	if (!map)
		return 0;
	if (recipe_read_map(rd, map, "allow", kinds, e) < 0)
		return -1;
	for (size_t i = 0; i < map->n; i++) {
		cleanup_free char *path = NULL;

		if (recipe_read_text(rd, map->items[i], map->keys[i], WORD_REPO_PATH, &path, e) <
				0 ||
			strv_addf(&r->allow_files, e, "%s=%s", map->keys[i], path) < 0)
			return -1;
	}
	return 0;
}

static int parse_vars(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	r->vars = ynode_get(r->tree, "vars");
	if (r->vars && r->vars->kind != YNODE_MAP)
		return ynode_error(r->vars, rd->path, e, "vars must be a map, found %s",
			ynode_kind_name(r->vars->kind));
	return 0;
}

static int parse_family(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	if (recipe_read_need_text(rd, r->tree, "family", WORD_NAME, &r->family, e) < 0)
		return -1;
	if (strcmp(r->family, "deb") != 0)
		return ynode_error(ynode_get(r->tree, "family"), rd->path, e,
			"family '%s' is not known; there is: deb", r->family);
	return 0;
}

int recipe_parse(struct recipe *r, struct err *e)
{
	static const char *const keys[] = {"name", "description", "default", "family", "suite",
		"archives", "packages", "options", "arches", "disk", "files", "delete", "lima",
		"vars", "allow", NULL};
	struct recipe_reader rd = {r->path};
	const struct ynode *t = r->tree;

	if (recipe_read_map(&rd, t, "a recipe", keys, e) < 0 ||
		recipe_read_need_text(&rd, t, "name", WORD_NAME, &r->name, e) < 0 ||
		recipe_read_need_text(&rd, t, "description", WORD_ANY, &r->description, e) < 0 ||
		recipe_read_bool(&rd, t, "default", &r->is_default, e) < 0 ||
		parse_family(&rd, r, e) < 0 ||
		recipe_read_need_text(&rd, t, "suite", WORD_NAME, &r->suite, e) < 0 ||
		parse_archives(&rd, r, e) < 0 ||
		recipe_read_words(&rd, t, "packages", WORD_PACKAGE, &r->packages, e) < 0 ||
		parse_options(&rd, r, e) < 0 || parse_arches(&rd, r, e) < 0 ||
		parse_disk(&rd, r, e) < 0 || recipe_parse_files(&rd, r, e) < 0 ||
		recipe_read_words(&rd, t, "delete", WORD_IMAGE_PATH, &r->delete_paths, e) < 0 ||
		recipe_read_need_text(&rd, t, "lima", WORD_REPO_PATH, &r->lima, e) < 0)
		return -1;
	return parse_vars(&rd, r, e) < 0 || parse_allow(&rd, r, e) < 0 ? -1 : 0;
}
