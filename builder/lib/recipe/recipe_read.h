/* Typed reading of a recipe's YAML: each fault is ERR_FORMAT with file:line:column. */
#ifndef KILN_RECIPE_READ_H
#define KILN_RECIPE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "yaml/ynode.h"

/* Where values come from: the file's name for messages. */
struct recipe_reader {
	const char *path;
};

/* What a text must look like. */
enum recipe_word {
	WORD_ANY,       /* any text on one line */
	WORD_NAME,      /* lower-case letters, digits, '.', '_', '-'; begins with letter or digit */
	WORD_PACKAGE,   /* a package's name: lower-case letters, digits, '+', '.', '-' */
	WORD_SUITE,     /* a path below dists/: letters, digits, '.', '_', '-', '/', no ".." */
	WORD_REPO_PATH, /* relative, normalised: stays inside the repository */
	WORD_IMAGE_PATH,   /* absolute, normalised: a path inside the image */
	WORD_ARCHIVE_PATH, /* relative, normalised, without what means something to a shell */
	WORD_URL, /* of a server: http or https, no user, query or fragment, no slash at the end */
};

/* True when text is such a word; otherwise *why says what is wrong with it. */
bool recipe_word_is_valid(enum recipe_word word, const char *text, const char **why);

/* node must be a map that has no keys but those in keys (NULL-terminated). what names it. */
int recipe_read_map(const struct recipe_reader *r, const struct ynode *node, const char *what,
	const char *const *keys, struct err *e);

/* The value of key, which must be there. NULL with *e otherwise. */
const struct ynode *recipe_read_need(
	const struct recipe_reader *r, const struct ynode *map, const char *key, struct err *e);

/* node's text, copied; the caller frees *out. what names the value. */
int recipe_read_text(const struct recipe_reader *r, const struct ynode *node, const char *what,
	enum recipe_word word, char **out, struct err *e);

/* map[key] as text. Absent: *out stays as it is. */
int recipe_read_opt_text(const struct recipe_reader *r, const struct ynode *map, const char *key,
	enum recipe_word word, char **out, struct err *e);
/* map[key] as text; absent is an error. */
int recipe_read_need_text(const struct recipe_reader *r, const struct ynode *map, const char *key,
	enum recipe_word word, char **out, struct err *e);

/* map[key] as a list of words without duplicates, appended to *out. Absent: nothing. */
int recipe_read_words(const struct recipe_reader *r, const struct ynode *map, const char *key,
	enum recipe_word word, struct strv *out, struct err *e);

/* map[key], which must be a list of at least one entry; *items gets zeroed room of size bytes for
 * each, the caller's to free. NULL with *e otherwise. */
const struct ynode *recipe_read_list(const struct recipe_reader *r, const struct ynode *map,
	const char *key, size_t size, void **items, struct err *e);

/* map[key] as true or false. Absent: *out stays as it is. */
int recipe_read_bool(const struct recipe_reader *r, const struct ynode *map, const char *key,
	bool *out, struct err *e);

/* map[key] as a number from 0 to max. Absent: *out stays as it is. */
int recipe_read_u32(const struct recipe_reader *r, const struct ynode *map, const char *key,
	uint32_t max, uint32_t *out, struct err *e);

/* map[key] as quoted octal permission bits ("0644"). Absent: *out stays as it is. */
int recipe_read_mode(const struct recipe_reader *r, const struct ynode *map, const char *key,
	uint32_t *out, struct err *e);

/* map[key] as a size ("64MiB"), a multiple of 1 MiB, not 0; absent is an error. */
int recipe_read_size(const struct recipe_reader *r, const struct ynode *map, const char *key,
	uint64_t *size_bytes, struct err *e);

#endif
