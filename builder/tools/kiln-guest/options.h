/* kiln-guest's command line. */
#ifndef KILN_GUEST_OPTIONS_H
#define KILN_GUEST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cli.h"

struct guest_cli {
	struct cli_common common;
	const char *format; /* of the image: "raw" or "qcow2" */
	const char *output;
	const char *esp;
	const char *identity;
	const char *epoch;
	struct strv operations;
	uint64_t level;
	uint64_t threads;
	bool json;
	bool packages;
	bool dry_run;
	bool in_place;
	bool list_operations;
	/* customize */
	struct strv config;
	struct strv ops; /* "name=value" in the order given */
	const char *packages_dir;
	const char *export_root;
	const char *export_esp;
	const char *accel;
	uint64_t timeout_s;
	bool sysprep;
	bool check;
	/* check */
	const char *appliance; /* "auto" or "never" */
	const char *allow_setuid;
	const char *allow_units;
	const char *allow_sudoers;
	const char *json_file;
	const char *junit;
	struct strv canaries;
	bool no_lima;
	bool all;
	bool list;
};

extern const struct cli_tool guest_tool;

/* The commands, a file each. */
int inspect_run(void *opts, char **operands, size_t n, struct err *e);
int customize_run(void *opts, char **operands, size_t n, struct err *e);
int export_run(void *opts, char **operands, size_t n, struct err *e);
int check_run(void *opts, char **operands, size_t n, struct err *e);
int sysprep_run(void *opts, char **operands, size_t n, struct err *e);

#endif
