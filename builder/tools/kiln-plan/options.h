/* kiln-plan's options. */
#ifndef KILN_PLAN_OPTIONS_H
#define KILN_PLAN_OPTIONS_H

#include <stdbool.h>

#include "base/cli.h"
#include "image.h"

struct options {
	struct cli_common common;
	const char *arch;     /* --arch */
	struct strv with;     /* --with */
	const char *root;     /* --root */
	const char *out;      /* --out */
	const char *tools;    /* --tools */
	const char *versions; /* --versions */
	const char *base;     /* --base */
	const char *pack;     /* --pack */
	bool json;            /* --json */
};

extern const struct cli_tool plan_tool_table;

/* The commands; see their summaries in options.c. */
int command_write(void *opts, char **variants, size_t n, struct err *e);
int command_locks(void *opts, char **variants, size_t n, struct err *e);
int command_list(void *opts, char **operands, size_t n, struct err *e);
int command_summary(void *opts, char **variants, size_t n, struct err *e);

/* The paths that the options give. */
struct plan_paths options_paths(const struct options *o);

#endif
