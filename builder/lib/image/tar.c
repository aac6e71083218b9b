#include "image/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "image/acl.h"

#define READ_SIZE ((size_t)1024 * 1024)
/* What ext4 holds in a file with 4 KiB blocks: 2^32 - 1 blocks. */
#define FILE_SIZE_MAX (((int64_t)1 << 44) - 4096)

/* Bounds for what a small archive may expand to. */
#define CONTENTS_FACTOR 8
#define ENTRIES_MIN 65536

struct reader {
	struct archive *a;
	struct archive_entry *entry; /* the current one; the archive's */
	const char *name;
	locale_t locale; /* so that names are UTF-8 whatever the environment says */
	locale_t old_locale;
	int fd;
	uint64_t position;
	uint64_t size_bytes;
	uint32_t seq;            /* of the current entry, from 0 */
	uint64_t contents_bytes; /* of the entries seen */
	bool at_end;             /* the end of the file was reached */
	char *buffer;
};

static la_ssize_t read_block(struct archive *a, void *ctx, const void **data)
{
	struct reader *r = ctx;
	struct err e = {0};
	size_t got;

	*data = r->buffer;
	if (io_pread(r->fd, r->buffer, READ_SIZE, r->position, &got, &e) < 0) {
		archive_set_error(a, e.errnum ? e.errnum : EIO, "%s", e.msg);
		return ARCHIVE_FATAL;
	}
	r->position += got;
	r->at_end = got == 0;
	return (la_ssize_t)got;
}

static la_int64_t skip_bytes(struct archive *a, void *ctx, la_int64_t request)
{
	struct reader *r = ctx;
	uint64_t left = r->size_bytes > r->position ? r->size_bytes - r->position : 0;
	uint64_t n = request < 0 ? 0 : (uint64_t)request;

	(void)a;
	n = n < left ? n : left;
	r->position += n;
	return (la_int64_t)n;
}

static void reader_close(struct reader *r)
{
	archive_read_free(r->a);
	free(r->buffer);
	if (r->locale) {
		uselocale(r->old_locale);
		freelocale(r->locale);
	}
}
#define cleanup_reader __attribute__((cleanup(reader_close)))

/* What libarchive says about the last call, as an error of ours. */
static int reader_error(const struct reader *r, struct err *e)
{
	const char *said = archive_error_string(r->a);
	int code = archive_errno(r->a);

	if (!said)
		said = "cannot be read";
	if (code == ENOMEM)
		return err_nomem(e);
	if (r->at_end && strcasestr(said, "truncated"))
		return err_set(e, ERR_INTEGRITY, "%s: ends too early: %s", r->name, said);
	if (code == EIO || code == EBADF || code == EISDIR)
		return err_set(e, ERR_IO, "%s: %s", r->name, said);
	if (r->seq == UINT32_MAX)
		return err_set(e, ERR_FORMAT,
			"%s: %s; a layer is a tar, plain or compressed by gzip, xz or zstd",
			r->name, said);
	return err_set(e, ERR_FORMAT, "%s: %s", r->name, said);
}

static int reader_open(struct reader *r, int fd, const char *name, struct err *e)
{
	r->fd = fd;
	r->name = name;
	r->seq = UINT32_MAX;
	r->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!r->locale)
		return err_set(e, ERR_UNSUPPORTED, "the C library has no locale C.UTF-8");
	r->old_locale = uselocale(r->locale);
	r->buffer = mem_array(1, READ_SIZE, e);
	if (!r->buffer || io_size(fd, &r->size_bytes, e) < 0)
		return err_prefix(e, "%s", name);
	r->a = archive_read_new();
	if (!r->a)
		return err_nomem(e);
	if (archive_read_support_format_tar(r->a) != ARCHIVE_OK ||
		archive_read_support_filter_gzip(r->a) != ARCHIVE_OK ||
		archive_read_support_filter_xz(r->a) != ARCHIVE_OK ||
		archive_read_support_filter_zstd(r->a) != ARCHIVE_OK)
		return err_set(e, ERR_INTERNAL, "libarchive lacks tar, gzip, xz or zstd");
	archive_read_set_read_callback(r->a, read_block);
	archive_read_set_skip_callback(r->a, skip_bytes);
	archive_read_set_callback_data(r->a, r);
	return archive_read_open1(r->a) == ARCHIVE_OK ? 0 : reader_error(r, e);
}

static const char *entry_path(struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);

	return path ? path : "";
}

