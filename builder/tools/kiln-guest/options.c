#include "options.h"

#include "codec/deflate.h"
#include "guest/ops.h"

#define OPTIONS(list) list, sizeof(list) / sizeof((list)[0])
#define FIELD(name) offsetof(struct guest_cli, name)

/* What several commands have. */
#define FORMAT_OPTION                                                \
	{                                                            \
		"format", 0, CLI_STRING, FIELD(format), "raw|qcow2", \
			"the image's format; default qcow2"          \
	}
#define EPOCH_OPTION                                                         \
	{                                                                    \
		"epoch", 0, CLI_STRING, FIELD(epoch), "SECONDS",             \
			"later times become this one; default: "             \
			"SOURCE_DATE_EPOCH, or the newest time in the image" \
	}
#define JSON_OPTION                                                  \
	{                                                            \
		"json", 0, CLI_FLAG, FIELD(json), NULL, "write JSON" \
	}
#define REBUILD_OPTIONS                                                                 \
	{"output", 'o', CLI_STRING, FIELD(output), "FILE", "the qcow2 image to write"}, \
		{"in-place", 0, CLI_FLAG, FIELD(in_place), NULL,                        \
			"replace the image when all is done"},                          \
		{"level", 'l', CLI_RANGE, FIELD(level), "1..12",                        \
			"compress from 1 (fast) to 12 (small); default 6"},             \
	{                                                                               \
		"threads", 't', CLI_RANGE, FIELD(threads), CLI_THREADS,                 \
			"compress with N threads; default: one a processor"             \
	}

#define POLICY_OPTIONS                                                                         \
	{"allow-setuid", 0, CLI_STRING, FIELD(allow_setuid), "FILE",                           \
		"setuid and setgid files and file capabilities that the image must have"},     \
		{"allow-units", 0, CLI_STRING, FIELD(allow_units), "FILE",                     \
			"units and services that must be enabled"},                            \
		{"allow-sudoers", 0, CLI_STRING, FIELD(allow_sudoers), "FILE",                 \
			"lines of sudoers that may have NOPASSWD"},                            \
		{"canary", 0, CLI_LIST, FIELD(canaries), "TEXT",                               \
			"a text that may be nowhere on the disk; may be given again"},         \
	{                                                                                      \
		"no-lima", 0, CLI_FLAG, FIELD(no_lima), NULL, "leave out what only Lima needs" \
	}
#define REPORT_OPTIONS                                                         \
	{"json", 0, CLI_STRING, FIELD(json_file), "FILE",                      \
		"write all results as JSON; - is standard output"},            \
	{                                                                      \
		"junit", 0, CLI_STRING, FIELD(junit), "FILE",                  \
			"write all results as JUnit XML; - is standard output" \
	}

/* An operation of guest/ops.h as an option. */
#define OPERATION(kind, name, arg, help) {name, 0, CLI_ORDERED, FIELD(ops), arg, help},

static const struct cli_option inspect_options[] = {
	FORMAT_OPTION,
	JSON_OPTION,
	{"packages", 0, CLI_FLAG, FIELD(packages), NULL, "list all packages, not their number"},
};

static const struct cli_option export_options[] = {
	{"output", 'o', CLI_STRING, FIELD(output), "FILE", "the tar of the root file system"},
	{"esp", 0, CLI_STRING, FIELD(esp), "FILE", "write a tar of the EFI system partition, too"},
	{"identity", 0, CLI_STRING, FIELD(identity), "FILE",
		"write the disk's and file systems' identifiers as JSON"},
	EPOCH_OPTION,
	FORMAT_OPTION,
};

