#include "documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "digest/sha256.h"
#include "json/json.h"

#define VERSIONS_MAX (64 * 1024)

int versions_load(struct versions *v, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (!path)
		return 0;
	if (io_read_file(path, VERSIONS_MAX, &text, e) < 0)
		return -1;
	for (char *line = text.data; line && *line;) {
		size_t len = strcspn(line, "\n");
		bool more = line[len] != 0;

		line[len] = 0;
		if (!strchr(line, ' '))
			return err_set(
				e, ERR_FORMAT, "%s: '%s' is not \"name version\"", path, line);
		if (strv_add(&v->lines, line, e) < 0)
			return -1;
		line += len + more;
	}
	strv_sort(&v->lines);
	return 0;
}

const char *versions_find(const struct versions *v, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < v->lines.n; i++) {
		const char *line = v->lines.items[i];

		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return line + len + 1;
	}
	return NULL;
}

void versions_release(struct versions *v)
{
	strv_release(&v->lines);
}

/* {"path": in the repository, "sha256"} */
static struct json *file_reference(const char *label, const char *path, struct err *e)
{
	cleanup_json struct json *o = json_new_object(e);
	char hex[SHA256_HEX_SIZE];

	if (!o || sha256_file_hex(path, hex, NULL, e) < 0 ||
		json_set_text(o, "path", label, e) < 0 || json_set_text(o, "sha256", hex, e) < 0)
		return NULL;
	return steal_ptr(&o);
}

static struct json *text_array(const struct strv *v, struct err *e)
{
	cleanup_json struct json *a = json_new_array(e);

	for (size_t i = 0; a && i < v->n; i++) {
		if (json_add(a, json_new_text(v->items[i], e), e) < 0)
			return NULL;
	}
	return steal_ptr(&a);
}

static struct json *tools_object(const struct versions *versions, struct err *e)
{
	cleanup_json struct json *o = json_new_object(e);

	if (!o || json_set_text(o, "limekiln", KILN_VERSION, e) < 0)
		return NULL;
	for (size_t i = 0; i < versions->lines.n; i++) {
		const char *line = versions->lines.items[i];
		const char *space = strchr(line, ' ');
		cleanup_free char *name = mem_strndup(line, (size_t)(space - line), e);

		if (!name || json_set_text(o, name, space + 1, e) < 0)
			return NULL;
	}
	return steal_ptr(&o);
}

/* {"override": false, what the lock says}, or {"override": true, what the given file is} */
static struct json *base_object(const struct image *im, struct err *e)
{
	const struct lock_base *b = im->base_file ? NULL : im->lock->base;
	cleanup_json struct json *o = json_new_object(e);

	if (!o || json_set_bool(o, "override", !b, e) < 0 ||
		json_set_text(o, "sha256", b ? b->sha256 : im->base_sha256, e) < 0 ||
		json_set_int(o, "size", (int64_t)(b ? b->size_bytes : im->base_size_bytes), e) < 0)
		return NULL;
	if (b && (json_set_text(o, "archive", b->archive, e) < 0 ||
			 json_set_text(o, "path", b->path, e) < 0 ||
			 json_set_text(o, "digest", b->digest, e) < 0))
		return NULL;
	return steal_ptr(&o);
}

static int set_texts(struct json *o, const struct image *im, struct err *e)
{
	const struct recipe *r = im->recipe;

	if (json_set_text(o, "name", im->label, e) < 0 ||
		json_set_text(o, "variant", r->variant, e) < 0 ||
		json_set_text(o, "description", r->description, e) < 0 ||
		json_set_text(o, "arch", im->arch->name, e) < 0 ||
		json_set_text(o, "family", r->family, e) < 0 ||
		json_set_text(o, "suite", r->suite, e) < 0)
		return -1;
	return json_set_int(o, "epoch", im->lock->epoch_s, e);
}

int document_image(struct buf *out, const struct image *im, const struct plan_paths *paths,
	const struct versions *versions, struct err *e)
{
	cleanup_json struct json *o = json_new_object(e);
	/* The label is the path below the repository, whatever root is called. */
	size_t skip = strcmp(paths->root, ".") == 0 ? 0 : strlen(paths->root) + 1;

	if (!o || set_texts(o, im, e) < 0 ||
		json_set(o, "options", text_array(&im->options, e), e) < 0 ||
		json_set(o, "recipe", file_reference(im->recipe->path + skip, im->recipe->path, e),
			e) < 0 ||
		json_set(o, "lock", file_reference(im->lock_path + skip, im->lock_path, e), e) <
			0 ||
		json_set(o, "tools", tools_object(versions, e), e) < 0)
		return -1;
	if (im->arch->base && json_set(o, "base", base_object(im, e), e) < 0)
		return -1;
	return json_write(o, out, e);
}
