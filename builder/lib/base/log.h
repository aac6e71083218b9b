/* What a tool says on standard error: one line a message, control characters escaped. */
#ifndef KILN_BASE_LOG_H
#define KILN_BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

/* Set once by main, before threads start: the name before each line, and whether notes are kept
 * back. */
void log_setup(const char *tool_name, bool quiet);

/* "tool: message" for the user's information; nothing when quiet. */
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "tool: warning: message"; always said. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "tool: error: message" for *e; main calls it once. */
void log_error(const struct err *e);

#endif
