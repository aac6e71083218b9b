#include "recipe/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "recipe/lock_check.h"
#include "json/json.h"

#define MAX_LOCK_SIZE ((size_t)64 << 20)

/* object must have exactly the keys of the table and those in more (NULL-terminated). */
static int check_keys(const struct json *object, const struct lock_field *fields,
	const char *const *more, const char *name, struct err *e)
{
	if (!json_is_object(object))
		return err_set(e, ERR_FORMAT, "%s: is not an object", name);
	const char *key;
	for (size_t i = 0; (key = json_key(object, i)); i++) {
		bool known = false;

		for (const struct lock_field *f = fields; f->key; f++)
			known = known || strcmp(f->key, key) == 0;
		for (const char *const *m = more; *m; m++)
			known = known || strcmp(*m, key) == 0;
		if (!known)
			return err_set(e, ERR_FORMAT, "%s: unknown key '%s'", name, key);
	}
	return 0;
}

static int read_fields(const struct json *object, const struct lock_field *fields, void *structure,
	const char *name, struct err *e)
{
	for (const struct lock_field *f = fields; f->key; f++) {
		char **field = (char **)((char *)structure + f->offset);
		const char *text;

		if (json_need_text(object, f->key, name, &text, e) < 0)
			return -1;
		*field = mem_strdup(text, e);
		if (!*field)
			return -1;
	}
	return 0;
}

static int read_release(
	const struct json *object, struct lock_release *r, const char *name, struct err *e)
{
	static const char *const more[] = {"date", NULL};

	if (check_keys(object, lock_release_fields, more, name, e) < 0 ||
		read_fields(object, lock_release_fields, r, name, e) < 0)
		return -1;
	return json_need_int(object, "date", name, 0, LOCK_MAX_EPOCH_S, &r->date_s, e);
}

static int read_package(
	const struct json *object, struct lock_package *p, const char *name, struct err *e)
{
	static const char *const more[] = {"size", NULL};
	int64_t size;

	if (check_keys(object, lock_package_fields, more, name, e) < 0 ||
		read_fields(object, lock_package_fields, p, name, e) < 0 ||
		json_need_int(object, "size", name, 1, LOCK_MAX_SIZE_BYTES, &size, e) < 0)
		return -1;
	p->size_bytes = (uint64_t)size;
	return 0;
}

static const struct json *need_array(
	const struct json *top, const char *key, const char *name, struct err *e)
{
	const struct json *array = json_get(top, key);

	if (json_is_array(array))
		return array;
	err_set(e, ERR_FORMAT, "%s: key '%s' is %s", name, key, array ? "not a list" : "missing");
	return NULL;
}

static int read_releases(struct lock *l, const struct json *top, const char *name, struct err *e)
{
	const struct json *array = need_array(top, "releases", name, e);
	size_t n = json_count(array);

	if (!array || !(l->releases = mem_array(n + 1, sizeof(*l->releases), e)))
		return -1;
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *where = mem_printf(e, "%s: releases[%zu]", name, i);

		l->n_releases = i + 1;
		if (!where || read_release(json_at(array, i), &l->releases[i], where, e) < 0)
			return -1;
	}
	return 0;
}

static int read_packages(struct lock *l, const struct json *top, const char *name, struct err *e)
{
	const struct json *array = need_array(top, "packages", name, e);
	size_t n = json_count(array);

	if (!array || !(l->packages = mem_array(n + 1, sizeof(*l->packages), e)))
		return -1;
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *where = mem_printf(e, "%s: packages[%zu]", name, i);

		l->n_packages = i + 1;
		if (!where || read_package(json_at(array, i), &l->packages[i], where, e) < 0)
			return -1;
	}
	return 0;
}

static int read_base(struct lock *l, const struct json *top, const char *name, struct err *e)
{
	static const char *const more[] = {"size", NULL};
	const struct json *object = json_get(top, "base");
	cleanup_free char *where = mem_printf(e, "%s: base", name);
	int64_t size;

	if (!where)
		return -1;
	if (!object)
		return 0;
	l->base = mem_zalloc(sizeof(*l->base), e);
	if (!l->base || check_keys(object, lock_base_fields, more, where, e) < 0 ||
		read_fields(object, lock_base_fields, l->base, where, e) < 0 ||
		json_need_int(object, "size", where, 1, LOCK_MAX_SIZE_BYTES, &size, e) < 0)
		return -1;
	l->base->size_bytes = (uint64_t)size;
	return 0;
}

static int read_lock(struct lock *l, const struct json *top, const char *name, struct err *e)
{
	static const char *const more[] = {"base", "epoch", "packages", "releases", "schema", NULL};
	const char *schema;

	if (json_need_text(top, "schema", name, &schema, e) < 0)
		return -1;
	if (strcmp(schema, LOCK_SCHEMA) != 0)
		return err_set(e, ERR_FORMAT, "%s: schema is '%s'; this limekiln reads %s", name,
			schema, LOCK_SCHEMA);
	if (check_keys(top, lock_top_fields, more, name, e) < 0 ||
		read_fields(top, lock_top_fields, l, name, e) < 0 ||
		json_need_int(top, "epoch", name, 0, LOCK_MAX_EPOCH_S, &l->epoch_s, e) < 0 ||
		read_base(l, top, name, e) < 0 || read_releases(l, top, name, e) < 0)
		return -1;
	return read_packages(l, top, name, e);
}

