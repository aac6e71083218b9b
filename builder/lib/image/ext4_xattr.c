#include "image/ext4_xattr.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "image/acl.h"
#include "image/crc32c.h"
#include "image/ext4_map.h"

#define MAGIC 0xea020000u
#define BLOCK_HEADER 32
#define ENTRY_HEADER 16
#define VALUE_MAX 65536 /* what the kernel hands out */
#define ACL_VERSION 1

enum {
	INDEX_USER = 1,
	INDEX_ACL_ACCESS = 2,
	INDEX_ACL_DEFAULT = 3,
	INDEX_TRUSTED = 4,
	INDEX_SECURITY = 6,
	INDEX_SYSTEM = 7,
};

struct xattrs {
	struct ext4_fs *fs;
	const struct ext4_inode *inode;
	struct tree *tree;
	struct tree_inode *to;
	struct buf *inline_data;
	uint64_t *left_bytes;
};

struct entry {
	unsigned index;
	const char *name; /* without its namespace and without a 0 at the end */
	size_t name_len;
	const unsigned char *value;
	size_t value_len;
};

static int malformed(const struct xattrs *x, struct err *e)
{
	return err_set(
		e, ERR_FORMAT, "the extended attributes of inode %u are malformed", x->inode->ino);
}

/* From ext4's form, where only named users and groups have a number, to the kernel's. */
static int set_acl(
	const struct xattrs *x, const char *name, const struct entry *from, struct err *e)
{
	const unsigned char *p = from->value;
	const unsigned char *end = p + from->value_len;
	cleanup_buf struct buf value = {0};
	cleanup_free struct acl_entry *entries =
		mem_array(from->value_len / 4 + 1, sizeof(*entries), e);
	size_t n = 0;

	if (!entries)
		return -1;
	if (from->value_len < 4 || ext4_le32(p) != ACL_VERSION)
		return malformed(x, e);
	for (p += 4; p < end;) {
		if (end - p < 4)
			return malformed(x, e);
		uint32_t tag = ext4_le16(p);
		uint32_t perm = ext4_le16(p + 2);
		bool named = tag == ACL_TAG_USER || tag == ACL_TAG_GROUP;
		if (tag == 0 || tag > ACL_TAG_OTHER || (tag & (tag - 1)) || perm > 7 ||
			(named && end - p < 8))
			return malformed(x, e);
		entries[n++] = (struct acl_entry){tag, perm, named ? ext4_le32(p + 4) : 0};
		p += named ? 8 : 4;
	}
	/* An empty list is none. */
	if (n == 0)
		return 0;
	if (acl_encode(entries, n, &value, e) < 0)
		return -1;
	return tree_set_xattr(x->tree, x->to, name, value.data, value.len, e);
}

static int set_named(
	const struct xattrs *x, const char *prefix, const struct entry *from, struct err *e)
{
	cleanup_buf struct buf name = {0};

	if (from->name_len == 0 || memchr(from->name, 0, from->name_len))
		return malformed(x, e);
	if (buf_puts(&name, prefix, e) < 0 || buf_append(&name, from->name, from->name_len, e) < 0)
		return -1;
	return tree_set_xattr(x->tree, x->to, name.data, from->value, from->value_len, e);
}

static int set_attribute(const struct xattrs *x, const struct entry *from, struct err *e)
{
	switch (from->index) {
	case INDEX_USER:
		return set_named(x, "user.", from, e);
	case INDEX_TRUSTED:
		return set_named(x, "trusted.", from, e);
	case INDEX_SECURITY:
		return set_named(x, "security.", from, e);
	case INDEX_ACL_ACCESS:
		return set_acl(x, "system.posix_acl_access", from, e);
	case INDEX_ACL_DEFAULT:
		return set_acl(x, "system.posix_acl_default", from, e);
	case INDEX_SYSTEM:
		if (from->name_len == 4 && memcmp(from->name, "data", 4) == 0)
			return buf_append(x->inline_data, from->value, from->value_len, e);
		break;
	}
	return err_set(e, ERR_UNSUPPORTED,
		"inode %u has an extended attribute that is not of the namespaces user, trusted, "
		"security or an access control list",
		x->inode->ino);
}

