#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static const char *name = "kiln";
static bool quiet_notes;

void log_setup(const char *tool_name, bool quiet)
{
	name = tool_name;
	quiet_notes = quiet;
}

/* One fwrite() a line, so that lines of several processes do not mix. */
static void say(const char *level, const char *msg)
{
	cleanup_buf struct buf line = {0};

	if (buf_printf(&line, NULL, "%s: %s", name, level) < 0 ||
		buf_put_escaped(&line, msg, strlen(msg), NULL) < 0 ||
		buf_putc(&line, '\n', NULL) < 0)
		return;
	fwrite(line.data, 1, line.len, stderr);
}

void log_note(const char *fmt, ...)
{
	char msg[2048];
	va_list ap;

	if (quiet_notes)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	say("", msg);
}

void log_warn(const char *fmt, ...)
{
	char msg[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	say("warning: ", msg);
}

void log_error(const struct err *e)
{
	say("error: ", e->msg);
}
