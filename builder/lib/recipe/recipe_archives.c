#include "recipe/recipe_archives.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const arches[] = {"x86_64", "aarch64", NULL};

static int add_url(const struct recipe_reader *rd, const struct ynode *node, const char *arch,
	struct recipe_archive *a, struct err *e)
{
	cleanup_free char *url = NULL;

	if (recipe_read_text(rd, node, "url", WORD_URL, &url, e) < 0)
		return -1;
	return strv_addf(&a->urls, e, "%s=%s", arch, url);
}

/* `url` is one address, or a map from architectures to addresses. */
static int parse_urls(const struct recipe_reader *rd, const struct ynode *archive,
	struct recipe_archive *a, struct err *e)
{
	const struct ynode *node = ynode_get(archive, "url");

	if (node && node->kind == YNODE_MAP && recipe_read_map(rd, node, "url", arches, e) < 0)
		return -1;
	for (const char *const *arch = arches; node && *arch; arch++) {
		const struct ynode *one = node->kind == YNODE_MAP ? ynode_get(node, *arch) : node;

		if (one && add_url(rd, one, *arch, a, e) < 0)
			return -1;
	}
	return 0;
}

static int parse_archive(const struct recipe_reader *rd, const struct ynode *node,
	struct recipe_archive *a, struct err *e)
{
	static const char *const keys[] = {
		"name", "suites", "components", "url", "keys", "keyring", NULL};

	if (recipe_read_map(rd, node, "an archive", keys, e) < 0 ||
		recipe_read_need_text(rd, node, "name", WORD_NAME, &a->name, e) < 0 ||
		recipe_read_words(rd, node, "suites", WORD_SUITE, &a->suites, e) < 0 ||
		recipe_read_words(rd, node, "components", WORD_SUITE, &a->components, e) < 0 ||
		parse_urls(rd, node, a, e) < 0 ||
		recipe_read_opt_text(rd, node, "keys", WORD_REPO_PATH, &a->keys, e) < 0 ||
		recipe_read_opt_text(rd, node, "keyring", WORD_IMAGE_PATH, &a->keyring, e) < 0)
		return -1;
	/* With neither, it serves base images only. */
	if (!a->suites.n != !a->components.n)
		return ynode_error(
			node, rd->path, e, "archive '%s' needs suites and components", a->name);
	return 0;
}

/* What a family has no use for would be a mistake that nobody notices. */
static int check_keys(const struct recipe_reader *rd, const struct ynode *node,
	const struct recipe *r, const struct recipe_archive *a, struct err *e)
{
	bool apk = strcmp(r->family, "apk") == 0;

	if (apk && a->keyring)
		return ynode_error(node, rd->path, e,
			"archive '%s': keyring is for family deb; apk has keys", a->name);
	if (!apk && a->keys)
		return ynode_error(node, rd->path, e,
			"archive '%s': keys is for family apk; deb has keyring", a->name);
	if (apk && a->suites.n > 0 && !a->keys)
		return ynode_error(node, rd->path, e,
			"archive '%s' needs keys: a folder of the keys that sign it", a->name);
	return 0;
}

static int check_any_suite(const struct recipe_reader *rd, const struct ynode *list,
	const struct recipe *r, struct err *e)
{
	for (size_t i = 0; i < r->n_archives; i++) {
		if (r->archives[i].suites.n > 0)
			return 0;
	}
	return ynode_error(list, rd->path, e, "no archive has suites and components");
}

int recipe_parse_archives(const struct recipe_reader *rd, struct recipe *r, struct err *e)
{
	void *items = NULL;
	const struct ynode *list =
		recipe_read_list(rd, r->tree, "archives", sizeof(*r->archives), &items, e);

	r->archives = items;
	for (size_t i = 0; list && i < list->n; i++) {
		r->n_archives = i + 1;
		if (parse_archive(rd, list->items[i], &r->archives[i], e) < 0 ||
			check_keys(rd, list->items[i], r, &r->archives[i], e) < 0)
			return -1;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(r->archives[j].name, r->archives[i].name) == 0)
				return ynode_error(list->items[i], rd->path, e,
					"archive '%s' stands twice", r->archives[i].name);
		}
	}
	return list ? check_any_suite(rd, list, r, e) : -1;
}

