#include "json/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/utf8.h"

#define MAX_DEPTH 64

/* struct json is never defined: a pointer to it is a pointer to jansson's value. */
static json_t *raw(const struct json *j)
{
	return (json_t *)(uintptr_t)j;
}

static struct json *wrap(json_t *value, struct err *e)
{
	if (!value)
		err_nomem(e);
	return (struct json *)value;
}

/* Walks over text known to be JSON. */
struct scan {
	const char *name;
	unsigned line;
	unsigned column; /* in characters */
	unsigned depth;
	bool in_string;
};

static int scan_refuse(const struct scan *s, const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "%s:%u:%u: %s", s->name, s->line, s->column, what);
}

static int scan_token(struct scan *s, char c, char before, struct err *e)
{
	if (c == '[' || c == '{') {
		if (++s->depth > MAX_DEPTH)
			return scan_refuse(s, "nested deeper than 64 levels", e);
	} else if (c == ']' || c == '}') {
		s->depth--;
	} else if (c == '.' || c == 'E' || (c == 'e' && before >= '0' && before <= '9')) {
		return scan_refuse(s, "only whole numbers are allowed", e);
	}
	return 0;
}

/* Refuse what jansson takes and we do not; jansson's values do not tell where they stood. */
static int check_depth_and_numbers(const char *data, size_t len, const char *name, struct err *e)
{
	struct scan s = {.name = name, .line = 1};

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n') {
			s.line++;
			s.column = 0;
			continue;
		}
		s.column += ((unsigned char)data[i] & 0xc0) != 0x80;
		if (s.in_string && data[i] == '\\') {
			i++;
			s.column++;
		} else if (data[i] == '"') {
			s.in_string = !s.in_string;
		} else if (!s.in_string && scan_token(&s, data[i], i ? data[i - 1] : 0, e) < 0) {
			return -1;
		}
	}
	return 0;
}

int json_parse(struct json **out, const char *data, size_t len, const char *name, struct err *e)
{
	json_error_t error;
	json_t *value = json_loadb(data ? data : "", len, JSON_REJECT_DUPLICATES, &error);

	if (!value && json_error_code(&error) == json_error_out_of_memory)
		return err_nomem(e);
	if (!value)
		return err_set(e, ERR_FORMAT, "%s:%d:%d: %s", name, error.line,
			error.column > 0 ? error.column : 1, error.text);
	if (check_depth_and_numbers(data, len, name, e) < 0) {
		json_decref(value);
		return -1;
	}
	*out = (struct json *)value;
	return 0;
}

int json_load(struct json **out, const char *path, size_t max, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (io_read_file(path, max, &text, e) < 0)
		return -1;
	return json_parse(out, buf_str(&text), text.len, path, e);
}

void json_free(struct json *j)
{
	json_decref(raw(j));
}

const struct json *json_get(const struct json *object, const char *key)
{
	return (const struct json *)json_object_get(raw(object), key);
}

size_t json_count(const struct json *array)
{
	return json_array_size(raw(array));
}

const struct json *json_at(const struct json *array, size_t i)
{
	return (const struct json *)json_array_get(raw(array), i);
}

const char *json_text(const struct json *string)
{
	return json_string_value(raw(string));
}

bool json_int(const struct json *j, int64_t *value)
{
	if (!json_is_integer(raw(j)))
		return false;
	*value = json_integer_value(raw(j));
	return true;
}

/* In parentheses: jansson has macros json_is_object and json_is_array. */
bool(json_is_object)(const struct json *j)
{
	return j && json_typeof(raw(j)) == JSON_OBJECT;
}

