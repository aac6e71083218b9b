#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "options.h"
#include "tmpl/tmpl.h"
#include "yaml/ynode.h"

#define MAX_KEY_DEPTH 16

/* Move the members of *from into *data; those of *from win. */
static int merge(struct ynode *data, struct ynode *from, struct err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		if (ynode_set(data, from->keys[i], steal_ptr(&from->items[i]), e) < 0)
			return -1;
	}
	return 0;
}

static int load_data(const struct render_options *o, struct ynode *data, struct err *e)
{
	for (size_t i = 0; i < o->data.n; i++) {
		const char *path = o->data.items[i];
		cleanup_ynode struct ynode *file = NULL;

		if (ynode_load(&file, path, e) < 0)
			return -1;
		if (file->kind != YNODE_MAP && file->kind != YNODE_NULL)
			return ynode_error(file, path, e, "data must be a map, this is a %s",
				ynode_kind_name(file->kind));
		if (merge(data, file, e) < 0)
			return -1;
	}
	return 0;
}

/* The map under key in map, made when absent. */
static struct ynode *enter(struct ynode *map, const char *key, struct err *e)
{
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->keys[i], key) != 0)
			continue;
		if (map->items[i]->kind == YNODE_MAP)
			return map->items[i];
		err_set(e, ERR_USAGE, "'%s' is a %s, not a map", key,
			ynode_kind_name(map->items[i]->kind));
		return NULL;
	}
	struct ynode *inner = ynode_new_map(e);
	if (!inner || ynode_set(map, key, inner, e) < 0)
		return NULL;
	return inner;
}

/* key is "a" or "a.b.c"; it is taken apart. */
static int set_path(struct ynode *map, char *key, const char *value, struct err *e)
{
	for (int depth = 0; depth < MAX_KEY_DEPTH; depth++) {
		char *dot = strchr(key, '.');

		if (dot)
			*dot = 0;
		if (!*key)
			return err_set(e, ERR_USAGE, "a part of the key is empty");
		if (!dot) {
			struct ynode *text = ynode_new_string(value, e);
			return text ? ynode_set(map, key, text, e) : -1;
		}
		map = enter(map, key, e);
		if (!map)
			return -1;
		key = dot + 1;
	}
	return err_set(e, ERR_USAGE, "the key has more than %d parts", MAX_KEY_DEPTH);
}

static int apply_sets(const struct render_options *o, struct ynode *data, struct err *e)
{
	for (size_t i = 0; i < o->set.n; i++) {
		const char *arg = o->set.items[i];
		cleanup_free char *key = mem_strdup(arg, e);
		char *equals = key ? strchr(key, '=') : NULL;

		if (!key)
			return -1;
		if (!equals)
			return err_set(e, ERR_USAGE, "--set '%s' is not KEY=VALUE", arg);
		*equals = 0;
		if (set_path(data, key, equals + 1, e) < 0)
			return err_prefix(e, "--set '%s'", arg);
	}
	return 0;
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s);
	size_t len = strlen(suffix);

	return n >= len && strcmp(s + n - len, suffix) == 0;
}

static bool must_be_yaml(const struct render_options *o, const struct buf *text)
{
	if (o->yaml || o->no_yaml)
		return o->yaml;
	return has_suffix(o->output, ".yaml") || has_suffix(o->output, ".yml") ||
	       strncmp(buf_str(text), "#cloud-config", 13) == 0;
}

static int check_yaml(
	const struct render_options *o, const char *path, const struct buf *text, struct err *e)
{
	cleanup_free char *name = mem_printf(e, "%s: output %s", path, o->output);
	cleanup_ynode struct ynode *tree = NULL;

	if (!name)
		return -1;
	return ynode_parse(&tree, buf_str(text), text->len, name, e);
}

static int parse_mode(const char *text, mode_t *mode, struct err *e)
{
	size_t len = strlen(text);

	if (len < 1 || len > 5 || text[strspn(text, "01234567")])
		return err_set(e, ERR_USAGE, "--mode '%s' is not octal such as 0644", text);
	for (*mode = 0; *text; text++)
		*mode = *mode * 8 + (mode_t)(*text - '0');
	if (*mode > 07777)
		return err_set(e, ERR_USAGE, "--mode is larger than 7777");
	return 0;
}

int render_run(void *opts, char **operands, size_t n_operands, struct err *e)
{
	const struct render_options *o = opts;
	const char *path = operands[0];
	cleanup_ynode struct ynode *data = ynode_new_map(e);
	cleanup_tmpl struct tmpl *t = NULL;
	cleanup_buf struct buf text = {0};
	mode_t mode = 0;

	(void)n_operands;
	if (!o->output)
		return err_set(e, ERR_USAGE, "-o FILE is missing; -o - is standard output");
	if (o->yaml && o->no_yaml)
		return err_set(e, ERR_USAGE, "--yaml and --no-yaml exclude each other");
	if (!data || parse_mode(o->mode, &mode, e) < 0 || load_data(o, data, e) < 0 ||
		apply_sets(o, data, e) < 0 || tmpl_load(&t, path, o->root, e) < 0 ||
		tmpl_render(t, data, &text, e) < 0)
		return -1;
	if (must_be_yaml(o, &text) && check_yaml(o, path, &text, e) < 0)
		return -1;
	if (strcmp(o->output, "-") != 0)
		return outfile_write_if_changed(o->output, mode, buf_str(&text), text.len, NULL, e);
	if (io_write_full(STDOUT_FILENO, text.data, text.len, e) < 0)
		return err_prefix(e, "standard output");
	return 0;
}

int main(int argc, char **argv)
{
	return cli_main(render_tool(), argc, argv);
}
