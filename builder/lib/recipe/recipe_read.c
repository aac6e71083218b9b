#include "recipe/recipe_read.h"

#include <string.h>

#include "base/cli.h"
#include "base/mem.h"

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";

static bool has_only(const char *text, const char *more)
{
	for (const char *p = text; *p; p++) {
		bool digit = *p >= '0' && *p <= '9';

		if (!digit && !strchr(lower, *p) && !strchr(more, *p))
			return false;
	}
	return true;
}

static bool begins_with_letter_or_digit(const char *text)
{
	return (*text >= '0' && *text <= '9') || (*text && strchr(lower, *text));
}

static bool has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			return true;
	}
	return false;
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* No empty, "." or ".." component. */
static bool is_normalised(const char *path)
{
	for (const char *p = path;;) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (len == 1 && p[0] == '.') ||
			(len == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		if (!p[len])
			return true;
		p += len + 1;
	}
}

static const char *find_url_fault(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = strlen(url);

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return "must begin with http:// or https://";
	host += strlen("://");
	if (len > 512 || strspn(host, ALNUM "-._~/:%") != strlen(host) || !strchr(ALNUM, *host) ||
		!*host || url[len - 1] == '/')
		return "is no plain address: a host, a path, no slash at the end";
	return NULL;
}

static const char *find_archive_path_fault(const char *path)
{
	size_t len = strlen(path);

	if (len == 0 || len > 512 || strspn(path, ALNUM "/.+:~-_%@=,") != len)
		return "is not a path of letters, digits and /.+:~-_%@=,";
	return is_normalised(path) ? NULL : "is not a relative path without '.' and '..'";
}

