#include "deb/deb.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "deb/deb822.h"

#define MAX_CONTROL_SIZE ((size_t)1 << 20)
#define MAX_CONTROL_TAR_SIZE ((int64_t)64 << 20) /* unpacked */
#define MAX_ENTRIES 10000
#define BLOCK_SIZE 65536

MEM_DEFINE_CLEANUP(archive, struct archive *, archive_read_free)

/* The control.tar member of a package, handed on to the reader inside it. */
struct member {
	struct archive *outer;
	char block[BLOCK_SIZE];
};

static int fail(struct archive *a, const char *name, const char *what, struct err *e)
{
	const char *why = archive_error_string(a);

	return err_set(e, ERR_FORMAT, "%s: %s: %s", name, what, why ? why : "malformed");
}

static la_ssize_t read_member(struct archive *inner, void *data, const void **block)
{
	struct member *m = data;
	la_ssize_t n = archive_read_data(m->outer, m->block, sizeof(m->block));

	*block = m->block;
	if (n < 0)
		archive_set_error(inner, EILSEQ, "%s", archive_error_string(m->outer));
	return n;
}

/* Go to the control.tar member. deb(5): debian-binary comes first and says 2.x. */
static int find_member(struct archive *outer, const char *name, struct err *e)
{
	struct archive_entry *entry;
	char version[2];

	if (archive_read_next_header(outer, &entry) != ARCHIVE_OK)
		return fail(outer, name, "not a Debian package", e);
	const char *path = archive_entry_pathname(entry);
	if (!path || strcmp(path, "debian-binary") != 0 ||
		archive_read_data(outer, version, 2) != 2 || memcmp(version, "2.", 2) != 0)
		return err_set(e, ERR_FORMAT, "%s: not a Debian package of format 2", name);
	for (int i = 0; i < 8; i++) {
		if (archive_read_next_header(outer, &entry) != ARCHIVE_OK)
			break;
		path = archive_entry_pathname(entry);
		if (path && strncmp(path, "control.tar", 11) == 0)
			return 0;
		if (path && path[0] != '_')
			break;
	}
	return err_set(e, ERR_FORMAT, "%s: has no control.tar where it must be", name);
}

static int append_entry(struct archive *inner, struct archive_entry *entry, const char *name,
	struct buf *out, struct err *e)
{
	size_t start = out->len;

	if (archive_entry_filetype(entry) != AE_IFREG)
		return err_set(e, ERR_FORMAT, "%s: control is not a regular file", name);
	for (;;) {
		if (buf_reserve(out, BLOCK_SIZE, e) < 0)
			return -1;
		la_ssize_t n = archive_read_data(inner, out->data + out->len, BLOCK_SIZE);
		if (n < 0)
			return fail(inner, name, "control", e);
		if (n == 0)
			break;
		out->len += (size_t)n;
		out->data[out->len] = 0;
		if (out->len - start > MAX_CONTROL_SIZE)
			return err_set(e, ERR_FORMAT, "%s: control is larger than %zu bytes", name,
				MAX_CONTROL_SIZE);
	}
	return 0;
}

static int read_control(struct archive *inner, const char *name, struct buf *out, struct err *e)
{
	struct archive_entry *entry;

	for (int i = 0; i < MAX_ENTRIES; i++) {
		int rc = archive_read_next_header(inner, &entry);

		if (rc == ARCHIVE_EOF)
			break;
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return fail(inner, name, "control.tar", e);
		/* libarchive skips over an entry by unpacking it. */
		if (archive_filter_bytes(inner, 0) > MAX_CONTROL_TAR_SIZE ||
			archive_entry_size(entry) > MAX_CONTROL_TAR_SIZE)
			return err_set(e, ERR_FORMAT, "%s: control.tar is too large", name);
		const char *path = archive_entry_pathname(entry);
		if (path && (strcmp(path, "./control") == 0 || strcmp(path, "control") == 0))
			return append_entry(inner, entry, name, out, e);
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

static int open_inner(struct archive *inner, struct member *m, const char *name, struct err *e)
{
	archive_read_support_filter_gzip(inner);
	archive_read_support_filter_xz(inner);
	archive_read_support_filter_zstd(inner);
	archive_read_support_format_tar(inner);
	if (archive_read_open(inner, m, NULL, read_member, NULL) != ARCHIVE_OK)
		return fail(inner, name, "control.tar", e);
	return 0;
}

int deb_read_control(int fd, const char *name, struct buf *control, struct err *e)
{
	MEM_CLEANUP(archive) struct archive *outer = archive_read_new();
	MEM_CLEANUP(archive) struct archive *inner = archive_read_new();
	cleanup_free struct member *m = mem_zalloc(sizeof(*m), e);
	cleanup_free char *where = mem_printf(e, "%s: control", name);
	cleanup_buf struct buf text = {0};

	if (!outer || !inner || !m || !where)
		return err_nomem(e);
	m->outer = outer;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set_errno(e, ERR_IO, "%s", name);
	archive_read_support_format_ar(outer);
	if (archive_read_open_fd(outer, fd, BLOCK_SIZE) != ARCHIVE_OK)
		return fail(outer, name, "not a Debian package", e);
	if (find_member(outer, name, e) < 0 || open_inner(inner, m, name, e) < 0 ||
		read_control(inner, name, &text, e) < 0)
		return -1;
	return put_paragraph(&text, where, control, e);
}