/* Advance to the next entry; r->entry is NULL at the end. */
static int reader_next(struct reader *r, struct err *e)
{
	int rc = archive_read_next_header(r->a, &r->entry);

	if (rc == ARCHIVE_EOF) {
		r->entry = NULL;
		/* libarchive takes the end of the file for the end of the archive. */
		if (archive_filter_bytes(r->a, 0) == archive_read_header_position(r->a))
			return err_set(e, ERR_INTEGRITY,
				"%s: ends too early: the end mark (two empty blocks) is missing",
				r->name);
		return 0;
	}
	/* A warning is about something in the header that would be lost. */
	if (rc == ARCHIVE_WARN)
		return err_set(e, ERR_FORMAT, "%s: %s: %s", r->name, entry_path(r->entry),
			archive_error_string(r->a));
	if (rc != ARCHIVE_OK)
		return reader_error(r, e);
	r->seq++;
	return 0;
}

static int set_owner(struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	la_int64_t uid = archive_entry_uid(entry);
	la_int64_t gid = archive_entry_gid(entry);

	/* 2^32 - 1 means "none" to the kernel. */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return err_set(e, ERR_FORMAT, "owner %lld:%lld is out of range", (long long)uid,
			(long long)gid);
	inode->uid = (uint32_t)uid;
	inode->gid = (uint32_t)gid;
	return 0;
}

static const char xattr_access[] = "system.posix_acl_access";
static const char xattr_default[] = "system.posix_acl_default";

/* An access control list becomes the extended attribute of that name. */
static int put_acl(struct tree *t, struct tree_inode *inode, const char *xattr,
	struct acl_entry *entries, size_t n, struct err *e)
{
	cleanup_buf struct buf value = {0};

	if (acl_encode(entries, n, &value, e) < 0)
		return -1;
	/* With a mask the mode's group bits are the mask. */
	for (size_t i = 0; strcmp(xattr, xattr_access) == 0 && i < n; i++) {
		if (entries[i].tag == ACL_TAG_MASK)
			inode->mode = (inode->mode & ~(mode_t)070) | entries[i].perm << 3;
	}
	return tree_set_xattr(t, inode, xattr, buf_str(&value), value.len, e);
}

static int convert_acl_entry(
	struct acl_entry *out, int tag, int permset, int qualifier, struct err *e)
{
	static const struct {
		int theirs;
		enum acl_tag ours;
	} tags[] = {
		{ARCHIVE_ENTRY_ACL_USER_OBJ, ACL_TAG_USER_OBJ},
		{ARCHIVE_ENTRY_ACL_USER, ACL_TAG_USER},
		{ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_TAG_GROUP_OBJ},
		{ARCHIVE_ENTRY_ACL_GROUP, ACL_TAG_GROUP},
		{ARCHIVE_ENTRY_ACL_MASK, ACL_TAG_MASK},
		{ARCHIVE_ENTRY_ACL_OTHER, ACL_TAG_OTHER},
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (tags[i].theirs != tag)
			continue;
		out->tag = tags[i].ours;
		out->perm = (unsigned)permset & 7;
		out->id = (uint32_t)qualifier;
		if ((out->tag & (ACL_TAG_USER | ACL_TAG_GROUP)) && qualifier < 0)
			return err_set(e, ERR_FORMAT,
				"the access control list names a user or group without its number");
		return 0;
	}
	return err_set(e, ERR_FORMAT, "the access control list is not a POSIX one");
}

/* One list, type ARCHIVE_ENTRY_ACL_TYPE_ACCESS or _DEFAULT, becomes an extended attribute. */
static int set_acl(struct tree *t, struct tree_inode *inode, struct archive_entry *entry, int type,
	const char *xattr, struct err *e)
{
	int count = archive_entry_acl_reset(entry, type);
	int found_type, permset, tag, qualifier;
	const char *name;
	size_t n = 0;

	if (count <= 0)
		return 0;
	cleanup_free struct acl_entry *entries = mem_array((size_t)count, sizeof(*entries), e);
	if (!entries)
		return -1;
	while (n < (size_t)count && archive_entry_acl_next(entry, type, &found_type, &permset, &tag,
					    &qualifier, &name) == ARCHIVE_OK) {
		if (convert_acl_entry(&entries[n++], tag, permset, qualifier, e) < 0)
			return -1;
	}
	return put_acl(t, inode, xattr, entries, n, e);
}

static int set_acls(
	struct tree *t, struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	int types = archive_entry_acl_types(entry);

	if (types & ARCHIVE_ENTRY_ACL_TYPE_NFS4)
		return err_set(e, ERR_FORMAT, "the access control list is not a POSIX one");
	if ((types & ARCHIVE_ENTRY_ACL_TYPE_ACCESS) &&
		set_acl(t, inode, entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, xattr_access, e) < 0)
		return -1;
	if ((types & ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) &&
		set_acl(t, inode, entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, xattr_default, e) < 0)
		return -1;
	return 0;
}

