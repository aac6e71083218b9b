/* Child programs. They get no standard input, the parent's environment with a fixed locale and
 * time zone, and SIGTERM when the parent dies; no shell is involved. */
#ifndef KILN_BASE_PROC_H
#define KILN_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct proc_options {
	struct buf *out;        /* standard output goes here; NULL: to the parent's stderr */
	size_t max_out;         /* more output than this is ERR_FORMAT; 0: 64 MiB */
	const char *const *env; /* "NAME=value" to add or replace, NULL-terminated; may be NULL */
	bool hide_stderr;       /* keep the child's standard error for the message on failure */
	struct buf *errors;     /* the same, and keep it here, without its last newline */
	const char *remedy;     /* said when the program is not installed; may be NULL */
};

/* Run argv[0] (found on PATH) to its end. Not found: ERR_UNSUPPORTED with the remedy. An exit
 * status other than 0, or a signal: ERR_CHECK with the status and the last line of standard error
 * if that was hidden; *status (may be NULL) gets the exit status, 128+n for a signal. */
int proc_run(char *const argv[], const struct proc_options *opt, int *status, struct err *e);

/* End this process by a signal that it handled, so that its parent sees it; returns for 0. */
void proc_die_of(int number);

/* *path becomes that of a program: found on PATH, or name itself where it has a slash; NULL when
 * there is none that can be run. The caller frees. Errors: ERR_INTERNAL. */
int proc_find(char **path, const char *name, struct err *e);

/* True when there is one. */
bool proc_exists(const char *name);

#endif
