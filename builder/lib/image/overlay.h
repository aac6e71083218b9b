/* The layout's own files and deletions, laid over the layers. */
#ifndef KILN_IMAGE_OVERLAY_H
#define KILN_IMAGE_OVERLAY_H

#include "base/err.h"
#include "image/layout.h"
#include "image/tree.h"

/* Remove what the layout deletes, directories with all that is in them, then put its files, in
 * their order, with the tree's epoch as time. Contents on the host are only looked at; the layout
 * must outlive the tree. Errors: ERR_FORMAT, ERR_IO. */
int overlay_apply(const struct layout *l, struct tree *t, struct err *e);

/* Put the layout's files of the ESP into its tree. Those that come from the root file system get
 * the contents of its inodes, which will be written to disk_fd. Errors as above. */
int overlay_apply_esp(
	const struct layout *l, struct tree *esp, struct tree *root, int disk_fd, struct err *e);

#endif