static bool is_known_namespace(const char *name)
{
	static const char *const prefixes[] = {"user.", "trusted.", "security."};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], len) == 0 && name[len] &&
			strlen(name + len) <= TREE_NAME_MAX)
			return true;
	}
	return false;
}

/* Some archivers store access control lists as plain attributes. */
static int set_acl_xattr(struct tree *t, struct tree_inode *inode, const char *name,
	const void *value, size_t len, struct err *e)
{
	cleanup_free struct acl_entry *entries = NULL;
	size_t n;

	if (acl_decode(value, len, &entries, &n, e) < 0)
		return -1;
	return put_acl(t, inode, name, entries, n, e);
}

static int set_xattrs(
	struct tree *t, struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	const char *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
		if (name && (strcmp(name, xattr_access) == 0 || strcmp(name, xattr_default) == 0)) {
			if (set_acl_xattr(t, inode, name, value, len, e) < 0)
				return -1;
			continue;
		}
		if (!name || !is_known_namespace(name))
			return err_set(e, ERR_FORMAT,
				"extended attribute '%.300s' is not of the namespaces user, "
				"trusted or security",
				name ? name : "");
		if (tree_set_xattr(t, inode, name, value, len, e) < 0)
			return -1;
	}
	return 0;
}

/* Which bytes of a regular file are there. */
static int set_spans(
	struct tree *t, struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	int count = archive_entry_sparse_reset(entry);
	la_int64_t offset, length;

	inode->spans = tree_zalloc(t, (count > 0 ? (size_t)count : 1) * sizeof(*inode->spans), e);
	if (!inode->spans)
		return -1;
	if (count <= 0) {
		inode->spans[0].length = inode->size;
		inode->n_spans = inode->size > 0;
		return 0;
	}
	while (inode->n_spans < (size_t)count &&
		archive_entry_sparse_next(entry, &offset, &length) == ARCHIVE_OK) {
		if (length == 0)
			continue;
		if (offset < 0 || length < 0 || (uint64_t)offset > inode->size ||
			(uint64_t)length > inode->size - (uint64_t)offset)
			return err_set(e, ERR_FORMAT, "the sparse map exceeds the file's size");
		inode->spans[inode->n_spans].offset = (uint64_t)offset;
		inode->spans[inode->n_spans].length = (uint64_t)length;
		inode->n_spans++;
	}
	return 0;
}

static int set_regular(
	struct tree *t, struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	la_int64_t size = archive_entry_size(entry);

	if (size < 0 || size > FILE_SIZE_MAX)
		return err_set(e, ERR_FORMAT, "size %lld is more than ext4 holds in a file",
			(long long)size);
	inode->size = (uint64_t)size;
	return set_spans(t, inode, entry, e);
}

static int set_symlink(
	struct tree *t, struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !*target || strlen(target) > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "the target of the symbolic link is %s",
			target && *target ? "longer than 4095 bytes" : "empty");
	inode->target = tree_strndup(t, target, strlen(target), e);
	inode->size = strlen(target);
	return inode->target ? 0 : -1;
}

static int set_device(struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	const char *path = entry_path(entry);
	dev_t major = archive_entry_rdevmajor(entry);
	dev_t minor = archive_entry_rdevminor(entry);

	for (; *path == '/' || (path[0] == '.' && path[1] == '/'); path++)
		;
	if (strncmp(path, "dev/", 4) != 0)
		return err_set(e, ERR_FORMAT, "device nodes may only be in /dev");
	if (major >= 1 << 12 || minor >= 1 << 20)
		return err_set(e, ERR_FORMAT, "device number %llu:%llu is out of range",
			(unsigned long long)major, (unsigned long long)minor);
	inode->device[0] = (uint32_t)major;
	inode->device[1] = (uint32_t)minor;
	return 0;
}

static int set_by_type(
	struct tree *t, struct tree_inode *inode, struct archive_entry *entry, struct err *e)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return set_regular(t, inode, entry, e);
	case AE_IFLNK:
		return set_symlink(t, inode, entry, e);
	case AE_IFCHR:
	case AE_IFBLK:
		return set_device(inode, entry, e);
	case AE_IFDIR:
	case AE_IFIFO:
		return 0;
	default:
		return err_set(e, ERR_FORMAT, "an entry of this type is not supported");
	}
}

