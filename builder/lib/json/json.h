/* JSON values (jansson behind). Objects are written with sorted keys: equal values, equal bytes.
 *
 * Reading refuses duplicate keys, depth over 64, sizes over the caller's bound, invalid UTF-8,
 * \u0000, trailing data, and numbers that are no int64_t (fractions and exponents are for no file
 * of ours): ERR_FORMAT with the name, line and column. The top of a document is an object or array.
 */
#ifndef KILN_JSON_JSON_H
#define KILN_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct json;

int json_parse(struct json **out, const char *data, size_t len, const char *name, struct err *e);
int json_load(struct json **out, const char *path, size_t max, struct err *e);
void json_free(struct json *j);

static inline void json_cleanup(struct json **j)
{
	json_free(*j);
}
#define cleanup_json __attribute__((cleanup(json_cleanup)))

/* Reading. Values returned are borrowed from their parent. */
const struct json *json_get(const struct json *object, const char *key); /* NULL: absent */
size_t json_count(const struct json *array);                             /* 0 if no array */
const struct json *json_at(const struct json *array, size_t i);
const char *json_text(const struct json *string); /* NULL if j is no string (or NULL) */
bool json_int(const struct json *j, int64_t *value);
bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
/* The i-th key of an object in sorted order, NULL past the end. */
const char *json_key(const struct json *object, size_t i);

/* Required members; ERR_FORMAT "name: key 'k' is missing / not a string". */
int json_need_text(const struct json *object, const char *key, const char *name, const char **text,
	struct err *e);
int json_need_int(const struct json *object, const char *key, const char *name, int64_t min,
	int64_t max, int64_t *value, struct err *e);

/* Building. Setters own value from the call on, also when they return -1 or value is NULL
 * (the failure of its maker is then passed on). */
struct json *json_new_object(struct err *e);
struct json *json_new_array(struct err *e);
struct json *json_new_text(const char *text, struct err *e); /* text must be UTF-8 */
struct json *json_new_int(int64_t value, struct err *e);
int json_set(struct json *object, const char *key, struct json *value, struct err *e);
int json_add(struct json *array, struct json *value, struct err *e);
int json_set_text(struct json *object, const char *key, const char *text, struct err *e);
int json_set_int(struct json *object, const char *key, int64_t value, struct err *e);
int json_set_bool(struct json *object, const char *key, bool value, struct err *e);

/* Append canonical text: sorted keys (bytewise), 2 spaces of indent, newline at the end. */
int json_write(const struct json *j, struct buf *out, struct err *e);

#endif
