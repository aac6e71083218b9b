/* Write a file tree as a tar archive (POSIX.1-2001 pax, attributes as SCHILY.xattr.*), sorted by
 * path, with numeric owners and no field that the tree does not give: equal trees, equal bytes. */
#ifndef KILN_IMAGE_TAR_WRITE_H
#define KILN_IMAGE_TAR_WRITE_H

#include "base/err.h"
#include "base/progress.h"
#include "image/tree.h"

/* Write to fd from its position on. Contents may be TREE_DISK, TREE_MEMORY and TREE_HOST. Further
 * names of a file are hard links to its first. Files with holes are in GNU tar's sparse format 1.0,
 * access control lists as SCHILY.acl.*, with numbers for names. tar_scan() of the result gives the
 * same tree, down to holes.
 *
 * Errors: ERR_UNSUPPORTED for an extended attribute with '=' in its name; ERR_FORMAT for a
 * malformed access control list; ERR_IO; ERR_INTERNAL, also for contents of other origins. progress
 * (may be NULL) counts bytes of contents. */
int tar_write(int fd, struct tree *t, struct progress *progress, struct err *e);

#endif