/* The contents of the inode that has a value. */
static int read_value_inode(
	const struct xattrs *x, uint32_t ino, size_t len, struct buf *value, struct err *e)
{
	cleanup_ext4_map struct ext4_map map = {0};
	uint32_t block_size = x->fs->block_size;
	cleanup_free unsigned char *block = mem_zalloc(block_size, e);
	cleanup_free struct ext4_inode *inode = mem_zalloc(sizeof(*inode), e);
	uint64_t at = 0;

	if (!block || !inode || ext4_fs_inode(x->fs, ino, inode, e) < 0)
		return -1;
	if (!(inode->flags & EXT4_FLAG_EA_INODE) || inode->size != len)
		return malformed(x, e);
	if (ext4_map_read_shared(x->fs, inode, &map, e) < 0)
		return -1;
	for (size_t i = 0; i < map.n; i++) {
		const struct ext4_run *r = &map.runs[i];

		for (uint64_t b = 0; b < r->n && at * block_size < len; b++, at++) {
			uint64_t left = len - at * block_size;

			if (r->block + b != at)
				return malformed(x, e);
			if (ext4_fs_block(x->fs, r->start + b, block, e) < 0 ||
				buf_append(value, block,
					left < block_size ? (size_t)left : block_size, e) < 0)
				return -1;
		}
	}
	return value->len == len ? 0 : malformed(x, e);
}

/* One entry at p; its value is at an offset from base, both below end. */
static int read_entry(const struct xattrs *x, const unsigned char *p, const unsigned char *base,
	const unsigned char *end, struct err *e)
{
	cleanup_buf struct buf value = {0};
	uint32_t offset = ext4_le16(p + 2);
	uint32_t ino = ext4_le32(p + 4);
	size_t len = ext4_le32(p + 8);
	struct entry entry = {.index = p[1],
		.name = (const char *)p + ENTRY_HEADER,
		.name_len = p[0],
		.value_len = len};

	if (len > VALUE_MAX)
		return malformed(x, e);
	if (len + entry.name_len > *x->left_bytes)
		return err_set(e, ERR_FORMAT, "there are too many extended attributes");
	*x->left_bytes -= len + entry.name_len;
	if (ino) {
		if (read_value_inode(x, ino, len, &value, e) < 0)
			return -1;
		entry.value = (const unsigned char *)buf_str(&value);
	} else {
		size_t room = (size_t)(end - base);

		if (len > 0 && (offset > room || len > room - offset))
			return malformed(x, e);
		entry.value = base + (len > 0 ? offset : 0);
	}
	return set_attribute(x, &entry, e);
}

/* All entries from p on; four zeros, or the end, come after the last. */
static int read_entries(const struct xattrs *x, const unsigned char *p, const unsigned char *base,
	const unsigned char *end, struct err *e)
{
	while (end - p >= 4 && ext4_le32(p) != 0) {
		if (end - p < ENTRY_HEADER || end - p < ENTRY_HEADER + p[0])
			return malformed(x, e);
		if (read_entry(x, p, base, end, e) < 0)
			return -1;
		size_t step = (ENTRY_HEADER + (size_t)p[0] + 3) & ~(size_t)3;
		if ((size_t)(end - p) < step)
			return malformed(x, e);
		p += step;
	}
	return 0;
}

static int check_block(const struct xattrs *x, unsigned char *data, struct err *e)
{
	uint64_t block = x->inode->xattr_block;
	unsigned char number[8];
	uint32_t want = ext4_le32(data + 16);

	if (ext4_le32(data) != MAGIC || ext4_le32(data + 8) != 1)
		return malformed(x, e);
	if (!x->fs->checksums)
		return 0;
	for (size_t i = 0; i < sizeof(number); i++)
		number[i] = (unsigned char)(block >> (8 * i));
	memset(data + 16, 0, 4);
	if (crc32c(crc32c(x->fs->seed, number, 8), data, x->fs->block_size) != want)
		return err_set(e, ERR_FORMAT,
			"the checksum of the extended attributes of inode %u is wrong",
			x->inode->ino);
	return 0;
}

int ext4_xattr_read(struct ext4_fs *fs, const struct ext4_inode *inode, struct tree *t,
	struct tree_inode *to, struct buf *inline_data, uint64_t *left_bytes, struct err *e)
{
	const struct xattrs x = {fs, inode, t, to, inline_data, left_bytes};
	const unsigned char *own = inode->raw + inode->extra_offset;
	const unsigned char *end = inode->raw + fs->inode_size;

	/* Without known fields behind the old ones the space is not in use. */
	if (inode->extra_offset > 128 && end - own > 4 && ext4_le32(own) == MAGIC &&
		read_entries(&x, own + 4, own + 4, end, e) < 0)
		return -1;
	if (inode->xattr_block == 0)
		return 0;
	cleanup_free unsigned char *block = mem_zalloc(fs->block_size, e);
	if (!block || ext4_fs_block(fs, inode->xattr_block, block, e) < 0 ||
		check_block(&x, block, e) < 0)
		return -1;
	return read_entries(&x, block + BLOCK_HEADER, block, block + fs->block_size, e);
}