int lock_parse(struct lock **out, const char *data, size_t len, const char *name, struct err *e)
{
	cleanup_lock struct lock *l = mem_zalloc(sizeof(*l), e);
	cleanup_json struct json *top = NULL;

	*out = NULL;
	if (!l || json_parse(&top, data, len, name, e) < 0 || read_lock(l, top, name, e) < 0 ||
		lock_check(l, name, e) < 0)
		return -1;
	*out = steal_ptr(&l);
	return 0;
}

/* The remedy for a lock that is not there: its folder has the variant's name. */
static int say_how_to_lock(const char *path, struct err *e)
{
	cleanup_free char *dir = io_dirname(path, NULL);
	const char *variant = dir ? io_basename(dir) : "VARIANT";
	struct err cause = *e;

	return err_set(e, cause.kind, "%s; make it with `just lock %s`", cause.msg, variant);
}

int lock_load(struct lock **out, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};
	struct err why = {0};

	*out = NULL;
	if (io_read_file(path, MAX_LOCK_SIZE, &text, &why) < 0) {
		if (e)
			*e = why;
		return why.errnum == ENOENT && e ? say_how_to_lock(path, e) : -1;
	}
	return lock_parse(out, buf_str(&text), text.len, path, e);
}

static int put_fields(
	struct json *object, const struct lock_field *fields, const void *structure, struct err *e)
{
	for (const struct lock_field *f = fields; f->key; f++) {
		const char *text = *(char *const *)((const char *)structure + f->offset);

		if (json_set_text(object, f->key, text, e) < 0)
			return -1;
	}
	return 0;
}

/* {the table's fields, number_key: number}; NULL with *e. */
static struct json *new_entry(const struct lock_field *fields, const void *structure,
	const char *number_key, int64_t number, struct err *e)
{
	cleanup_json struct json *object = json_new_object(e);

	if (!object || put_fields(object, fields, structure, e) < 0 ||
		json_set_int(object, number_key, number, e) < 0)
		return NULL;
	return steal_ptr(&object);
}

static int put_entry(struct json *array, const struct lock_field *fields, const void *structure,
	const char *number_key, int64_t number, struct err *e)
{
	struct json *object = new_entry(fields, structure, number_key, number, e);

	return object ? json_add(array, object, e) : -1;
}

static int put_base(struct json *top, const struct lock_base *b, struct err *e)
{
	if (!b)
		return 0;
	struct json *object = new_entry(lock_base_fields, b, "size", (int64_t)b->size_bytes, e);

	return object ? json_set(top, "base", object, e) : -1;
}

static int put_lists(struct json *top, const struct lock *l, struct err *e)
{
	cleanup_json struct json *releases = json_new_array(e);
	cleanup_json struct json *packages = json_new_array(e);

	if (!releases || !packages)
		return -1;
	for (size_t i = 0; i < l->n_releases; i++) {
		if (put_entry(releases, lock_release_fields, &l->releases[i], "date",
			    l->releases[i].date_s, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < l->n_packages; i++) {
		if (put_entry(packages, lock_package_fields, &l->packages[i], "size",
			    (int64_t)l->packages[i].size_bytes, e) < 0)
			return -1;
	}
	if (json_set(top, "releases", steal_ptr(&releases), e) < 0)
		return -1;
	return json_set(top, "packages", steal_ptr(&packages), e);
}

int lock_format(const struct lock *l, struct buf *out, struct err *e)
{
	cleanup_json struct json *top = json_new_object(e);

	if (!top || lock_check(l, "lock", e) < 0 ||
		json_set_text(top, "schema", LOCK_SCHEMA, e) < 0 ||
		put_fields(top, lock_top_fields, l, e) < 0 ||
		json_set_int(top, "epoch", l->epoch_s, e) < 0 || put_base(top, l->base, e) < 0 ||
		put_lists(top, l, e) < 0)
		return -1;
	return json_write(top, out, e);
}

int lock_save(const struct lock *l, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (lock_format(l, &text, e) < 0)
		return err_prefix(e, "%s", path);
	return outfile_write_if_changed(path, 0644, buf_str(&text), text.len, NULL, e);
}

static void free_fields(const struct lock_field *fields, void *structure)
{
	for (const struct lock_field *f = fields; f->key; f++)
		free(*(char **)((char *)structure + f->offset));
}

void lock_base_free(struct lock_base *b)
{
	if (b)
		free_fields(lock_base_fields, b);
	free(b);
}

void lock_free(struct lock *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_releases; i++)
		free_fields(lock_release_fields, &l->releases[i]);
	for (size_t i = 0; i < l->n_packages; i++)
		free_fields(lock_package_fields, &l->packages[i]);
	lock_base_free(l->base);
	free_fields(lock_top_fields, l);
	free(l->releases);
	free(l->packages);
	free(l);
}
