/* kiln-source's command line. */
#ifndef KILN_SOURCE_OPTIONS_H
#define KILN_SOURCE_OPTIONS_H

#include "base/cli.h"

struct source_options {
	struct cli_common common;
	const char *root;
	const char *lock;
	const char *output;
	const char *keyring;
	const char *stamp;
	const char *stale_list;
	struct strv arches;
	struct strv with;
	struct strv mirrors;
	uint64_t jobs;
	uint64_t threads;
	uint64_t timeout_s;
	bool check;
	bool repair;
	bool without_base;
	const char *base;
};

extern const struct cli_tool source_tool;

/* The commands; each returns 0 or -1 with *e. */
int source_lock(void *opts, char **operands, size_t n, struct err *e);
int source_fetch(void *opts, char **operands, size_t n, struct err *e);
int source_verify(void *opts, char **operands, size_t n, struct err *e);
int source_repo(void *opts, char **operands, size_t n, struct err *e);

#endif
