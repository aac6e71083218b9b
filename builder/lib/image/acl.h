/* POSIX access control lists in the form of the extended attributes system.posix_acl_access and
 * system.posix_acl_default (Linux, include/uapi/linux/posix_acl_xattr.h, version 2). */
#ifndef KILN_IMAGE_ACL_H
#define KILN_IMAGE_ACL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum acl_tag {
	ACL_TAG_USER_OBJ = 0x01,
	ACL_TAG_USER = 0x02,
	ACL_TAG_GROUP_OBJ = 0x04,
	ACL_TAG_GROUP = 0x08,
	ACL_TAG_MASK = 0x10,
	ACL_TAG_OTHER = 0x20,
};

struct acl_entry {
	enum acl_tag tag;
	unsigned perm; /* rwx as 0 to 7 */
	uint32_t id;   /* ACL_TAG_USER, ACL_TAG_GROUP */
};

/* Sort entries as the kernel wants them and append the attribute's value to *out. Refused with
 * ERR_FORMAT as the kernel refuses them: entries twice, a base entry missing, a named entry
 * without a mask. */
int acl_encode(struct acl_entry *entries, size_t n, struct buf *out, struct err *e);

/* Take such a value apart. The caller frees *entries. Errors: ERR_FORMAT. */
int acl_decode(const void *value, size_t len, struct acl_entry **entries, size_t *n, struct err *e);

#endif
