#include "image/keep.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/utf8.h"
#include "image/gpt.h"
#include "json/json.h"

#define KEEP_SIZE_MAX ((size_t)64 * 1024)

/* --- what values may be --- */

static bool is_uuid(const char *text)
{
	unsigned char uuid[UUID_SIZE];

	return ident_parse_uuid(text, uuid, NULL) == 0;
}

static bool is_serial(const char *text)
{
	uint32_t serial;

	return ident_parse_serial(text, &serial, NULL) == 0;
}

/* Printable, and what a partition's name holds. */
static bool is_name(const char *text)
{
	size_t units = 0; /* of UTF-16 */

	for (size_t n; *text; text += n) {
		n = utf8_char_len(text, strlen(text));
		if (n == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
		units += n == 4 ? 2 : 1;
	}
	return units <= 36;
}

static bool is_fat_label(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p < 0x20 || *p > 0x7e || strchr("\"*+,./:;<=>?[\\]|", *p))
			return false;
	}
	return text[0] != ' ';
}

/* A text of struct disk_keep and where it is in the JSON. */
struct text_field {
	const char *map; /* NULL: at the top */
	const char *key;
	size_t offset;
	size_t size;
	bool (*is_valid)(const char *text);
	const char *what;
};

#define FIELD(map, key, member, is_valid, what)                                 \
	{                                                                       \
		map, key, offsetof(struct disk_keep, member),                   \
			sizeof(((struct disk_keep *)0)->member), is_valid, what \
	}

static const struct text_field text_fields[] = {
	FIELD(NULL, "disk_uuid", disk_uuid, is_uuid, "a GUID"),
	FIELD("esp", "uuid", esp.uuid, is_uuid, "a GUID"),
	FIELD("esp", "name", esp.name, is_name, "36 printable characters at most"),
	FIELD("esp", "fat_serial", esp.fat_serial, is_serial, "a serial number XXXX-XXXX"),
	FIELD("esp", "fat_label", esp.fat_label, is_fat_label,
		"11 ASCII characters at most that a FAT label may have"),
	FIELD("root", "uuid", root.uuid, is_uuid, "a GUID"),
	FIELD("root", "name", root.name, is_name, "36 printable characters at most"),
	FIELD("root", "type", root.type, is_uuid, "a GUID"),
	FIELD("root", "fs_uuid", root.fs_uuid, is_uuid, "a UUID"),
	FIELD("root", "fs_label", root.fs_label, is_name, "16 printable bytes at most"),
};
#define N_FIELDS (sizeof(text_fields) / sizeof(text_fields[0]))

static int set_text(struct disk_keep *k, const struct text_field *f, const char *text,
	enum err_kind kind, struct err *e)
{
	cleanup_buf struct buf shown = {0};

	if (strlen(text) < f->size && (!*text || f->is_valid(text))) {
		memcpy((char *)k + f->offset, text, strlen(text) + 1);
		return 0;
	}
	if (buf_put_escaped(&shown, text, strlen(text), e) < 0)
		return -1;
	return err_set(e, kind, "%s%s%s '%.300s' cannot be kept: it must be %s",
		f->map ? f->map : "", f->map ? "." : "", f->key, buf_str(&shown), f->what);
}

/* Two partitions cannot have one number. */
static int check_numbers(const struct disk_keep *k, enum err_kind kind, struct err *e)
{
	if (k->esp.number > GPT_NUMBER_MAX || k->root.number > GPT_NUMBER_MAX ||
		(k->esp.number && k->esp.number == k->root.number))
		return err_set(e, kind, "the partition numbers %u and %u cannot be kept",
			k->esp.number, k->root.number);
	return 0;
}

/* --- from a disk --- */

static const struct text_field *find_field(const char *map, const char *key)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		const char *m = text_fields[i].map;

		if ((m == map || (m && map && strcmp(m, map) == 0)) &&
			strcmp(text_fields[i].key, key) == 0)
			return &text_fields[i];
	}
	return NULL;
}

static int take(
	struct disk_keep *k, const char *map, const char *key, const char *text, struct err *e)
{
	return set_text(k, find_field(map, key), text, ERR_UNSUPPORTED, e);
}

