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

#endif