static const char *find_fault(enum recipe_word word, const char *text)
{
	size_t len = strlen(text);

	if (has_control(text))
		return "has a control character";
	switch (word) {
	case WORD_ANY:
		return NULL;
	case WORD_NAME:
		if (len > 64)
			return "is longer than 64 characters";
		if (!begins_with_letter_or_digit(text) || !has_only(text, "._-"))
			return "is no name: lower-case letters, digits, '.', '_' and '-', "
			       "beginning with a letter or digit";
		return NULL;
	case WORD_PACKAGE:
		if (len > 128 || !begins_with_letter_or_digit(text) || !has_only(text, "+.-_"))
			return "is no package name";
		return NULL;
	case WORD_SUITE:
		if (len > 128 || !has_only(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-/") ||
			!is_normalised(text))
			return "is no name of a suite or component";
		return NULL;
	case WORD_REPO_PATH:
		if (len > 1024 || text[0] == '/' || !is_normalised(text))
			return "must be relative to the repository, without '.', '..' or empty "
			       "parts";
		return NULL;
	case WORD_IMAGE_PATH:
		if (len > 1024 || text[0] != '/' || !is_normalised(text + 1))
			return "must be absolute, without '.', '..' or empty parts";
		return NULL;
	case WORD_ARCHIVE_PATH:
		return find_archive_path_fault(text);
	case WORD_URL:
		return find_url_fault(text);
	}
	return "is of no known kind";
}

bool recipe_word_is_valid(enum recipe_word word, const char *text, const char **why)
{
	*why = find_fault(word, text);
	return !*why;
}

static int unknown_key(const struct recipe_reader *r, const struct ynode *map, size_t i,
	const char *what, struct err *e)
{
	struct ynode key = {.line = map->key_lines[i], .column = map->key_columns[i]};

	return ynode_error(&key, r->path, e, "unknown key '%s' in %s", map->keys[i], what);
}

int recipe_read_map(const struct recipe_reader *r, const struct ynode *node, const char *what,
	const char *const *keys, struct err *e)
{
	if (node->kind != YNODE_MAP)
		return ynode_error(node, r->path, e, "%s must be a map, found %s", what,
			ynode_kind_name(node->kind));
	for (size_t i = 0; i < node->n; i++) {
		const char *const *k = keys;

		while (*k && strcmp(*k, node->keys[i]) != 0)
			k++;
		if (!*k)
			return unknown_key(r, node, i, what, e);
	}
	return 0;
}

const struct ynode *recipe_read_need(
	const struct recipe_reader *r, const struct ynode *map, const char *key, struct err *e)
{
	const struct ynode *node = ynode_get(map, key);

	if (!node)
		ynode_error(map, r->path, e, "key '%s' is missing", key);
	return node;
}

int recipe_read_text(const struct recipe_reader *r, const struct ynode *node, const char *what,
	enum recipe_word word, char **out, struct err *e)
{
	const char *why;

	if (node->kind != YNODE_STRING)
		return ynode_error(node, r->path, e, "%s must be text, found %s", what,
			ynode_kind_name(node->kind));
	if (!recipe_word_is_valid(word, node->text, &why))
		return ynode_error(node, r->path, e, "%s '%s' %s", what, node->text, why);
	*out = mem_strdup(node->text, e);
	return *out ? 0 : -1;
}

int recipe_read_opt_text(const struct recipe_reader *r, const struct ynode *map, const char *key,
	enum recipe_word word, char **out, struct err *e)
{
	const struct ynode *node = ynode_get(map, key);

	return node ? recipe_read_text(r, node, key, word, out, e) : 0;
}

int recipe_read_need_text(const struct recipe_reader *r, const struct ynode *map, const char *key,
	enum recipe_word word, char **out, struct err *e)
{
	const struct ynode *node = recipe_read_need(r, map, key, e);

	return node ? recipe_read_text(r, node, key, word, out, e) : -1;
}

int recipe_read_words(const struct recipe_reader *r, const struct ynode *map, const char *key,
	enum recipe_word word, struct strv *out, struct err *e)
{
	const struct ynode *list = ynode_get(map, key);

	if (!list)
		return 0;
	if (list->kind != YNODE_LIST)
		return ynode_error(list, r->path, e, "%s must be a list, found %s", key,
			ynode_kind_name(list->kind));
	for (size_t i = 0; i < list->n; i++) {
		char *text = NULL;

		if (recipe_read_text(r, list->items[i], key, word, &text, e) < 0)
			return -1;
		if (strv_contains(out, text)) {
			ynode_error(list->items[i], r->path, e, "%s '%s' stands twice", key, text);
			mem_free_ptr(&text);
			return -1;
		}
		if (strv_take(out, text, e) < 0)
			return -1;
	}
	return 0;
}

const struct ynode *recipe_read_list(const struct recipe_reader *rd, const struct ynode *map,
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

int recipe_read_bool(const struct recipe_reader *r, const struct ynode *map, const char *key,
	bool *out, struct err *e)
{
	const struct ynode *node = ynode_get(map, key);

	if (!node)
		return 0;
	if (node->kind != YNODE_BOOL)
		return ynode_error(node, r->path, e, "%s must be true or false, found %s", key,
			ynode_kind_name(node->kind));
	*out = node->num != 0;
	return 0;
}

int recipe_read_u32(const struct recipe_reader *r, const struct ynode *map, const char *key,
	uint32_t max, uint32_t *out, struct err *e)
{
	const struct ynode *node = ynode_get(map, key);

	if (!node)
		return 0;
	if (node->kind != YNODE_INT || node->num < 0 || node->num > (int64_t)max)
		return ynode_error(node, r->path, e, "%s must be a number from 0 to %u", key, max);
	*out = (uint32_t)node->num;
	return 0;
}

int recipe_read_mode(const struct recipe_reader *r, const struct ynode *map, const char *key,
	uint32_t *out, struct err *e)
{
	const struct ynode *node = ynode_get(map, key);
	uint32_t mode = 0;

	if (!node)
		return 0;
	bool octal = node->kind == YNODE_STRING && strspn(node->text, "01234567") == 4 &&
		     strlen(node->text) == 4;
	if (!octal)
		return ynode_error(node, r->path, e,
			"%s must be four octal digits in quotes, such as \"0644\"", key);
	for (const char *p = node->text; *p; p++)
		mode = mode * 8 + (uint32_t)(*p - '0');
	*out = mode;
	return 0;
}

int recipe_read_size(const struct recipe_reader *r, const struct ynode *map, const char *key,
	uint64_t *size_bytes, struct err *e)
{
	const struct ynode *node = recipe_read_need(r, map, key, e);
	struct err why = {0};

	if (!node)
		return -1;
	if (node->kind != YNODE_STRING && node->kind != YNODE_INT)
		return ynode_error(node, r->path, e, "%s must be a size, found %s", key,
			ynode_kind_name(node->kind));
	if (cli_parse_size(node->text, key, size_bytes, &why) < 0)
		return ynode_error(node, r->path, e, "%s", why.msg);
	if (*size_bytes == 0 || *size_bytes % (1 << 20) != 0)
		return ynode_error(node, r->path, e,
			"%s '%s' must be a multiple of 1 MiB and not 0", key, node->text);
	if (*size_bytes > (uint64_t)16 << 40)
		return ynode_error(node, r->path, e, "%s '%s' is above 16 TiB", key, node->text);
	return 0;
}
