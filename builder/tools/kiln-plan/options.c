#include "options.h"

#include <stdint.h>

#include "recipe/recipe.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

#define OPTION_ROOT                                                           \
	{                                                                     \
		"root", 0, CLI_STRING, offsetof(struct options, root), "DIR", \
			"the repository (default: .)"                         \
	}
#define OPTION_OUT                                                          \
	{                                                                   \
		"out", 0, CLI_STRING, offsetof(struct options, out), "DIR", \
			"the build folder (default: build)"                 \
	}
#define OPTION_ARCH                                                            \
	{                                                                      \
		"arch", 0, CLI_STRING, offsetof(struct options, arch), "ARCH", \
			"x86_64 or aarch64 (default: this machine's)"          \
	}
#define OPTION_WITH                                                               \
	{                                                                         \
		"with", 0, CLI_LIST, offsetof(struct options, with), "OPTION",    \
			"enable an option of the recipe; may be given repeatedly" \
	}
#define OPTION_BASE                                                            \
	{                                                                      \
		"base", 0, CLI_STRING, offsetof(struct options, base), "FILE", \
			"take FILE for the recipe's base image in this build"  \
	}
#define OPTION_JSON                                                                     \
	{                                                                               \
		"json", 0, CLI_FLAG, offsetof(struct options, json), NULL, "print JSON" \
	}

static const struct cli_option write_options[] = {
	OPTION_ARCH,
	OPTION_WITH,
	OPTION_ROOT,
	OPTION_OUT,
	OPTION_BASE,
	{"pack", 0, CLI_CHOICE, offsetof(struct options, pack), "xz|zst|none",
		"pack the disk as a file to distribute; default: as the recipe says"},
	{"tools", 0, CLI_STRING, offsetof(struct options, tools), "DIR",
		"take our tools from DIR/NAME/NAME instead of PATH"},
	{"versions", 0, CLI_STRING, offsetof(struct options, versions), "FILE",
		"versions of the host's programs, \"name version\" a line"},
};
static const struct cli_option choose_options[] = {
	OPTION_ARCH,
	OPTION_WITH,
	OPTION_ROOT,
	OPTION_OUT,
	OPTION_BASE,
};
static const struct cli_option list_options[] = {OPTION_ROOT, OPTION_OUT, OPTION_JSON};
static const struct cli_option summary_options[] = {
	OPTION_ARCH,
	OPTION_WITH,
	OPTION_ROOT,
	OPTION_OUT,
	OPTION_JSON,
};

static const struct cli_command commands[] = {
	{"write", "[VARIANT...]", "write OUT/build.ninja, and what its stages read, into OUT/work",
		0, SIZE_MAX, write_options, N_OF(write_options), command_write},
	{"locks", "[VARIANT...]",
		"print each image's variant, lock file and its state: ok, missing or stale", 0,
		SIZE_MAX, choose_options, N_OF(choose_options), command_locks},
	{"list", "", "print all variants, and whether they are locked and built", 0, 0,
		list_options, N_OF(list_options), command_list},
	{"summary", "[VARIANT...]", "print what was built: sizes, time per stage, digest", 0,
		SIZE_MAX, summary_options, N_OF(summary_options), command_summary},
};

static void init(void *opts)
{
	struct options *o = opts;

	o->root = ".";
	o->out = "build";
	o->arch = recipe_host_arch();
}

static void release(void *opts)
{
	struct options *o = opts;

	strv_release(&o->with);
}

const struct cli_tool plan_tool_table = {
	.name = "kiln-plan",
	.summary = "recipes to a ninja graph: one edge a stage, keyed by content",
	.commands = commands,
	.n_commands = N_OF(commands),
	.options_size = sizeof(struct options),
	.init = init,
	.release = release,
	.notes = "Without VARIANT: all recipes that say `default: true`.\n"
		 "Run ninja in the folder in which kiln-plan ran: ninja -f OUT/build.ninja\n",
};

struct plan_paths options_paths(const struct options *o)
{
	return (struct plan_paths){.root = o->root, .out = o->out, .tools = o->tools};
}
