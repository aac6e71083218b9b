/* The processes below this one, found by reading /proc: libguestfs does not tell what it starts. */
#ifndef KILN_APPLIANCE_FAMILY_H
#define KILN_APPLIANCE_FAMILY_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct member {
	pid_t pid;
	pid_t parent;
	pid_t group;
};

struct family {
	struct member *items;
	size_t n;
	size_t cap;
};

/* All living descendants of this process, in no order, but for those in known (may be NULL) and
 * what is below them. Earlier contents of f are replaced; free f->items. */
int family_find(struct family *f, const struct family *known, struct err *e);

/* SIGKILL for each, with its process group unless that is this process's own. */
void family_kill(const struct family *f);

/* The folder of the socket on which a qemu of the family listens for libguestfs. NULL: no such
 * qemu runs yet. The caller frees. */
char *family_socket_dir(const struct family *f);

#endif
