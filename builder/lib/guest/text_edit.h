/* Small changes to configuration files. Pure functions on texts. */
#ifndef KILN_GUEST_TEXT_EDIT_H
#define KILN_GUEST_TEXT_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Replace match, which is not empty and must stand exactly count times (0: at least once).
 * ERR_CHECK with the count found otherwise. */
int text_replace(
	struct buf *text, const char *match, const char *replace, uint32_t count, struct err *e);

/* Append a line unless the text has it; *changed tells. */
int text_append_line(struct buf *text, const char *line, bool *changed, struct err *e);

/* Name the machine in hosts(5): lines of 127.0.1.1 get hostname, and before the first dot the short
 * name too. *changed tells. */
int text_set_host(struct buf *text, const char *hostname, bool *changed, struct err *e);

#endif