static int check_contents(
	struct reader *r, const struct tree_inode *inode, uint64_t disk_bytes, struct err *e)
{
	uint64_t total = 0;

	for (size_t i = 0; i < inode->n_spans; i++)
		total += inode->spans[i].length;
	if (total > disk_bytes)
		return err_set(e, ERR_FORMAT,
			"has %llu MiB, more than the disk; set disk.size in recipe.yaml to more",
			(unsigned long long)(total >> 20));
	r->contents_bytes += total;
	if (r->contents_bytes / CONTENTS_FACTOR > disk_bytes)
		return err_set(e, ERR_FORMAT,
			"all files up to here have more than %d times the "
			"disk's size",
			CONTENTS_FACTOR);
	return 0;
}

static int add_entry(struct tree *t, struct reader *r, const char *path, uint32_t layer,
	uint64_t disk_bytes, struct err *e)
{
	struct tree_inode *inode = tree_inode_new(t, e);

	if (!inode)
		return -1;
	inode->mode = archive_entry_mode(r->entry);
	inode->origin = TREE_LAYER;
	inode->entry.layer = layer;
	inode->entry.seq = r->seq;
	tree_set_mtime(t, inode, archive_entry_mtime(r->entry),
		(uint32_t)archive_entry_mtime_nsec(r->entry));
	if (set_owner(inode, r->entry, e) < 0 || set_by_type(t, inode, r->entry, e) < 0 ||
		check_contents(r, inode, disk_bytes, e) < 0 ||
		set_xattrs(t, inode, r->entry, e) < 0 || set_acls(t, inode, r->entry, e) < 0)
		return err_prefix(e, "%s", path);
	return tree_put(t, path, inode, e);
}

int tar_scan(int fd, const char *name, uint32_t layer, struct tree *t, uint64_t disk_bytes,
	struct err *e)
{
	cleanup_reader struct reader r = {0};

	if (reader_open(&r, fd, name, e) < 0)
		return -1;
	for (;;) {
		if (reader_next(&r, e) < 0)
			return -1;
		if (!r.entry)
			return 0;
		const char *path = entry_path(r.entry);
		const char *link = archive_entry_hardlink(r.entry);
		if (!*path)
			return err_set(e, ERR_FORMAT, "%s: entry %u has no name", name, r.seq);
		if (r.seq > disk_bytes / 1024 + ENTRIES_MIN)
			return err_set(e, ERR_FORMAT,
				"%s: more entries than an entry for each KiB of the disk", name);
		int rc = link ? tree_link(t, path, link, e)
			      : add_entry(t, &r, path, layer, disk_bytes, e);
		if (rc < 0)
			return err_prefix(e, "%s", name);
	}
}

static int read_contents(
	struct reader *r, const struct tree_inode *inode, tar_sink *sink, void *ctx, struct err *e)
{
	const void *data;
	size_t len;
	la_int64_t offset;

	if ((uint64_t)archive_entry_size(r->entry) != inode->size)
		return err_set(e, ERR_IO, "%s: changed while it was read", r->name);
	for (;;) {
		int rc = archive_read_data_block(r->a, &data, &len, &offset);

		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc != ARCHIVE_OK)
			return reader_error(r, e);
		if (len > 0 && sink(ctx, inode, (uint64_t)offset, data, len, e) < 0)
			return err_prefix(e, "%s: %s", r->name, entry_path(r->entry));
	}
}

/* The next inode, from inode on, whose contents this layer has to give. */
static const struct tree_inode *next_wanted(const struct tree_inode *inode, uint32_t layer)
{
	while (inode && (inode->origin != TREE_LAYER || inode->entry.layer != layer ||
				inode->nlink == 0 || inode->n_spans == 0))
		inode = inode->next;
	return inode;
}

int tar_read(int fd, const char *name, uint32_t layer, const struct tree *t, tar_sink *sink,
	void *ctx, struct err *e)
{
	cleanup_reader struct reader r = {0};
	const struct tree_inode *wanted = next_wanted(tree_inodes(t), layer);

	if (!wanted)
		return 0;
	if (reader_open(&r, fd, name, e) < 0)
		return -1;
	while (wanted) {
		if (reader_next(&r, e) < 0)
			return -1;
		if (!r.entry)
			return err_set(e, ERR_IO, "%s: changed while it was read", name);
		if (r.seq != wanted->entry.seq)
			continue;
		if (read_contents(&r, wanted, sink, ctx, e) < 0)
			return -1;
		wanted = next_wanted(wanted->next, layer);
	}
	return 0;
}
