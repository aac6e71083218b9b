/* The files that facts come from, as text. Each parser adds to *f what it finds; name is the
 * file's, for messages. Malformed text is ERR_FORMAT "name:line: ...". Bytes 0 are refused. */
#ifndef KILN_GUEST_FACTS_PARSE_H
#define KILN_GUEST_FACTS_PARSE_H

#include <stddef.h>

#include "base/err.h"
#include "guest/facts.h"

/* Lines of a text. */
struct facts_lines {
	const char *at;
	const char *end;
	const char *name;
	unsigned line; /* number of the line taken last, from 1 */
};

/* Take the next line, without its newline. Returns 1, 0 at the end, -1 with ERR_FORMAT for a byte
 * 0. */
int facts_next_line(struct facts_lines *l, const char **line, size_t *len, struct err *e);

/* os-release(5): id, version_id, name. */
int facts_parse_os_release(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e);

/* passwd(5), group(5). Lines of NIS ("+...", "-...") are left out. */
int facts_parse_passwd(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e);
int facts_parse_group(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e);
/* shadow(5): the passwords of users that are known already. */
int facts_parse_shadow(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e);

/* /var/lib/dpkg/status. */
int facts_parse_dpkg(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e);
/* apk's list of installed packages: lines of a letter, a colon and a value; P, V, A, o. */
int facts_parse_apk(struct facts *f, const char *text, size_t len, const char *name, struct err *e);

#endif
