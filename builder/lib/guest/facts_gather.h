/* Facts that are found by looking at which files there are. Each function adds to *f. */
#ifndef KILN_GUEST_FACTS_GATHER_H
#define KILN_GUEST_FACTS_GATHER_H

#include "base/err.h"
#include "base/strv.h"
#include "guest/facts.h"
#include "image/tree.h"

/* The names in the directory at path (links followed), sorted; none when it is no directory. */
int facts_list_dir(struct tree *t, const char *path, struct strv *names, struct err *e);

/* The architecture, from the ELF header of a program that every system has. */
int facts_gather_arch(struct facts *f, struct tree *t, struct err *e);
/* What /sbin/init is. */
int facts_gather_init(struct facts *f, struct tree *t, struct err *e);
/* Kernels in /boot, and the versions they are of. */
int facts_gather_kernels(struct facts *f, struct tree *t, struct err *e);
/* Units enabled in /etc/systemd/system, sockets and timers that packages enable, and OpenRC's
 * runlevels. Masked units are left out. */
int facts_gather_services(struct facts *f, struct tree *t, struct err *e);

#endif
