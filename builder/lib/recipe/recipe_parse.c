#include "recipe/recipe_parse.h"

#include <string.h>

#include "base/mem.h"
#include "recipe/recipe_archives.h"
#include "recipe/recipe_files.h"
#include "recipe/recipe_read.h"

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

static int parse_arch(const struct recipe_reader *rd, const struct recipe *r,
	const struct ynode *node, struct recipe_arch *a, struct err *e)
{
	static const char *const keys[] = {"packages", "base", "esp", NULL};
	const struct ynode *esp;
	void *items = NULL;

	if (recipe_read_map(rd, node, "an architecture", keys, e) < 0 ||
		recipe_read_words(rd, node, "packages", WORD_PACKAGE, &a->packages, e) < 0 ||
		recipe_parse_base(rd, r, node, a, e) < 0)
		return -1;
	if (r->keep && !ynode_get(node, "esp"))
		return 0;
	esp = recipe_read_list(rd, node, "esp", sizeof(*a->esp), &items, e);
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
		if (!r->arches[i].name || parse_arch(rd, r, map->items[i], &r->arches[i], e) < 0)
			return -1;
	}
	return 0;
}

static int parse_disk(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	static const char *const keys[] = {"size", "esp", "keep", NULL};
	const struct ynode *disk = recipe_read_need(rd, r->tree, "disk", e);

	if (!disk || recipe_read_map(rd, disk, "disk", keys, e) < 0 ||
		recipe_read_size(rd, disk, "size", &r->disk_size_bytes, e) < 0 ||
		recipe_read_size(rd, disk, "esp", &r->esp_size_bytes, e) < 0 ||
		recipe_read_bool(rd, disk, "keep", &r->keep, e) < 0)
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
	if (strcmp(r->family, "deb") != 0 && strcmp(r->family, "apk") != 0)
		return ynode_error(ynode_get(r->tree, "family"), rd->path, e,
			"family '%s' is not known; there are: deb, apk", r->family);
	return 0;
}

static int parse_pack(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	if (recipe_read_opt_text(rd, r->tree, "pack", WORD_NAME, &r->pack, e) < 0)
		return -1;
	if (r->pack && strcmp(r->pack, "xz") != 0 && strcmp(r->pack, "zst") != 0)
		return ynode_error(ynode_get(r->tree, "pack"), rd->path, e,
			"pack '%s' is not known; there are: xz, zst", r->pack);
	return 0;
}

/* A base goes with operations on it; there is one for all architectures or for none. */
static int check_bases(const struct recipe_reader *rd, const struct recipe *r, struct err *e)
{
	const struct ynode *t = r->tree;
	const struct recipe_base *first = r->arches[0].base;

	for (size_t i = 1; i < r->n_arches; i++) {
		if (!r->arches[i].base != !first)
			return ynode_error(ynode_get(t, "arches"), rd->path, e,
				"either all architectures have a base or none has");
	}
	if (first && !r->customize)
		return ynode_error(
			t, rd->path, e, "key 'customize' is missing: what is done to the base");
	if (!first && r->customize)
		return ynode_error(ynode_get(t, "customize"), rd->path, e,
			"customize is for recipes whose architectures have a base");
	if (!first && r->keep)
		return ynode_error(
			ynode_get(t, "disk"), rd->path, e, "keep: there is no base to keep");
	if (!first && strcmp(r->family, "apk") == 0)
		return ynode_error(ynode_get(t, "family"), rd->path, e,
			"a recipe of family apk needs a base for each architecture");
	return 0;
}

int recipe_parse(struct recipe *r, struct err *e)
{
	static const char *const keys[] = {"name", "description", "default", "family", "suite",
		"archives", "packages", "options", "arches", "disk", "customize", "files", "delete",
		"lima", "vars", "allow", "pack", NULL};
	struct recipe_reader rd = {r->path};
	const struct ynode *t = r->tree;

	if (recipe_read_map(&rd, t, "a recipe", keys, e) < 0 ||
		recipe_read_need_text(&rd, t, "name", WORD_NAME, &r->name, e) < 0 ||
		recipe_read_need_text(&rd, t, "description", WORD_ANY, &r->description, e) < 0 ||
		recipe_read_bool(&rd, t, "default", &r->is_default, e) < 0 ||
		parse_family(&rd, r, e) < 0 ||
		recipe_read_need_text(&rd, t, "suite", WORD_NAME, &r->suite, e) < 0 ||
		recipe_parse_archives(&rd, r, e) < 0 ||
		recipe_read_words(&rd, t, "packages", WORD_PACKAGE, &r->packages, e) < 0 ||
		parse_options(&rd, r, e) < 0 || parse_disk(&rd, r, e) < 0 ||
		parse_arches(&rd, r, e) < 0 || recipe_parse_files(&rd, r, e) < 0 ||
		recipe_read_opt_text(&rd, t, "customize", WORD_REPO_PATH, &r->customize, e) < 0 ||
		recipe_read_words(&rd, t, "delete", WORD_IMAGE_PATH, &r->delete_paths, e) < 0 ||
		recipe_read_need_text(&rd, t, "lima", WORD_REPO_PATH, &r->lima, e) < 0)
		return -1;
	if (parse_vars(&rd, r, e) < 0 || parse_allow(&rd, r, e) < 0 || parse_pack(&rd, r, e) < 0)
		return -1;
	return check_bases(&rd, r, e);
}
