/* Help and shell completion from a tool's option table. */
#ifndef KILN_BASE_CLI_HELP_H
#define KILN_BASE_CLI_HELP_H

#include <stdio.h>

#include "base/cli.h"

/* The options every command has. */
const struct cli_option *cli_common_options(size_t *n);

/* Write all of --help. */
void cli_print_help(const struct cli_tool *tool, FILE *f);

/* Write a bash completion script. */
void cli_print_completion(const struct cli_tool *tool, FILE *f);

#endif
