#include "base/cli_help.h"

#include <ctype.h>
#include <string.h>

static void print_option(const struct cli_option *opt, FILE *f)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", opt->letter ? '-' : ' ',
		opt->letter ? opt->letter : ' ', opt->letter ? "," : " ", opt->name,
		opt->arg ? "=" : "", opt->arg ? opt->arg : "");
	fprintf(f, "  %-34s %s\n", left, opt->help);
}

static void print_command(const struct cli_tool *tool, const struct cli_command *cmd, FILE *f)
{
	fprintf(f, "\n%s%s%s %s\n  %s\n", tool->name, cmd->name ? " " : "",
		cmd->name ? cmd->name : "", cmd->operands, cmd->summary);
	for (size_t i = 0; i < cmd->n_options; i++)
		print_option(&cmd->options[i], f);
}

void cli_print_help(const struct cli_tool *tool, FILE *f)
{
	size_t n;
	const struct cli_option *common = cli_common_options(&n);

	fprintf(f, "%s: %s\n", tool->name, tool->summary);
	for (size_t i = 0; i < tool->n_commands; i++)
		print_command(tool, &tool->commands[i], f);
	fprintf(f, "\nEverywhere\n");
	for (size_t i = 0; i < n; i++)
		print_option(&common[i], f);
	fprintf(f, "  %-34s %s\n", "-h, --help", "print this");
	fprintf(f, "  %-34s %s\n", "    --version", "print the version");
	fprintf(f, "  %-34s %s\n", "    --completion=bash", "print a completion script");
	if (tool->notes)
		fprintf(f, "\n%s\n", tool->notes);
	fprintf(f, "\nExit codes: 0 done, 1 the check said no, 2 usage, 3 bad input, 4 integrity,\n"
		   "5 I/O, 6 network, 7 unsupported, 70 internal.\n");
}

static void print_words(const struct cli_option *options, size_t n, FILE *f)
{
	for (size_t i = 0; i < n; i++)
		fprintf(f, " --%s", options[i].name);
}

static void print_function_name(const struct cli_tool *tool, FILE *f)
{
	fputc('_', f);
	for (const char *p = tool->name; *p; p++)
		fputc(isalnum((unsigned char)*p) ? *p : '_', f);
}

void cli_print_completion(const struct cli_tool *tool, FILE *f)
{
	size_t n;
	const struct cli_option *common = cli_common_options(&n);

	print_function_name(tool, f);
	fprintf(f, "()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n\tcase ${COMP_WORDS[1]} "
		   "in\n");
	for (size_t i = 0; i < tool->n_commands; i++) {
		const struct cli_command *cmd = &tool->commands[i];
		fprintf(f, "\t%s) words='", cmd->name ? cmd->name : "*");
		print_words(cmd->options, cmd->n_options, f);
		print_words(common, n, f);
		fprintf(f, " --help' ;;\n");
	}
	fprintf(f, "\tesac\n");
	if (tool->commands[0].name) {
		fprintf(f, "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\twords='--help --version");
		for (size_t i = 0; i < tool->n_commands; i++)
			fprintf(f, " %s", tool->commands[i].name);
		fprintf(f, "'\n\tfi\n");
	}
	fprintf(f, "\tcase $cur in\n"
		   "\t-*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
		   "\t*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"; compgen -f -- "
		   "\"$cur\") ;;\n"
		   "\tesac\n}\ncomplete -o filenames -F ");
	print_function_name(tool, f);
	fprintf(f, " %s\n", tool->name);
}
