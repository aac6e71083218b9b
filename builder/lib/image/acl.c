#include "image/acl.h"

#include <stdlib.h>

#include "base/mem.h"

#define ACL_XATTR_VERSION 2
#define ACL_UNDEFINED_ID 0xffffffffU

static int compare_entries(const void *a, const void *b)
{
	const struct acl_entry *x = a;
	const struct acl_entry *y = b;

	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static int check_entries(const struct acl_entry *entries, size_t n, struct err *e)
{
	const unsigned base = ACL_TAG_USER_OBJ | ACL_TAG_GROUP_OBJ | ACL_TAG_OTHER;
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && compare_entries(&entries[i - 1], &entries[i]) == 0)
			return err_set(e, ERR_FORMAT, "the access control list has an entry twice");
		seen |= entries[i].tag;
	}
	if ((seen & base) != base)
		return err_set(e, ERR_FORMAT,
			"the access control list lacks the owner's, group's or others' entry");
	if ((seen & (ACL_TAG_USER | ACL_TAG_GROUP)) && !(seen & ACL_TAG_MASK))
		return err_set(e, ERR_FORMAT, "the access control list lacks a mask");
	return 0;
}

static int put_le(struct buf *out, uint32_t value, size_t size, struct err *e)
{
	unsigned char bytes[4];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	return buf_append(out, bytes, size, e);
}

int acl_encode(struct acl_entry *entries, size_t n, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!(entries[i].tag & (ACL_TAG_USER | ACL_TAG_GROUP)))
			entries[i].id = ACL_UNDEFINED_ID;
	}
	qsort(entries, n, sizeof(*entries), compare_entries);
	if (check_entries(entries, n, e) < 0 || put_le(out, ACL_XATTR_VERSION, 4, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (put_le(out, entries[i].tag, 2, e) < 0 ||
			put_le(out, entries[i].perm, 2, e) < 0 ||
			put_le(out, entries[i].id, 4, e) < 0)
			return -1;
	}
	return 0;
}

static uint32_t get_le(const unsigned char *p, size_t size)
{
	uint32_t value = 0;

	for (size_t i = size; i > 0; i--)
		value = value << 8 | p[i - 1];
	return value;
}

int acl_decode(const void *value, size_t len, struct acl_entry **entries, size_t *n, struct err *e)
{
	const unsigned char *p = value;
	const unsigned tags = ACL_TAG_USER_OBJ | ACL_TAG_USER | ACL_TAG_GROUP_OBJ | ACL_TAG_GROUP |
			      ACL_TAG_MASK | ACL_TAG_OTHER;

	*entries = NULL;
	*n = 0;
	if (len < 4 || len % 8 != 4 || get_le(p, 4) != ACL_XATTR_VERSION)
		return err_set(e, ERR_FORMAT, "the access control list is malformed");
	*entries = mem_array(len / 8 + 1, sizeof(**entries), e);
	if (!*entries)
		return -1;
	for (p += 4; *n < len / 8; p += 8) {
		uint32_t tag = get_le(p, 2);
		uint32_t perm = get_le(p + 2, 2);

		if (!tag || (tag & ~tags) || (tag & (tag - 1)) || perm > 7)
			return err_set(e, ERR_FORMAT, "the access control list is malformed");
		(*entries)[(*n)++] = (struct acl_entry){tag, perm, get_le(p + 4, 4)};
	}
	return 0;
}
