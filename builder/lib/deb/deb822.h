/* Debian's control files: paragraphs of "Name: value" lines. deb822(5), Debian Policy 5.1. */
#ifndef KILN_DEB_DEB822_H
#define KILN_DEB_DEB822_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Text being read; points into the caller's memory. */
struct deb822_reader {
	const char *text;
	size_t len;
	const char *name; /* of the text, for messages */
	unsigned line;    /* lines before text */
};

/* One paragraph: complete lines, none of them empty. Points into the reader's text. */
struct deb822_paragraph {
	const char *text;
	size_t len;
	const char *name;
	unsigned line; /* of its first line, from 1 */
};

/* Take the next paragraph and check its lines: field names of printable characters, a colon,
 * no field twice, no NUL. Returns 1, 0 at the end, -1 with ERR_FORMAT "name:line: ...". */
int deb822_next(struct deb822_reader *r, struct deb822_paragraph *p, struct err *e);

/* Find a field whatever the case of its name. The value goes up to the end of its last
 * continuation line, without blanks around it. False when it is absent. */
bool deb822_find(
	const struct deb822_paragraph *p, const char *field, const char **value, size_t *len);

/* A copy of a field's value, which must be there and on one line. The caller frees.
 * NULL with ERR_FORMAT otherwise. */
char *deb822_need(const struct deb822_paragraph *p, const char *field, struct err *e);

#endif
