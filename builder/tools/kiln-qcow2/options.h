/* kiln-qcow2's command line. */
#ifndef KILN_QCOW2_OPTIONS_H
#define KILN_QCOW2_OPTIONS_H

#include <stdint.h>

#include "base/cli.h"

#define LEVEL_DEFAULT UINT64_MAX

struct qcow2_cli {
	struct cli_common common;
	const char *output;
	const char *report;
	const char *format;    /* of the input: "raw" or "qcow2"; NULL: by its name */
	const char *snapshot;  /* of a qcow2 input; NULL: it must have none */
	const char *engine;    /* "kiln" or "qemu-img" */
	const char *type;      /* "deflate" or "zstd" */
	const char *window;    /* "12" or "15"; NULL: 15 */
	const char *rule;      /* "lima" or "qemu" */
	const char *sha256;    /* of the disk; NULL: not compared */
	uint64_t level;        /* 0: the default */
	uint64_t cluster_size; /* in bytes */
	uint64_t pack_level;   /* of pack; LEVEL_DEFAULT: that of the format */
	uint64_t threads;
	bool json;
	bool share;
	bool zst;
};

extern const struct cli_tool qcow2_tool;

/* The commands, a file each. */
int compress_run(void *opts, char **operands, size_t n, struct err *e);
int verify_run(void *opts, char **operands, size_t n, struct err *e);
int extract_run(void *opts, char **operands, size_t n, struct err *e);
int info_run(void *opts, char **operands, size_t n, struct err *e);
int map_run(void *opts, char **operands, size_t n, struct err *e);
int pack_run(void *opts, char **operands, size_t n, struct err *e);

#endif
