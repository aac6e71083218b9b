/* Extended attributes of an ext4 inode: in the inode, in a block beside it, and values in inodes of
 * their own. Linux, Documentation/filesystems/ext4, "Extended Attributes". */
#ifndef KILN_IMAGE_EXT4_XATTR_H
#define KILN_IMAGE_EXT4_XATTR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/ext4_fs.h"
#include "image/tree.h"

/* Read the inode's attributes of the namespaces user, trusted and security, and its access control
 * lists as system.posix_acl_*, into to. What an inode with inline data has of its contents here is
 * appended to inline_data. *left_bytes is what names and values may still take, all inodes
 * together: several files can share one block of attributes.
 *
 * Errors: ERR_FORMAT, ERR_UNSUPPORTED for other namespaces, ERR_IO. */
int ext4_xattr_read(struct ext4_fs *fs, const struct ext4_inode *inode, struct tree *t,
	struct tree_inode *to, struct buf *inline_data, uint64_t *left_bytes, struct err *e);

#endif
