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

/* The commands; main.c has them. */
int compress_run(void *opts, char **operands, size_t n, struct err *e);
int verify_run(void *opts, char **operands, size_t n, struct err *e);
int extract_run(void *opts, char **operands, size_t n, struct err *e);

extern const struct cli_tool qcow2_tool;

#endif
