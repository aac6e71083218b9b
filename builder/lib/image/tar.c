#include "image/tar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/reader.h"
#include "base/buf.h"
#include "base/mem.h"
#include "image/acl.h"

#define READ_SIZE ((size_t)1024 * 1024)
/* What ext4 holds in a file with 4 KiB blocks: 2^32 - 1 blocks. */
#define FILE_SIZE_MAX (((int64_t)1 << 44) - 4096)

/* Bounds for what a small archive may expand to. */
#define CONTENTS_FACTOR 8
#define ENTRIES_MIN 65536

struct layer {
	struct reader *r;
	const char *name;
	uint32_t seq;            /* of the current entry, from 0 */
	uint64_t contents_bytes; /* of the entries seen */
};

static void layer_close(struct layer *l)
{
	reader_free(l->r);
}
#define cleanup_layer __attribute__((cleanup(layer_close)))

static int layer_open(struct layer *l, int fd, const char *name, struct err *e)
{
	l->name = name;
	l->seq = UINT32_MAX;
	if (reader_open_fd(&l->r, fd, READER_TAR | READER_GZIP | READER_XZ | READER_ZSTD, READ_SIZE,
		    e) < 0)
		return err_prefix(e, "%s", name);
	return 0;
}

/* Make what the reader said about the last call an error that names the layer. */
static int layer_error(const struct layer *l, struct err *e)
{
	if (!e)
		return -1;
	if (e->kind == ERR_INTERNAL)
		return err_nomem(e);
	if (e->kind == ERR_INTEGRITY)
		return err_prefix(e, "%s: ends too early", l->name);
	if (e->kind == ERR_FORMAT && l->seq == UINT32_MAX)
		return err_set(e, ERR_FORMAT,
			"%s: %s; a layer is a tar, plain or compressed by gzip, xz or zstd",
			l->name, e->msg);
	return err_prefix(e, "%s", l->name);
}

static const char *entry_path(struct reader *r)
{
	const char *path = reader_path(r);

	return path ? path : "";
}

/* Advance to the next entry. Returns 1, 0 at the end, or -1. */
static int layer_next(struct layer *l, struct err *e)
{
	int found = reader_next(l->r, e);

	if (found < 0)
		return layer_error(l, e);
	/* libarchive takes the end of the file for the end of the archive. */
	if (found == 0 && reader_bytes(l->r) == reader_header_bytes(l->r))
		return err_set(e, ERR_INTEGRITY,
			"%s: ends too early: the end mark (two empty blocks) is missing", l->name);
	/* A warning is about something in the header that would be lost. */
	if (found && reader_warning(l->r))
		return err_set(e, ERR_FORMAT, "%s: %s: %s", l->name, entry_path(l->r),
			reader_warning(l->r));
	l->seq += (uint32_t)found;
	return found;
}

static int set_owner(struct tree_inode *inode, struct reader *r, struct err *e)
{
	int64_t uid = reader_uid(r);
	int64_t gid = reader_gid(r);

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
	struct acl_entry *out, const struct reader_acl_entry *in, struct err *e)
{
	if (!in->tag)
		return err_set(e, ERR_FORMAT, "the access control list is not a POSIX one");
	out->tag = (enum acl_tag)in->tag;
	out->perm = in->perm;
	out->id = (uint32_t)in->id;
	if ((out->tag & (ACL_TAG_USER | ACL_TAG_GROUP)) && in->id < 0)
		return err_set(e, ERR_FORMAT,
			"the access control list names a user or group without its number");
	return 0;
}

/* One list becomes an extended attribute. */
static int set_acl(struct tree *t, struct tree_inode *inode, struct reader *r, enum reader_acl list,
	const char *xattr, struct err *e)
{
	size_t count = reader_acl_start(r, list);
	struct reader_acl_entry found;
	size_t n = 0;

	if (count == 0)
		return 0;
	cleanup_free struct acl_entry *entries = mem_array(count, sizeof(*entries), e);
	if (!entries)
		return -1;
	while (n < count && reader_acl_next(r, list, &found)) {
		if (convert_acl_entry(&entries[n++], &found, e) < 0)
			return -1;
	}
	return put_acl(t, inode, xattr, entries, n, e);
}

