/* kiln-manifest's options. */
#ifndef KILN_MANIFEST_OPTIONS_H
#define KILN_MANIFEST_OPTIONS_H

#include "base/cli.h"

struct options {
	struct cli_common common;
	struct strv info;   /* --info NAME=FILE */
	struct strv config; /* --config PATH=FILE */
	const char *check;  /* --check FILE */
};

extern const struct cli_tool manifest_tool;

/* create DIR FILE... */
int command_create(void *opts, char **operands, size_t n, struct err *e);
/* verify DIR */
int command_verify(void *opts, char **operands, size_t n, struct err *e);

#endif