int keep_from_parts(struct disk_keep *k, const struct parts *p, const struct part *root,
	const struct part *esp, struct err *e)
{
	*k = (struct disk_keep){0};
	if (take(k, "root", "fs_uuid", root->fs_uuid, e) < 0 ||
		take(k, "root", "fs_label", root->fs_label, e) < 0)
		return -1;
	if (esp && (take(k, "esp", "fat_serial", esp->fs_uuid, e) < 0 ||
			   take(k, "esp", "fat_label", esp->fs_label, e) < 0))
		return -1;
	if (p->table != PARTS_GPT)
		return 0;
	k->root.number = root->number;
	if (take(k, NULL, "disk_uuid", p->disk_uuid, e) < 0 ||
		take(k, "root", "uuid", root->uuid, e) < 0 ||
		take(k, "root", "name", root->name, e) < 0 ||
		take(k, "root", "type", root->type, e) < 0)
		return -1;
	if (esp) {
		k->esp.number = esp->number;
		if (take(k, "esp", "uuid", esp->uuid, e) < 0 ||
			take(k, "esp", "name", esp->name, e) < 0)
			return -1;
	}
	return check_numbers(k, ERR_UNSUPPORTED, e);
}

/* --- from and to JSON --- */

static int check_keys(const struct json *j, const char *map, struct err *e)
{
	const char *key;

	if (!json_is_object(j))
		return err_set(e, ERR_FORMAT, "%s is no object", map ? map : "the top");
	for (size_t i = 0; (key = json_key(j, i)); i++) {
		bool nested = !map && (strcmp(key, "esp") == 0 || strcmp(key, "root") == 0);

		if (!nested && !(map && strcmp(key, "number") == 0) && !find_field(map, key))
			return err_set(e, ERR_FORMAT, "unknown key '%.100s'", key);
	}
	return 0;
}

static int read_number(const struct json *j, unsigned *number, struct err *e)
{
	const struct json *value = j ? json_get(j, "number") : NULL;
	int64_t n = 0;

	if (value && (!json_int(value, &n) || n < 0 || n > GPT_NUMBER_MAX))
		return err_set(e, ERR_FORMAT, "a number is not one from 0 to %d", GPT_NUMBER_MAX);
	*number = (unsigned)n;
	return 0;
}

static int read_top(struct disk_keep *k, const struct json *top, struct err *e)
{
	const struct json *esp = json_get(top, "esp");
	const struct json *root = json_get(top, "root");

	if (check_keys(top, NULL, e) < 0 || (esp && check_keys(esp, "esp", e) < 0) ||
		(root && check_keys(root, "root", e) < 0) ||
		read_number(esp, &k->esp.number, e) < 0 ||
		read_number(root, &k->root.number, e) < 0)
		return -1;
	for (size_t i = 0; i < N_FIELDS; i++) {
		const struct text_field *f = &text_fields[i];
		const struct json *map = !f->map ? top : f->map[0] == 'e' ? esp : root;
		const struct json *value = map ? json_get(map, f->key) : NULL;

		if (!value)
			continue;
		if (!json_text(value))
			return err_set(e, ERR_FORMAT, "key '%s' is not a string", f->key);
		if (set_text(k, f, json_text(value), ERR_FORMAT, e) < 0)
			return -1;
	}
	return check_numbers(k, ERR_FORMAT, e);
}

int keep_parse(struct disk_keep *k, const char *data, size_t len, const char *path, struct err *e)
{
	cleanup_json struct json *top = NULL;

	*k = (struct disk_keep){0};
	if (json_parse(&top, data, len, path, e) < 0)
		return -1;
	return read_top(k, top, e) < 0 ? err_prefix(e, "%s", path) : 0;
}

int keep_load(struct disk_keep *k, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (io_read_file(path, KEEP_SIZE_MAX, &text, e) < 0)
		return -1;
	return keep_parse(k, buf_str(&text), text.len, path, e);
}

int keep_format(const struct disk_keep *k, struct buf *out, struct err *e)
{
	cleanup_json struct json *top = json_new_object(e);
	cleanup_json struct json *esp = json_new_object(e);
	cleanup_json struct json *root = json_new_object(e);

	if (!top || !esp || !root || json_set_int(esp, "number", k->esp.number, e) < 0 ||
		json_set_int(root, "number", k->root.number, e) < 0)
		return -1;
	for (size_t i = 0; i < N_FIELDS; i++) {
		const struct text_field *f = &text_fields[i];
		struct json *map = !f->map ? top : f->map[0] == 'e' ? esp : root;

		if (json_set_text(map, f->key, (const char *)k + f->offset, e) < 0)
			return -1;
	}
	if (json_set(top, "esp", steal_ptr(&esp), e) < 0 ||
		json_set(top, "root", steal_ptr(&root), e) < 0)
		return -1;
	return json_write(top, out, e);
}