static int set_acls(struct tree *t, struct tree_inode *inode, struct reader *r, struct err *e)
{
	if (reader_has_nfs4_acl(r))
		return err_set(e, ERR_FORMAT, "the access control list is not a POSIX one");
	if (set_acl(t, inode, r, READER_ACL_ACCESS, xattr_access, e) < 0)
		return -1;
	return set_acl(t, inode, r, READER_ACL_DEFAULT, xattr_default, e);
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

static int set_xattrs(struct tree *t, struct tree_inode *inode, struct reader *r, struct err *e)
{
	const char *name;
	const void *value;
	size_t len;

	reader_xattr_start(r);
	while (reader_xattr_next(r, &name, &value, &len)) {
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
static int set_spans(struct tree *t, struct tree_inode *inode, struct reader *r, struct err *e)
{
	size_t count = reader_span_start(r);
	int64_t offset, length;

	inode->spans = tree_zalloc(t, (count > 0 ? count : 1) * sizeof(*inode->spans), e);
	if (!inode->spans)
		return -1;
	if (count == 0) {
		inode->spans[0].length = inode->size;
		inode->n_spans = inode->size > 0;
		return 0;
	}
	while (inode->n_spans < count && reader_span_next(r, &offset, &length)) {
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

static int set_regular(struct tree *t, struct tree_inode *inode, struct reader *r, struct err *e)
{
	int64_t size = reader_size_bytes(r);

	if (size < 0 || size > FILE_SIZE_MAX)
		return err_set(e, ERR_FORMAT, "size %lld is more than ext4 holds in a file",
			(long long)size);
	inode->size = (uint64_t)size;
	return set_spans(t, inode, r, e);
}

static int set_symlink(struct tree *t, struct tree_inode *inode, struct reader *r, struct err *e)
{
	const char *target = reader_symlink(r);

	if (!target || !*target || strlen(target) > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "the target of the symbolic link is %s",
			target && *target ? "longer than 4095 bytes" : "empty");
	inode->target = tree_strndup(t, target, strlen(target), e);
	inode->size = strlen(target);
	return inode->target ? 0 : -1;
}

static int set_device(struct tree_inode *inode, struct reader *r, struct err *e)
{
	const char *path = entry_path(r);
	uint64_t major = reader_device_major(r);
	uint64_t minor = reader_device_minor(r);

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

static int set_by_type(struct tree *t, struct tree_inode *inode, struct reader *r, struct err *e)
{
	switch (reader_mode(r) & S_IFMT) {
	case S_IFREG:
		return set_regular(t, inode, r, e);
	case S_IFLNK:
		return set_symlink(t, inode, r, e);
	case S_IFCHR:
	case S_IFBLK:
		return set_device(inode, r, e);
	case S_IFDIR:
	case S_IFIFO:
		return 0;
	default:
		return err_set(e, ERR_FORMAT, "an entry of this type is not supported");
	}
}

static int check_contents(
	struct layer *l, const struct tree_inode *inode, uint64_t disk_bytes, struct err *e)
{
	uint64_t total = 0;

	for (size_t i = 0; i < inode->n_spans; i++)
		total += inode->spans[i].length;
	if (total > disk_bytes)
		return err_set(e, ERR_FORMAT,
			"has %llu MiB, more than the disk; set disk.size in recipe.yaml to more",
			(unsigned long long)(total >> 20));
	l->contents_bytes += total;
	if (l->contents_bytes / CONTENTS_FACTOR > disk_bytes)
		return err_set(e, ERR_FORMAT,
			"all files up to here have more than %d times the "
			"disk's size",
			CONTENTS_FACTOR);
	return 0;
}

static int add_entry(struct tree *t, struct layer *l, const char *path, uint32_t layer,
	uint64_t disk_bytes, struct err *e)
{
	struct reader *r = l->r;
	struct tree_inode *inode = tree_inode_new(t, e);

	if (!inode)
		return -1;
	inode->mode = reader_mode(r);
	inode->origin = TREE_LAYER;
	inode->entry.layer = layer;
	inode->entry.seq = l->seq;
	tree_set_mtime(t, inode, reader_mtime(r), reader_mtime_ns(r));
	if (set_owner(inode, r, e) < 0 || set_by_type(t, inode, r, e) < 0 ||
		check_contents(l, inode, disk_bytes, e) < 0 || set_xattrs(t, inode, r, e) < 0 ||
		set_acls(t, inode, r, e) < 0)
		return err_prefix(e, "%s", path);
	return tree_put(t, path, inode, e);
}

int tar_scan(int fd, const char *name, uint32_t layer, struct tree *t, uint64_t disk_bytes,
	struct err *e)
{
	cleanup_layer struct layer l = {0};

	if (layer_open(&l, fd, name, e) < 0)
		return -1;
	for (;;) {
		int found = layer_next(&l, e);
		if (found <= 0)
			return found;
		const char *path = entry_path(l.r);
		const char *link = reader_hardlink(l.r);
		if (!*path)
			return err_set(e, ERR_FORMAT, "%s: entry %u has no name", name, l.seq);
		if (l.seq > disk_bytes / 1024 + ENTRIES_MIN)
			return err_set(e, ERR_FORMAT,
				"%s: more entries than an entry for each KiB of the disk", name);
		int rc = link ? tree_link(t, path, link, e)
			      : add_entry(t, &l, path, layer, disk_bytes, e);
		if (rc < 0)
			return err_prefix(e, "%s", name);
	}
}

static int read_contents(
	struct layer *l, const struct tree_inode *inode, tar_sink *sink, void *ctx, struct err *e)
{
	const void *data;
	size_t len;
	uint64_t offset;

	if ((uint64_t)reader_size_bytes(l->r) != inode->size)
		return err_set(e, ERR_IO, "%s: changed while it was read", l->name);
	for (;;) {
		int found = reader_block(l->r, &data, &len, &offset, e);

		if (found == 0)
			return 0;
		if (found < 0)
			return layer_error(l, e);
		if (len > 0 && sink(ctx, inode, offset, data, len, e) < 0)
			return err_prefix(e, "%s: %s", l->name, entry_path(l->r));
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
	cleanup_layer struct layer l = {0};
	const struct tree_inode *wanted = next_wanted(tree_inodes(t), layer);

	if (!wanted)
		return 0;
	if (layer_open(&l, fd, name, e) < 0)
		return -1;
	while (wanted) {
		int found = layer_next(&l, e);
		if (found < 0)
			return -1;
		if (found == 0)
			return err_set(e, ERR_IO, "%s: changed while it was read", name);
		if (l.seq != wanted->entry.seq)
			continue;
		if (read_contents(&l, wanted, sink, ctx, e) < 0)
			return -1;
		wanted = next_wanted(wanted->next, layer);
	}
	return 0;
}
