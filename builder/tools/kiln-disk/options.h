/* kiln-disk's command line. */
#ifndef KILN_DISK_OPTIONS_H
#define KILN_DISK_OPTIONS_H

#include "base/cli.h"

struct disk_cli {
	struct cli_common common;
	const char *output;
	const char *report;
};

extern const struct cli_tool disk_tool;

int build_run(void *opts, char **operands, size_t n, struct err *e);

#endif
