#include "guest/sysprep_edit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { SECONDS_A_DAY = 86400 };

/* Whether a line is kept; state is the filter's own, 0 at first. */
typedef bool line_filter(const char *line, size_t len, int *state);

static int filter_lines(
	const char *text, size_t len, line_filter *keep, struct buf *out, struct err *e)
{
	const char *end = text + len;
	int state = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		if (keep(text, n, &state) && buf_append(out, text, n + (newline != NULL), e) < 0)
			return -1;
		text += n + (newline != NULL);
	}
	return 0;
}

static bool starts_with(const char *line, size_t len, const char *start)
{
	size_t n = strlen(start);

	return len >= n && memcmp(line, start, n) == 0;
}

static bool has_text(const char *line, size_t len, const char *text)
{
	return memmem(line, len, text, strlen(text)) != NULL;
}

static bool is_no_hwaddr(const char *line, size_t len, int *state)
{
	(void)state;
	return !starts_with(line, len, "HWADDR=");
}

static bool is_no_dhcp_name(const char *line, size_t len, int *state)
{
	(void)state;
	return !starts_with(line, len, "HOSTNAME=") && !starts_with(line, len, "DHCP_HOSTNAME=");
}

static bool is_no_cloud_mount(const char *line, size_t len, int *state)
{
	(void)state;
	return starts_with(line, len, "#") || !has_text(line, len, "comment=cloudconfig");
}

static bool is_outside_lima(const char *line, size_t len, int *state)
{
	bool outside = *state == 0;

	if (has_text(line, len, "#LIMA-START")) {
		*state = 1;
		return false;
	}
	if (has_text(line, len, "#LIMA-END"))
		*state = 0;
	return outside;
}

int sysprep_edit_hwaddr(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e)
{
	(void)epoch_s;
	return filter_lines(text, len, is_no_hwaddr, out, e);
}

int sysprep_edit_dhcp_name(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e)
{
	(void)epoch_s;
	return filter_lines(text, len, is_no_dhcp_name, out, e);
}

int sysprep_edit_cloud_mounts(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e)
{
	(void)epoch_s;
	return filter_lines(text, len, is_no_cloud_mount, out, e);
}

int sysprep_edit_lima_lines(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e)
{
	(void)epoch_s;
	return filter_lines(text, len, is_outside_lima, out, e);
}

int sysprep_edit_hostname(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e)
{
	(void)text;
	(void)len;
	(void)epoch_s;
	return buf_puts(out, "localhost\n", e);
}

int sysprep_edit_at_sequence(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e)
{
	(void)text;
	(void)len;
	(void)epoch_s;
	return buf_puts(out, "00000\n", e);
}

/* The start of a line's third field, its length in *n; NULL when there is none. */
static const char *third_field(const char *line, const char *end, size_t *n)
{
	const char *stop;

	for (int i = 0; i < 2; i++) {
		line = memchr(line, ':', (size_t)(end - line));
		if (!line)
			return NULL;
		line++;
	}
	stop = memchr(line, ':', (size_t)(end - line));
	*n = (size_t)((stop ? stop : end) - line);
	return line;
}

/* A day that says when; empty is never, and 0 demands a change. */
static bool is_day(const char *field, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (field[i] < '0' || field[i] > '9')
			return false;
	}
	return len > 0 && !(len == 1 && field[0] == '0');
}

int sysprep_edit_shadow(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline + 1 : end;
		size_t n;
		const char *field = third_field(text, newline ? newline : end, &n);

		if (field && is_day(field, n)) {
			if (buf_append(out, text, (size_t)(field - text), e) < 0 ||
				buf_printf(out, e, "%" PRId64, epoch_s / SECONDS_A_DAY) < 0)
				return -1;
			text = field + n;
		}
		if (buf_append(out, text, (size_t)(stop - text), e) < 0)
			return -1;
		text = stop;
	}
	return 0;
}
