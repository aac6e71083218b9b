/* Command lines: one table per tool gives parsing, --help, usage errors and shell completion. */
#ifndef KILN_BASE_CLI_H
#define KILN_BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "base/strv.h"

enum cli_type {
	CLI_FLAG,   /* bool */
	CLI_STRING, /* const char *, the last one given wins */
	CLI_LIST,   /* struct strv, every one given */
	/* struct strv, "name=value" of every one given: options that share a field keep the order
	 * in which they were given */
	CLI_ORDERED,
	CLI_UINT,   /* uint64_t, decimal */
	CLI_RANGE,  /* the same within bounds, which arg gives: "1..12" */
	CLI_SIZE,   /* uint64_t, decimal bytes with an optional KiB, MiB, GiB or TiB */
	CLI_CHOICE, /* const char *, one of the words of arg: "raw|qcow2" */
};

#define CLI_THREADS "1..1024" /* arg of an option for threads */

struct cli_option {
	const char *name; /* long name without dashes */
	char letter;      /* short name, 0 for none */
	enum cli_type type;
	size_t offset;   /* of the field in the tool's options structure */
	const char *arg; /* how help calls the argument; NULL for flags */
	const char *help;
};

/* Options that every command has; the first member of each tool's options structure. */
struct cli_common {
	bool quiet;
	const char *progress_name;
	enum progress_mode progress; /* made from progress_name and quiet */
};

struct cli_command {
	const char *name;     /* NULL: the tool's only command, not typed */
	const char *operands; /* as help shows them: "INPUT -o OUTPUT" */
	const char *summary;
	size_t min_operands;
	size_t max_operands; /* SIZE_MAX: any number */
	const struct cli_option *options;
	size_t n_options;
	/* opts is the tool's options structure. Returns 0 or -1 with *e; see cli_main(). */
	int (*run)(void *opts, char **operands, size_t n_operands, struct err *e);
};

struct cli_tool {
	const char *name;
	const char *summary;
	const struct cli_command *commands;
	size_t n_commands;
	size_t options_size;         /* of the options structure */
	void (*init)(void *opts);    /* set defaults; may be NULL */
	void (*release)(void *opts); /* free lists; may be NULL */
	const char *notes;           /* end of --help; may be NULL */
};

/* All of main(): parse, run, print the error once, map its kind to the exit code.
 * Understands --help, --version and --completion=bash by itself, and after every command
 * --quiet and --progress. A result that standard output did not take is ERR_IO. */
int cli_main(const struct cli_tool *tool, int argc, char **argv);

/* Parse a decimal size with an optional KiB, MiB, GiB or TiB ("3GiB"); ERR_USAGE names what. */
int cli_parse_size(const char *text, const char *what, uint64_t *size_bytes, struct err *e);

/* Threads to use by default: the processors this process may run on. */
unsigned cli_default_threads(void);

#endif
