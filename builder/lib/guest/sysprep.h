/* What makes a used or freshly built guest different from a clone-ready one, and removing it. */
#ifndef KILN_GUEST_SYSPREP_H
#define KILN_GUEST_SYSPREP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "guest/guest.h"

enum sysprep_action {
	SYSPREP_DELETE,
	SYSPREP_EMPTY, /* make it empty: machine-id, log files that must exist */
	SYSPREP_EDIT,  /* change some fields: shadow's dates */
};

struct sysprep_item {
	char *path; /* in the root file system, or on the ESP */
	bool on_esp;
	enum sysprep_action action;
	const char *operation; /* "ssh-hostkeys"; the first by name of several */
	const char *reason;    /* one line for people */
	char *contents;        /* SYSPREP_EDIT: what the file becomes */
	size_t contents_len;
};

struct sysprep_plan {
	struct sysprep_item *items; /* sorted: root before ESP, by path */
	size_t n;
};

/* Find what the operations clean. NULL or empty: all that are on by default; "-NAME" leaves one out
 * of these, or of those that are named. Symbolic links on the way to a file are not followed. Dates
 * that are set come from g->epoch_s. Errors: ERR_USAGE for an unknown operation (those there are,
 * named); those of guest_lookup(). Release in any case. */
int sysprep_plan(
	struct sysprep_plan *p, struct guest *g, const struct strv *operations, struct err *e);
void sysprep_plan_release(struct sysprep_plan *p);

/* Do it to the guest's trees (the disk is not touched). */
int sysprep_apply(const struct sysprep_plan *p, struct guest *g, struct err *e);

/* The i-th operation there is, NULL past the end. */
const char *sysprep_operation(size_t i, const char **summary, bool *by_default);

#endif
