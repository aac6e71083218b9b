/* A host folder as a file tree. */
#ifndef KILN_APPLIANCE_HOST_TREE_H
#define KILN_APPLIANCE_HOST_TREE_H

#include "base/err.h"
#include "image/tree.h"

/* Put what is in the host folder dir, at any depth, below the folder `at` of the tree; host_path
 * and the contents stay on the host. Everything is root's and of the tree's epoch; folders and
 * files that their owner may execute get 0755, other files 0644, so that neither the umask nor the
 * user matters. Errors: ERR_IO; ERR_FORMAT for what is neither file, folder nor link. */
int host_tree_add(struct tree *t, const char *dir, const char *at, struct err *e);

#endif
