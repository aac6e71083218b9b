#include "options.h"

#include <stdint.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct cli_option create_options[] = {
	{"info", 0, CLI_LIST, offsetof(struct options, info), "NAME=FILE",
		"put the JSON of FILE into the manifest as NAME"},
	{"config", 0, CLI_LIST, offsetof(struct options, config), "PATH=FILE",
		"record the digest of FILE as the configuration file PATH of the image"},
	{"check", 0, CLI_STRING, offsetof(struct options, check), "FILE",
		"record the numbers of kiln-guest check's report in FILE"},
};

static const struct cli_command commands[] = {
	{"create", "DIR FILE...", "write DIR/manifest.json, then DIR/SHA256SUMS, for these files",
		2, SIZE_MAX, create_options, N_OF(create_options), command_create},
	{"verify", "DIR", "compute everything again; any difference is an error", 1, 1, NULL, 0,
		command_verify},
};

static void release(void *opts)
{
	struct options *o = opts;

	strv_release(&o->info);
	strv_release(&o->config);
}

const struct cli_tool manifest_tool = {
	.name = "kiln-manifest",
	.summary = "what a folder of results holds: manifest.json and SHA256SUMS",
	.commands = commands,
	.n_commands = N_OF(commands),
	.options_size = sizeof(struct options),
	.release = release,
};
