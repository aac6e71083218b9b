#include "options.h"

static const struct cli_option options[] = {
	{"output", 'o', CLI_STRING, offsetof(struct render_options, output), "FILE",
		"where to write the text; - is standard output"},
	{"data", 'd', CLI_LIST, offsetof(struct render_options, data), "FILE",
		"YAML map whose keys are names in the template; a later file wins"},
	{"set", 0, CLI_LIST, offsetof(struct render_options, set), "KEY=VALUE",
		"set a name to a string; a.b=VALUE sets b in the map a"},
	{"root", 0, CLI_STRING, offsetof(struct render_options, root), "DIR",
		"partials must lie in here (default: the template's folder)"},
	{"mode", 0, CLI_STRING, offsetof(struct render_options, mode), "OCTAL",
		"permissions of the output file (default: 0644)"},
	{"yaml", 0, CLI_FLAG, offsetof(struct render_options, yaml), NULL,
		"check that the result is YAML whatever it is called"},
	{"no-yaml", 0, CLI_FLAG, offsetof(struct render_options, no_yaml), NULL,
		"do not check the result"},
};

static const struct cli_command commands[] = {
	{
		.operands = "TEMPLATE -o FILE",
		.summary = "render a template",
		.min_operands = 1,
		.max_operands = 1,
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
		.run = render_run,
	},
};

static void set_defaults(void *opts)
{
	struct render_options *o = opts;

	o->mode = "0644";
}

static void release(void *opts)
{
	struct render_options *o = opts;

	strv_release(&o->data);
	strv_release(&o->set);
}

static const struct cli_tool tool = {
	.name = "kiln-render",
	.summary = "render a template (a strict subset of ERB) with data from YAML",
	.commands = commands,
	.n_commands = 1,
	.options_size = sizeof(struct render_options),
	.init = set_defaults,
	.release = release,
	.notes = "A result whose name ends in .yaml or .yml, or that starts with #cloud-config, "
		 "must\n"
		 "be well-formed YAML without repeated keys, anchors or tags.",
};

const struct cli_tool *render_tool(void)
{
	return &tool;
}
