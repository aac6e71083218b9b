#include "deb/deb.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/reader.h"
#include "base/mem.h"
#include "deb/deb822.h"

#define MAX_CONTROL_SIZE ((size_t)1 << 20)
#define MAX_CONTROL_TAR_SIZE (64 << 20) /* unpacked */
#define MAX_ENTRIES 10000
#define BLOCK_SIZE 65536

/* Whatever the reader stumbles over: it is no package. */
static int fail(const char *name, const char *what, const struct err *why, struct err *e)
{
	return err_set(e, ERR_FORMAT, "%s: %s: %s", name, what, why->msg);
}

/* A package has no member to lose, nor ends where one is looked for. */
static int next_member(struct reader *outer, struct err *e)
{
	int found = reader_next(outer, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(e, ERR_FORMAT, "malformed");
	if (reader_warning(outer))
		return err_set(e, ERR_FORMAT, "%s", reader_warning(outer));
	return 0;
}

/* Whether the current member is debian-binary and says 2.x. */
static bool is_format_2(struct reader *outer)
{
	const char *path = reader_path(outer);
	char version[2];
	size_t got;

	return path && strcmp(path, "debian-binary") == 0 &&
	       reader_read(outer, version, sizeof(version), &got, NULL) == 0 && got == 2 &&
	       memcmp(version, "2.", 2) == 0;
}

/* Go to the control.tar member. deb(5): debian-binary comes first. */
static int find_member(struct reader *outer, const char *name, struct err *e)
{
	struct err why = {0};

	if (next_member(outer, &why) < 0)
		return fail(name, "not a Debian package", &why, e);
	if (!is_format_2(outer))
		return err_set(e, ERR_FORMAT, "%s: not a Debian package of format 2", name);
	for (int i = 0; i < 8; i++) {
		if (next_member(outer, NULL) < 0)
			break;
		const char *path = reader_path(outer);
		if (path && strncmp(path, "control.tar", 11) == 0)
			return 0;
		if (path && path[0] != '_')
			break;
	}
	return err_set(e, ERR_FORMAT, "%s: has no control.tar where it must be", name);
}

static int append_entry(struct reader *inner, const char *name, struct buf *out, struct err *e)
{
	size_t start = out->len;
	struct err why = {0};
	size_t got;

	if (!S_ISREG(reader_mode(inner)))
		return err_set(e, ERR_FORMAT, "%s: control is not a regular file", name);
	for (;;) {
		if (buf_reserve(out, BLOCK_SIZE, e) < 0)
			return -1;
		if (reader_read(inner, out->data + out->len, BLOCK_SIZE, &got, &why) < 0)
			return fail(name, "control", &why, e);
		if (got == 0)
			break;
		out->len += got;
		out->data[out->len] = 0;
		if (out->len - start > MAX_CONTROL_SIZE)
			return err_set(e, ERR_FORMAT, "%s: control is larger than %zu bytes", name,
				MAX_CONTROL_SIZE);
	}
	return 0;
}

static int read_control(struct reader *inner, const char *name, struct buf *out, struct err *e)
{
	struct err why = {0};

	for (int i = 0; i < MAX_ENTRIES; i++) {
		int found = reader_next(inner, &why);

		if (found == 0)
			break;
		if (found < 0)
			return fail(name, "control.tar", &why, e);
		/* The reader goes over an entry by unpacking it. */
		if (reader_bytes(inner) > MAX_CONTROL_TAR_SIZE ||
			reader_size_bytes(inner) > MAX_CONTROL_TAR_SIZE)
			return err_set(e, ERR_FORMAT, "%s: control.tar is too large", name);
		const char *path = reader_path(inner);
		if (path && (strcmp(path, "./control") == 0 || strcmp(path, "control") == 0))
			return append_entry(inner, name, out, e);
	}
	return err_set(e, ERR_FORMAT, "%s: control.tar has no control file", name);
}

/* The control text must be exactly one paragraph; take it without blank lines around it. */
static int put_paragraph(const struct buf *text, const char *name, struct buf *out, struct err *e)
{
	struct deb822_reader r = {.text = buf_str(text), .len = text->len, .name = name};
	struct deb822_paragraph p, more;
	int found = deb822_next(&r, &p, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(e, ERR_FORMAT, "%s: control is empty", name);
	found = deb822_next(&r, &more, e);
	if (found != 0)
		return found < 0 ? -1
				 : err_set(e, ERR_FORMAT, "%s: control has two paragraphs", name);
	if (buf_append(out, p.text, p.len, e) < 0)
		return -1;
	return p.text[p.len - 1] == '\n' ? 0 : buf_putc(out, '\n', e);
}

int deb_read_control(int fd, const char *name, struct buf *control, struct err *e)
{
	cleanup_reader struct reader *outer = NULL;
	cleanup_reader struct reader *inner = NULL;
	cleanup_free char *where = mem_printf(e, "%s: control", name);
	cleanup_buf struct buf text = {0};

	if (!where)
		return -1;
	if (reader_open_fd(&outer, fd, READER_AR, BLOCK_SIZE, e) < 0)
		return err_prefix(e, "%s", name);
	if (find_member(outer, name, e) < 0)
		return -1;
	if (reader_open_entry(&inner, outer, READER_TAR | READER_GZIP | READER_XZ | READER_ZSTD,
		    BLOCK_SIZE, e) < 0)
		return err_prefix(e, "%s", name);
	if (read_control(inner, name, &text, e) < 0)
		return -1;
	return put_paragraph(&text, where, control, e);
}
