/* kiln-render's options. */
#ifndef KILN_RENDER_OPTIONS_H
#define KILN_RENDER_OPTIONS_H

#include "base/cli.h"

struct render_options {
	struct cli_common common;
	const char *output;
	struct strv data; /* paths */
	struct strv set;  /* key=value */
	const char *root; /* NULL: the template's folder */
	const char *mode; /* octal */
	bool yaml;
	bool no_yaml;
};

/* The table; render_run() is its one command. */
const struct cli_tool *render_tool(void);

/* In main.c. */
int render_run(void *opts, char **operands, size_t n_operands, struct err *e);

#endif
