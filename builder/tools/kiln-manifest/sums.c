#include "sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

int sums_add(
	struct sums *s, const char *name, const char *sha256, uint64_t size_bytes, struct err *e)
{
	struct sum *items = mem_resize(s->items, s->n + 1, sizeof(*items), e);

	if (!items)
		return -1;
	s->items = items;
	struct sum *item = &items[s->n];
	item->name = mem_strdup(name, e);
	if (!item->name)
		return -1;
	memcpy(item->sha256, sha256, SHA256_HEX_SIZE - 1);
	item->sha256[SHA256_HEX_SIZE - 1] = 0;
	item->size_bytes = size_bytes;
	s->n++;
	return 0;
}

void sums_release(struct sums *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->items[i].name);
	free(s->items);
	*s = (struct sums){0};
}

static int compare(const void *a, const void *b)
{
	const struct sum *x = a;
	const struct sum *y = b;

	return strcmp(x->name, y->name);
}

int sums_sort(struct sums *s, const char *context, struct err *e)
{
	if (s->n > 0)
		qsort(s->items, s->n, sizeof(*s->items), compare);
	for (size_t i = 1; i < s->n; i++) {
		if (strcmp(s->items[i - 1].name, s->items[i].name) == 0)
			return err_set(
				e, ERR_FORMAT, "%s: '%s' stands twice", context, s->items[i].name);
	}
	return 0;
}

const struct sum *sums_find(const struct sums *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->items[i].name, name) == 0)
			return &s->items[i];
	}
	return NULL;
}

int sums_check_name(const char *name, const char *context, struct err *e)
{
	if (*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return 0;
	return err_set(
		e, ERR_FORMAT, "%s: '%s' is not the name of a file in the folder", context, name);
}

static int put_name(struct buf *out, const char *name, struct err *e)
{
	for (const char *p = name; *p; p++) {
		int rc = *p == '\\'   ? buf_puts(out, "\\\\", e)
			 : *p == '\n' ? buf_puts(out, "\\n", e)
			 : *p == '\r' ? buf_puts(out, "\\r", e)
				      : buf_putc(out, *p, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int sums_format(const struct sums *s, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sum *item = &s->items[i];
		const char *mark = strpbrk(item->name, "\\\n\r") ? "\\" : "";

		if (buf_printf(out, e, "%s%s  ", mark, item->sha256) < 0 ||
			put_name(out, item->name, e) < 0 || buf_putc(out, '\n', e) < 0)
			return -1;
	}
	return 0;
}

/* Undo put_name() in place; false for an escape that there is not. */
static bool unescape(char *name)
{
	char *to = name;

	for (const char *p = name; *p; p++) {
		if (*p != '\\') {
			*to++ = *p;
			continue;
		}
		p++;
		if (*p != '\\' && *p != 'n' && *p != 'r')
			return false;
		*to++ = *p == 'n' ? '\n' : *p == 'r' ? '\r' : '\\';
	}
	*to = 0;
	return true;
}

static int parse_line(
	struct sums *s, const char *text, size_t len, const char *context, struct err *e)
{
	cleanup_free char *line = mem_strndup(text, len, e);
	const size_t digits = SHA256_HEX_SIZE - 1;

	if (!line)
		return -1;
	bool escaped = line[0] == '\\';
	char *hex = line + escaped;
	if (strlen(line) != len || strlen(hex) < digits + 3 || hex[digits] != ' ' ||
		hex[digits + 1] != ' ')
		return err_set(e, ERR_FORMAT, "%s: is not \"digest, two spaces, name\"", context);
	hex[digits] = 0;
	char *name = hex + digits + 2;
	if (!sha256_is_hex(hex))
		return err_set(
			e, ERR_FORMAT, "%s: '%s' is not a SHA-256 in lower case", context, hex);
	if (escaped && !unescape(name))
		return err_set(e, ERR_FORMAT, "%s: the name has a wrong escape", context);
	if (sums_check_name(name, context, e) < 0)
		return -1;
	return sums_add(s, name, hex, 0, e);
}

int sums_parse(struct sums *s, const char *text, size_t len, const char *path, struct err *e)
{
	unsigned line = 1;

	for (size_t at = 0; at < len; line++) {
		const char *end = memchr(text + at, '\n', len - at);
		char context[300];

		snprintf(context, sizeof(context), "%s:%u", path, line);
		if (!end)
			return err_set(e, ERR_FORMAT, "%s: the last line is cut off", context);
		size_t line_len = (size_t)(end - text) - at;
		if (parse_line(s, text + at, line_len, context, e) < 0)
			return -1;
		at += line_len + 1;
	}
	return sums_sort(s, path, e);
}

int sums_measure(int dir_fd, const char *dir, const char *name, char hex[SHA256_HEX_SIZE],
	uint64_t *size_bytes, struct err *e)
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_INTEGRITY, "%s/%s: is missing", dir, name);
	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_INTEGRITY, "%s/%s: is a symbolic link", dir, name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "%s/%s", dir, name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INTEGRITY, "%s/%s: is not a regular file", dir, name);
	if (sha256_fd_hex(fd, hex, size_bytes, e) < 0)
		return err_prefix(e, "%s/%s", dir, name);
	return 0;
}
