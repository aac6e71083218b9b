#include "archive/reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

struct reader {
	struct archive *a;
	struct archive_entry *entry; /* the current one; the archive's */
	const char *warning;
	struct reader *outer; /* whose entry is read; NULL: data or fd is */
	const char *data;     /* size_bytes of memory; NULL: fd is read */
	int fd;
	uint64_t position;
	uint64_t size_bytes;
	bool opened;
	bool at_end; /* the end of the input was reached */
	locale_t old_locale;
	size_t block_bytes;
	char *block;
};

static la_ssize_t read_fd(struct archive *a, void *ctx, const void **data)
{
	struct reader *r = ctx;
	struct err e = {0};
	size_t got;

	*data = r->block;
	if (io_pread(r->fd, r->block, r->block_bytes, r->position, &got, &e) < 0) {
		archive_set_error(a, e.errnum ? e.errnum : EIO, "%s", e.msg);
		return ARCHIVE_FATAL;
	}
	r->position += got;
	r->at_end = got == 0;
	return (la_ssize_t)got;
}

/* All of it at once, then nothing. libarchive changes nothing of what it is given to read. */
static la_ssize_t read_buffer(struct archive *a, void *ctx, const void **data)
{
	struct reader *r = ctx;
	uint64_t left = r->size_bytes - r->position;

	(void)a;
	*data = r->data + r->position;
	r->position = r->size_bytes;
	r->at_end = true;
	return (la_ssize_t)left;
}

static la_int64_t skip_fd(struct archive *a, void *ctx, la_int64_t request)
{
	struct reader *r = ctx;
	uint64_t left = r->size_bytes > r->position ? r->size_bytes - r->position : 0;
	uint64_t n = request < 0 ? 0 : (uint64_t)request;

	(void)a;
	n = n < left ? n : left;
	r->position += n;
	return (la_int64_t)n;
}

static la_ssize_t read_entry(struct archive *a, void *ctx, const void **data)
{
	struct reader *r = ctx;
	la_ssize_t n = archive_read_data(r->outer->a, r->block, r->block_bytes);

	*data = r->block;
	if (n < 0)
		archive_set_error(
			a, archive_errno(r->outer->a), "%s", archive_error_string(r->outer->a));
	r->at_end = n == 0 || r->outer->at_end;
	return n;
}

/* What libarchive says about the last call, as an error of ours. */
static int convert_error(const struct reader *r, struct err *e)
{
	const char *said = archive_error_string(r->a);
	int code = archive_errno(r->a);

	if (!said)
		said = "cannot be read";
	if (code == ENOMEM)
		return err_set(e, ERR_INTERNAL, "%s", said);
	if (r->at_end && strcasestr(said, "truncated"))
		return err_set(e, ERR_INTEGRITY, "%s", said);
	if (code == EIO || code == EBADF || code == EISDIR)
		return err_set(e, ERR_IO, "%s", said);
	return err_set(e, ERR_FORMAT, "%s", said);
}

static int set_accept(struct archive *a, unsigned accept, struct err *e)
{
	static const struct {
		enum reader_accept flag;
		int (*support)(struct archive *);
	} parts[] = {
		{READER_TAR, archive_read_support_format_tar},
		{READER_AR, archive_read_support_format_ar},
		{READER_GZIP, archive_read_support_filter_gzip},
		{READER_XZ, archive_read_support_filter_xz},
		{READER_ZSTD, archive_read_support_filter_zstd},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if ((accept & parts[i].flag) && parts[i].support(a) != ARCHIVE_OK)
			return err_set(e, ERR_INTERNAL, "libarchive lacks tar, gzip, xz or zstd");
	}
	return 0;
}

/* Loaded once and kept for the life of the process, whatever the number of readers. */
static locale_t utf8_locale;
static pthread_once_t utf8_locale_once = PTHREAD_ONCE_INIT;

