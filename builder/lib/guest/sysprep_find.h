/* The nodes of a guest's trees that a sysprep rule's pattern means. */
#ifndef KILN_GUEST_SYSPREP_FIND_H
#define KILN_GUEST_SYSPREP_FIND_H

#include <stddef.h>

#include "base/err.h"
#include "guest/guest.h"

struct sysprep_nodes {
	struct tree_node **items;
	size_t n;
};

/* The home directories: /root, those in /home, and those that passwd names. */
int sysprep_find_homes(struct guest *g, struct sysprep_nodes *homes, struct err *e);

/* Append what pattern means: see sysprep_rules.h. Links are not followed; a node may be found more
 * than once. */
int sysprep_find(struct guest *g, const struct sysprep_nodes *homes, const char *pattern,
	struct sysprep_nodes *found, struct err *e);

void sysprep_nodes_release(struct sysprep_nodes *nodes);

static inline void sysprep_nodes_cleanup(struct sysprep_nodes *nodes)
{
	sysprep_nodes_release(nodes);
}
#define cleanup_sysprep_nodes __attribute__((cleanup(sysprep_nodes_cleanup)))

/* The node after n in the part of the tree below top, which comes first; NULL at the end. */
struct tree_node *sysprep_next_below(const struct tree_node *top, const struct tree_node *n);

#endif
