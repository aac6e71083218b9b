#include "apt_answer.h"

#include <stdlib.h>
#include <string.h>

#include "apt_root.h"
#include "base/cli.h"
#include "base/mem.h"
#include "deb/deb822.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undo apt's percent-encoding in place. */
static void decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high = *from == '%' ? hex_value(from[1]) : -1;
		int low = high >= 0 ? hex_value(from[2]) : -1;

		if (low >= 0) {
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

/* The mirror with the longest address that uri begins with. */
static const struct mirror *find_mirror(const struct mirrors *mirrors, const char *uri)
{
	const struct mirror *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < mirrors->n; i++) {
		cleanup_free char *base = apt_root_uri(&mirrors->items[i], NULL);
		size_t len = base ? strlen(base) : 0;

		if (len > best_len && strncmp(uri, base, len) == 0 && uri[len] == '/') {
			best = &mirrors->items[i];
			best_len = len;
		}
	}
	return best;
}

/* name_version_arch.deb, with the version's epoch colon percent-encoded */
static int split_file_name(struct apt_choice *c, char *file, struct err *e)
{
	char *rest = file;
	const char *name = strsep(&rest, "_");
	char *version = strsep(&rest, "_");

	if (!version || !rest || !*name || !*version)
		return err_set(e, ERR_FORMAT, "apt names a file '%s'", file);
	decode(version);
	c->name = mem_strdup(name, e);
	c->version = mem_strdup(version, e);
	return c->name && c->version ? 0 : -1;
}

static int parse_choice(
	struct apt_choice *c, char *line, const struct mirrors *mirrors, struct err *e)
{
	static const char prefix[] = "SHA256:";
	char *rest = line[0] == '\'' ? strchr(line + 1, '\'') : NULL;

	if (!rest || strncmp(rest, "' ", 2) != 0)
		return err_set(e, ERR_FORMAT, "apt prints a line that names no file: %s", line);
	*rest = 0;
	rest += 2;
	char *file = strsep(&rest, " ");
	char *size = strsep(&rest, " ");
	char *digest = strsep(&rest, " ");
	if (!digest || strncmp(digest, prefix, strlen(prefix)) != 0 ||
		!sha256_is_hex(digest + strlen(prefix)))
		return err_set(e, ERR_FORMAT, "apt gives no SHA-256 of %s", file);
	if (size[strspn(size, "0123456789")] ||
		cli_parse_size(size, "apt's size", &c->size_bytes, e) < 0)
		return err_set(e, ERR_FORMAT, "apt gives no size of %s", file);
	const struct mirror *m = find_mirror(mirrors, line + 1);
	if (!m)
		return err_set(e, ERR_FORMAT, "apt took %s from none of the mirrors", line + 1);
	c->archive = m->archive;
	c->sha256 = mem_strdup(digest + strlen(prefix), e);
	return c->sha256 ? split_file_name(c, file, e) : -1;
}

int apt_parse_choices(
	struct apt_choices *out, char *text, const struct mirrors *mirrors, struct err *e)
{
	char *rest = NULL;
	char *line = text ? strtok_r(text, "\n", &rest) : NULL;

	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		struct apt_choice *bigger =
			mem_resize(out->items, out->n + 1, sizeof(*out->items), e);

		if (!bigger)
			return -1;
		out->items = bigger;
		out->items[out->n] = (struct apt_choice){0};
		if (parse_choice(&out->items[out->n++], line, mirrors, e) < 0)
			return -1;
	}
	return 0;
}

void apt_choices_release(struct apt_choices *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].name);
		free(c->items[i].version);
		free(c->items[i].sha256);
	}
	free(c->items);
	*c = (struct apt_choices){0};
}

static int compare_choices(const void *a, const void *b)
{
	return strcmp(
		((const struct apt_choice *)a)->sha256, ((const struct apt_choice *)b)->sha256);
}

/* "Source: gcc-14 (14.2.0-19)"; without the field the source has the package's name. */
static char *source_name(const struct deb822_paragraph *p, const char *name, struct err *e)
{
	const char *value;
	size_t len;

	if (!deb822_find(p, "Source", &value, &len))
		return mem_strdup(name, e);
	size_t n = 0;
	while (n < len && value[n] > ' ')
		n++;
	return mem_strndup(value, n, e);
}

static int fill_package(struct lock_package *l, const struct deb822_paragraph *p,
	const struct apt_choice *c, struct err *e)
{
	cleanup_free char *path = deb822_need(p, "Filename", e);

	if (!path)
		return -1;
	l->path = mem_strdup(strncmp(path, "./", 2) == 0 ? path + 2 : path, e);
	l->name = deb822_need(p, "Package", e);
	l->version = l->name ? deb822_need(p, "Version", e) : NULL;
	l->arch = l->version ? deb822_need(p, "Architecture", e) : NULL;
	l->source = l->arch ? source_name(p, l->name, e) : NULL;
	l->archive = mem_strdup(c->archive, e);
	l->sha256 = mem_strdup(c->sha256, e);
	l->size_bytes = c->size_bytes;
	return l->source && l->path && l->archive && l->sha256 ? 0 : -1;
}

/* Take the record if it is a chosen file's and the first of that file. */
static int take_record(struct lock *l, const struct deb822_paragraph *p,
	const struct apt_choices *choices, bool *taken, struct err *e)
{
	cleanup_free char *sha256 = deb822_need(p, "SHA256", e);
	struct apt_choice key = {.sha256 = sha256};

	if (!sha256)
		return -1;
	const struct apt_choice *c =
		bsearch(&key, choices->items, choices->n, sizeof(*choices->items), compare_choices);
	if (!c || taken[c - choices->items])
		return 0;
	taken[c - choices->items] = true;
	return fill_package(&l->packages[l->n_packages++], p, c, e);
}

int apt_lock_packages(struct lock *l, const struct apt_choices *choices, const char *records,
	size_t len, struct err *e)
{
	cleanup_free bool *taken = mem_array(choices->n + 1, sizeof(*taken), e);
	struct deb822_reader reader = {.text = records, .len = len, .name = "apt-cache show"};
	struct deb822_paragraph p;
	int found;

	l->packages = mem_array(choices->n + 1, sizeof(*l->packages), e);
	if (!taken || !l->packages)
		return -1;
	if (choices->n > 0)
		qsort(choices->items, choices->n, sizeof(*choices->items), compare_choices);
	while ((found = deb822_next(&reader, &p, e)) > 0) {
		if (take_record(l, &p, choices, taken, e) < 0)
			return -1;
	}
	if (found < 0)
		return -1;
	for (size_t i = 0; i < choices->n; i++) {
		if (!taken[i])
			return err_set(e, ERR_FORMAT, "apt's index has no record of %s %s",
				choices->items[i].name, choices->items[i].version);
	}
	return 0;
}
