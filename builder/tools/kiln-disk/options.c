#include "options.h"

static const struct cli_option build_options[] = {
	{"output", 'o', CLI_STRING, offsetof(struct disk_cli, output), "FILE",
		"the raw disk to write"},
	{"report", 0, CLI_STRING, offsetof(struct disk_cli, report), "FILE",
		"write partitions, identifiers and what is used as JSON"},
};

static const struct cli_command commands[] = {
	{"build", "LAYOUT.yaml -o DISK.raw", "make a bootable disk from tar layers", 1, 1,
		build_options, sizeof(build_options) / sizeof(build_options[0]), build_run},
};

const struct cli_tool disk_tool = {
	.name = "kiln-disk",
	.summary = "deterministic disks: tar layers to ext4, EFI system partition and GPT",
	.commands = commands,
	.n_commands = sizeof(commands) / sizeof(commands[0]),
	.options_size = sizeof(struct disk_cli),
	.notes = "Nothing is mounted, nothing runs as root, no entry of a layer is made on this "
		 "host.",
};