/* "sha512:..." */
static int parse_digest(const struct recipe_reader *rd, const struct ynode *node,
	struct recipe_base *b, struct err *e)
{
	static const struct {
		const char *prefix;
		enum hash_kind kind;
	} kinds[] = {{"sha256:", HASH_SHA256}, {"sha512:", HASH_SHA512}};
	cleanup_free char *text = NULL;

	if (recipe_read_need_text(rd, node, "digest", WORD_ANY, &text, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, len) != 0 ||
			!hash_is_hex(kinds[i].kind, text + len))
			continue;
		b->kind = kinds[i].kind;
		b->digest = mem_strdup(text + len, e);
		return b->digest ? 0 : -1;
	}
	return ynode_error(ynode_get(node, "digest"), rd->path, e,
		"digest '%s' must be sha256: or sha512: and its lower-case digits", text);
}

static int check_base(const struct recipe_reader *rd, const struct recipe *r,
	const struct ynode *node, const struct recipe_base *b, struct err *e)
{
	size_t i = 0;

	while (i < r->n_archives && strcmp(r->archives[i].name, b->archive) != 0)
		i++;
	if (i == r->n_archives)
		return ynode_error(ynode_get(node, "archive"), rd->path, e,
			"there is no archive '%s' in this recipe", b->archive);
	if (strcmp(b->format, "qcow2") != 0 && strcmp(b->format, "raw") != 0)
		return ynode_error(ynode_get(node, "format"), rd->path, e,
			"format '%s' is neither qcow2 nor raw", b->format);
	return 0;
}

int recipe_parse_base(const struct recipe_reader *rd, const struct recipe *r,
	const struct ynode *arch, struct recipe_arch *a, struct err *e)
{
	static const char *const keys[] = {"archive", "path", "digest", "format", NULL};
	const struct ynode *node = ynode_get(arch, "base");
	struct recipe_base *b;

	if (!node)
		return 0;
	a->base = b = mem_zalloc(sizeof(*b), e);
	if (!b || recipe_read_map(rd, node, "base", keys, e) < 0 ||
		recipe_read_need_text(rd, node, "archive", WORD_NAME, &b->archive, e) < 0 ||
		recipe_read_need_text(rd, node, "path", WORD_ARCHIVE_PATH, &b->path, e) < 0 ||
		parse_digest(rd, node, b, e) < 0 ||
		recipe_read_opt_text(rd, node, "format", WORD_NAME, &b->format, e) < 0)
		return -1;
	if (!b->format && !(b->format = mem_strdup("qcow2", e)))
		return -1;
	return check_base(rd, r, node, b, e);
}

const char *recipe_archive_url(const struct recipe_archive *a, const char *arch)
{
	size_t len = strlen(arch);

	for (size_t i = 0; i < a->urls.n; i++) {
		const char *url = a->urls.items[i];

		if (strncmp(url, arch, len) == 0 && url[len] == '=')
			return url + len + 1;
	}
	return NULL;
}

char *recipe_base_digest(const struct recipe_base *b, struct err *e)
{
	return mem_printf(e, "%s:%s", b->kind == HASH_SHA512 ? "sha512" : "sha256", b->digest);
}

void recipe_archives_free(struct recipe_archive *archives, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(archives[i].name);
		strv_release(&archives[i].suites);
		strv_release(&archives[i].components);
		strv_release(&archives[i].urls);
		free(archives[i].keys);
		free(archives[i].keyring);
	}
	free(archives);
}

void recipe_base_free(struct recipe_base *b)
{
	if (!b)
		return;
	free(b->archive);
	free(b->path);
	free(b->digest);
	free(b->format);
	free(b);
}
