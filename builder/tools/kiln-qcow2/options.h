/* kiln-qcow2's command line. */
#ifndef KILN_QCOW2_OPTIONS_H
#define KILN_QCOW2_OPTIONS_H

#include <stdint.h>

#include "base/cli.h"

struct qcow2_cli {
	struct cli_common common;
	const char *output;
	const char *report;
	uint64_t level;
	uint64_t threads;
};

extern const struct cli_tool qcow2_tool;

/* The commands, a file each. */
int compress_run(void *opts, char **operands, size_t n, struct err *e);
int verify_run(void *opts, char **operands, size_t n, struct err *e);
int extract_run(void *opts, char **operands, size_t n, struct err *e);

#endif