static const struct cli_option customize_options[] = {
	{"config", 'c', CLI_LIST, FIELD(config), "OPS.yaml",
		"operations to apply, before those given as options; may be given again"},
	{"packages", 0, CLI_STRING, FIELD(packages_dir), "DIR",
		"install from this repository, which `kiln-source repo` made"},
	{"sysprep", 0, CLI_FLAG, FIELD(sysprep), NULL, "clean the result as sysprep does"},
	{"check", 0, CLI_FLAG, FIELD(check), NULL,
		"hold the result to the guest policy; one that fails is not written"},
	REBUILD_OPTIONS,
	{"export", 0, CLI_STRING, FIELD(export_root), "FILE",
		"write a tar of the root file system"},
	{"export-esp", 0, CLI_STRING, FIELD(export_esp), "FILE",
		"write a tar of the EFI system partition, too"},
	{"identity", 0, CLI_STRING, FIELD(identity), "FILE",
		"write the disk's and file systems' identifiers as JSON"},
	{"accel", 0, CLI_STRING, FIELD(accel), "auto|kvm|tcg",
		"run the appliance with KVM or in software; default: KVM where it works"},
	{"timeout", 0, CLI_UINT, FIELD(timeout_s), "SECONDS",
		"end a command that takes longer; default 600"},
	POLICY_OPTIONS, REPORT_OPTIONS, EPOCH_OPTION, FORMAT_OPTION,
	/* clang-format off: this is a list, too */
	OPS_OPTIONS(OPERATION)
	/* clang-format on */
};

static const struct cli_option sysprep_options[] = {
	REBUILD_OPTIONS,
	{"dry-run", 'n', CLI_FLAG, FIELD(dry_run), NULL,
		"list each file that would change and why, and change nothing"},
	{"operation", 0, CLI_LIST, FIELD(operations), "NAME",
		"do this only, or with - before it all but this; may be given again"},
	{"list-operations", 0, CLI_FLAG, FIELD(list_operations), NULL,
		"list the operations there are"},
	JSON_OPTION,
	EPOCH_OPTION,
	FORMAT_OPTION,
};

static const struct cli_option check_options[] = {
	FORMAT_OPTION,
	POLICY_OPTIONS,
	{"appliance", 0, CLI_STRING, FIELD(appliance), "auto|never",
		"run sshd -T in the guest where that can be done; default auto"},
	{"all", 0, CLI_FLAG, FIELD(all), NULL, "print what passed and what was skipped, too"},
	REPORT_OPTIONS,
	{"list", 0, CLI_FLAG, FIELD(list), NULL, "list the checks there are"},
};

static const struct cli_command commands[] = {
	{"inspect", "IMAGE", "say what is in an image", 1, 1, OPTIONS(inspect_options),
		inspect_run},
	{"check", "IMAGE", "hold an image to the guest policy", 0, 1, OPTIONS(check_options),
		check_run},
	{"customize", "IMAGE -o OUT.qcow2", "change an image with operations, in their order", 1, 1,
		OPTIONS(customize_options), customize_run},
	{"export", "IMAGE -o ROOT.tar", "write the root file system as a tar archive", 1, 1,
		OPTIONS(export_options), export_run},
	{"sysprep", "IMAGE -o OUT.qcow2", "remove what belongs to one machine only", 0, 1,
		OPTIONS(sysprep_options), sysprep_run},
};

static void init(void *opts)
{
	struct guest_cli *o = opts;

	o->format = "qcow2";
	o->appliance = "auto";
	o->level = DEFLATE_LEVEL_DEFAULT;
	o->threads = cli_default_threads();
}

static void release(void *opts)
{
	struct guest_cli *o = opts;

	strv_release(&o->config);
	strv_release(&o->ops);
	strv_release(&o->canaries);
	strv_release(&o->operations);
}

const struct cli_tool guest_tool = {
	.name = "kiln-guest",
	.summary = "look inside disk images and change them offline",
	.commands = commands,
	.n_commands = sizeof(commands) / sizeof(commands[0]),
	.options_size = sizeof(struct guest_cli),
	.init = init,
	.release = release,
	.notes = "The image's format is never guessed. Names from the image are escaped.",
};