static void load_utf8_locale(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static int set_locale(struct reader *r, struct err *e)
{
	pthread_once(&utf8_locale_once, load_utf8_locale);
	if (!utf8_locale)
		return err_set(e, ERR_UNSUPPORTED, "the C library has no locale C.UTF-8");
	r->old_locale = uselocale(utf8_locale);
	return 0;
}

/* What both kinds of input need; *out can be freed whatever is returned. */
static int reader_new(struct reader **out, unsigned accept, size_t block_bytes, struct err *e)
{
	struct reader *r = *out = mem_zalloc(sizeof(*r), e);

	if (!r || set_locale(r, e) < 0)
		return -1;
	r->block_bytes = block_bytes;
	r->block = mem_array(1, block_bytes, e);
	if (!r->block)
		return -1;
	r->a = archive_read_new();
	if (!r->a)
		return err_nomem(e);
	archive_read_set_callback_data(r->a, r);
	return set_accept(r->a, accept, e);
}

int reader_open_fd(struct reader **out, int fd, unsigned accept, size_t block_bytes, struct err *e)
{
	cleanup_reader struct reader *r = NULL;

	if (reader_new(&r, accept, block_bytes, e) < 0 || io_size(fd, &r->size_bytes, e) < 0)
		return -1;
	r->fd = fd;
	archive_read_set_read_callback(r->a, read_fd);
	archive_read_set_skip_callback(r->a, skip_fd);
	*out = steal_ptr(&r);
	return 0;
}

int reader_open_buffer(
	struct reader **out, const void *data, size_t len, unsigned accept, struct err *e)
{
	cleanup_reader struct reader *r = NULL;

	if (reader_new(&r, accept, 1, e) < 0)
		return -1;
	r->fd = -1;
	r->data = data ? data : ""; /* nothing may be nowhere */
	r->size_bytes = len;
	archive_read_set_read_callback(r->a, read_buffer);
	*out = steal_ptr(&r);
	return 0;
}

int reader_open_entry(struct reader **out, struct reader *outer, unsigned accept,
	size_t block_bytes, struct err *e)
{
	cleanup_reader struct reader *r = NULL;

	if (reader_new(&r, accept, block_bytes, e) < 0)
		return -1;
	r->fd = -1;
	r->outer = outer;
	archive_read_set_read_callback(r->a, read_entry);
	*out = steal_ptr(&r);
	return 0;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	archive_read_free(r->a);
	free(r->block);
	if (r->old_locale)
		uselocale(r->old_locale);
	free(r);
}

int reader_next(struct reader *r, struct err *e)
{
	if (!r->opened && archive_read_open1(r->a) != ARCHIVE_OK)
		return convert_error(r, e);
	r->opened = true;
	int rc = archive_read_next_header(r->a, &r->entry);
	r->warning = rc == ARCHIVE_WARN ? archive_error_string(r->a) : NULL;
	if (rc == ARCHIVE_EOF)
		return 0;
	return rc == ARCHIVE_OK || rc == ARCHIVE_WARN ? 1 : convert_error(r, e);
}

const char *reader_warning(struct reader *r)
{
	return r->warning;
}

uint64_t reader_bytes(struct reader *r)
{
	return (uint64_t)archive_filter_bytes(r->a, 0);
}

uint64_t reader_header_bytes(struct reader *r)
{
	return (uint64_t)archive_read_header_position(r->a);
}

const char *reader_path(struct reader *r)
{
	return archive_entry_pathname(r->entry);
}

const char *reader_hardlink(struct reader *r)
{
	return archive_entry_hardlink(r->entry);
}

const char *reader_symlink(struct reader *r)
{
	return archive_entry_symlink(r->entry);
}

mode_t reader_mode(struct reader *r)
{
	return archive_entry_mode(r->entry);
}

int64_t reader_uid(struct reader *r)
{
	return archive_entry_uid(r->entry);
}

int64_t reader_gid(struct reader *r)
{
	return archive_entry_gid(r->entry);
}

int64_t reader_size_bytes(struct reader *r)
{
	return archive_entry_size(r->entry);
}

int64_t reader_mtime(struct reader *r)
{
	return archive_entry_mtime(r->entry);
}

uint32_t reader_mtime_ns(struct reader *r)
{
	return (uint32_t)archive_entry_mtime_nsec(r->entry);
}

uint64_t reader_device_major(struct reader *r)
{
	return archive_entry_rdevmajor(r->entry);
}

uint64_t reader_device_minor(struct reader *r)
{
	return archive_entry_rdevminor(r->entry);
}

static int acl_type(enum reader_acl list)
{
	return list == READER_ACL_ACCESS ? ARCHIVE_ENTRY_ACL_TYPE_ACCESS
					 : ARCHIVE_ENTRY_ACL_TYPE_DEFAULT;
}

static unsigned acl_tag(int theirs)
{
	switch (theirs) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return 0x01;
	case ARCHIVE_ENTRY_ACL_USER:
		return 0x02;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return 0x04;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return 0x08;
	case ARCHIVE_ENTRY_ACL_MASK:
		return 0x10;
	case ARCHIVE_ENTRY_ACL_OTHER:
		return 0x20;
	default:
		return 0;
	}
}

bool reader_has_nfs4_acl(struct reader *r)
{
	return archive_entry_acl_types(r->entry) & ARCHIVE_ENTRY_ACL_TYPE_NFS4;
}

size_t reader_acl_start(struct reader *r, enum reader_acl list)
{
	int count = archive_entry_acl_reset(r->entry, acl_type(list));

	return count > 0 ? (size_t)count : 0;
}

bool reader_acl_next(struct reader *r, enum reader_acl list, struct reader_acl_entry *out)
{
	int found_type, permset, tag, id;
	const char *name;

	if (archive_entry_acl_next(r->entry, acl_type(list), &found_type, &permset, &tag, &id,
		    &name) != ARCHIVE_OK)
		return false;
	out->tag = acl_tag(tag);
	out->perm = (unsigned)permset & 7;
	out->id = id;
	return true;
}

size_t reader_xattr_start(struct reader *r)
{
	int count = archive_entry_xattr_reset(r->entry);

	return count > 0 ? (size_t)count : 0;
}

bool reader_xattr_next(struct reader *r, const char **name, const void **value, size_t *len)
{
	return archive_entry_xattr_next(r->entry, name, value, len) == ARCHIVE_OK;
}

size_t reader_span_start(struct reader *r)
{
	int count = archive_entry_sparse_reset(r->entry);

	return count > 0 ? (size_t)count : 0;
}

bool reader_span_next(struct reader *r, int64_t *offset, int64_t *length)
{
	la_int64_t at, n;

	if (archive_entry_sparse_next(r->entry, &at, &n) != ARCHIVE_OK)
		return false;
	*offset = at;
	*length = n;
	return true;
}

int reader_read(struct reader *r, void *data, size_t len, size_t *got, struct err *e)
{
	la_ssize_t n = archive_read_data(r->a, data, len);

	if (n < 0)
		return convert_error(r, e);
	*got = (size_t)n;
	return 0;
}

int reader_block(struct reader *r, const void **data, size_t *len, uint64_t *offset, struct err *e)
{
	la_int64_t at;
	int rc = archive_read_data_block(r->a, data, len, &at);

	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK)
		return convert_error(r, e);
	*offset = (uint64_t)at;
	return 1;
}
