#include "deb_check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "deb/deb.h"
#include "deb/deb822.h"
#include "digest/sha256.h"

static int check_fd(int fd, const char *path, const struct lock_package *p, struct err *e)
{
	char hex[SHA256_HEX_SIZE];
	uint64_t size;

	if (io_size(fd, &size, e) < 0)
		return err_prefix(e, "%s", path);
	if (p->size_bytes > 0 && size != p->size_bytes)
		return err_set(e, ERR_INTEGRITY,
			"%s: is %" PRIu64 " bytes long; %s %s has %" PRIu64, path, size, p->name,
			p->version, p->size_bytes);
	if (sha256_fd_hex(fd, hex, NULL, e) < 0)
		return err_prefix(e, "%s", path);
	if (strcmp(hex, p->sha256) != 0)
		return err_set(e, ERR_INTEGRITY, "%s: has the SHA-256 %s; %s %s has another", path,
			hex, p->name, p->version);
	return 0;
}

int deb_check_file(const char *path, const struct lock_package *p, struct err *e)
{
	cleanup_close int fd = io_open_read(path, e);

	return fd < 0 ? -1 : check_fd(fd, path, p, e);
}

char *deb_file_name(const struct lock_package *p, struct err *e)
{
	const char *colon = strchr(p->version, ':');

	return mem_printf(e, "%s_%s_%s.deb", p->name, colon ? colon + 1 : p->version, p->arch);
}

static int check_field(
	const struct deb822_paragraph *control, const char *field, const char *want, struct err *e)
{
	cleanup_free char *value = deb822_need(control, field, e);

	if (!value)
		return -1;
	if (strcmp(value, want) != 0)
		return err_set(e, ERR_INTEGRITY, "%s: %s is '%s'; the lock says '%s'",
			control->name, field, value, want);
	return 0;
}

/* What the repository says of a file is for us to say, not for the file. */
static int check_control(
	const struct deb822_paragraph *control, const struct lock_package *p, struct err *e)
{
	static const char *const ours[] = {
		"Filename", "Size", "SHA256", "SHA512", "SHA1", "MD5sum"};
	const char *value;
	size_t len;

	if (check_field(control, "Package", p->name, e) < 0 ||
		check_field(control, "Version", p->version, e) < 0 ||
		check_field(control, "Architecture", p->arch, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (deb822_find(control, ours[i], &value, &len))
			return err_set(
				e, ERR_INTEGRITY, "%s: has a field '%s'", control->name, ours[i]);
	}
	return 0;
}

int deb_check_stanza(
	const char *path, const struct lock_package *p, struct buf *stanza, struct err *e)
{
	cleanup_close int fd = io_open_read(path, e);
	cleanup_free char *file = deb_file_name(p, e);
	cleanup_buf struct buf control = {0};
	struct deb822_paragraph paragraph;

	if (fd < 0 || !file || check_fd(fd, path, p, e) < 0)
		return -1;
	struct err why = {0};
	if (deb_read_control(fd, file, &control, &why) < 0)
		return err_set(e, why.kind == ERR_FORMAT ? ERR_INTEGRITY : why.kind, "%s: %s", path,
			why.msg);
	struct deb822_reader r = {.text = buf_str(&control), .len = control.len, .name = file};
	if (deb822_next(&r, &paragraph, e) < 0 || check_control(&paragraph, p, e) < 0)
		return err_prefix(e, "%s", path);
	if (buf_append(stanza, control.data, control.len, e) < 0)
		return -1;
	return buf_printf(stanza, e, "Filename: pool/%s\nSize: %" PRIu64 "\nSHA256: %s\n\n", file,
		p->size_bytes, p->sha256);
}