bool(json_is_array)(const struct json *j)
{
	return j && json_typeof(raw(j)) == JSON_ARRAY;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *json_key(const struct json *object, size_t i)
{
	size_t n = json_object_size(raw(object));

	if (i >= n)
		return NULL;
	cleanup_free const char **keys = mem_array(n, sizeof(*keys), NULL);
	if (!keys)
		return NULL;
	size_t count = 0;
	for (void *it = json_object_iter(raw(object)); it;
		it = json_object_iter_next(raw(object), it))
		keys[count++] = json_object_iter_key(it);
	qsort(keys, n, sizeof(*keys), compare_keys);
	return keys[i];
}

static int need(const struct json *object, const char *key, const char *name,
	const struct json **value, struct err *e)
{
	*value = json_get(object, key);
	if (*value)
		return 0;
	return err_set(e, ERR_FORMAT, "%s: key '%s' is missing", name, key);
}

int json_need_text(const struct json *object, const char *key, const char *name, const char **text,
	struct err *e)
{
	const struct json *value;

	if (need(object, key, name, &value, e) < 0)
		return -1;
	*text = json_text(value);
	if (!*text)
		return err_set(e, ERR_FORMAT, "%s: key '%s' is not a string", name, key);
	return 0;
}

int json_need_int(const struct json *object, const char *key, const char *name, int64_t min,
	int64_t max, int64_t *value, struct err *e)
{
	const struct json *member;

	if (need(object, key, name, &member, e) < 0)
		return -1;
	if (!json_int(member, value))
		return err_set(e, ERR_FORMAT, "%s: key '%s' is not an integer", name, key);
	if (*value < min || *value > max)
		return err_set(e, ERR_FORMAT, "%s: key '%s' is %lld; it must be from %lld to %lld",
			name, key, (long long)*value, (long long)min, (long long)max);
	return 0;
}

struct json *json_new_object(struct err *e)
{
	return wrap(json_object(), e);
}

struct json *json_new_array(struct err *e)
{
	return wrap(json_array(), e);
}

struct json *json_new_text(const char *text, struct err *e)
{
	if (!utf8_valid(text, strlen(text))) {
		err_set(e, ERR_FORMAT, "'%s' is not UTF-8", text);
		return NULL;
	}
	return wrap(json_string_nocheck(text), e);
}

struct json *json_new_int(int64_t value, struct err *e)
{
	return wrap(json_integer(value), e);
}

int json_set(struct json *object, const char *key, struct json *value, struct err *e)
{
	if (!value)
		return -1;
	if (!utf8_valid(key, strlen(key))) {
		json_free(value);
		return err_set(e, ERR_FORMAT, "key '%s' is not UTF-8", key);
	}
	if (json_object_set_new_nocheck(raw(object), key, raw(value)) < 0)
		return err_nomem(e);
	return 0;
}

int json_add(struct json *array, struct json *value, struct err *e)
{
	if (!value)
		return -1;
	if (json_array_append_new(raw(array), raw(value)) < 0)
		return err_nomem(e);
	return 0;
}

int json_set_text(struct json *object, const char *key, const char *text, struct err *e)
{
	return json_set(object, key, json_new_text(text, e), e);
}

int json_set_int(struct json *object, const char *key, int64_t value, struct err *e)
{
	return json_set(object, key, json_new_int(value, e), e);
}

int json_set_bool(struct json *object, const char *key, bool value, struct err *e)
{
	return json_set(object, key, wrap(json_boolean(value), e), e);
}

struct sink {
	struct buf *out;
	bool failed;
	struct err *e;
};

static int put(const char *data, size_t len, void *arg)
{
	struct sink *sink = arg;

	if (buf_append(sink->out, data, len, sink->e) < 0)
		sink->failed = true;
	return sink->failed ? -1 : 0;
}

int json_write(const struct json *j, struct buf *out, struct err *e)
{
	struct sink sink = {.out = out, .e = e};

	/* Fails when memory runs out, here or in jansson: nothing else can. What is returned for an
	 * object's key, jansson does not look at. */
	if (json_dump_callback(
		    raw(j), put, &sink, JSON_SORT_KEYS | JSON_INDENT(2) | JSON_ENCODE_ANY) < 0 ||
		sink.failed)
		return err_nomem(e);
	return buf_putc(out, '\n', e);
}
