#include "base/cli.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cli_help.h"
#include "base/log.h"
#include "base/mem.h"

static const struct cli_option common_options[] = {
	{"quiet", 'q', CLI_FLAG, offsetof(struct cli_common, quiet), NULL,
		"say nothing but warnings and errors"},
	{"progress", 0, CLI_STRING, offsetof(struct cli_common, progress_name), "auto|json|none",
		"progress as bars or lines (auto), as JSON lines, or not at all"},
};

const struct cli_option *cli_common_options(size_t *n)
{
	*n = sizeof(common_options) / sizeof(common_options[0]);
	return common_options;
}

int cli_parse_size(const char *text, const char *what, uint64_t *size_bytes, struct err *e)
{
	static const struct {
		const char *unit;
		unsigned shift;
	} units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (!mem_mul_u64(value, 10, &value) ||
			!mem_add_u64(value, (uint64_t)(*p - '0'), &value))
			return err_set(e, ERR_USAGE, "%s: '%s' is too large", what, text);
	}
	for (size_t i = 0; p != text && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(p, units[i].unit) != 0)
			continue;
		if (!mem_mul_u64(value, 1ULL << units[i].shift, size_bytes))
			return err_set(e, ERR_USAGE, "%s: '%s' is too large", what, text);
		return 0;
	}
	return err_set(
		e, ERR_USAGE, "%s: '%s' is not a size such as 4096, 64MiB or 3GiB", what, text);
}

static int parse_uint(const char *text, const char *what, uint64_t *value, struct err *e)
{
	if (text[strspn(text, "0123456789")] || !*text)
		return err_set(e, ERR_USAGE, "%s: '%s' is not a number", what, text);
	return cli_parse_size(text, what, value, e);
}

static int parse_range(
	const char *text, const char *what, const char *range, uint64_t *value, struct err *e)
{
	unsigned long long min, max;

	if (sscanf(range, "%llu..%llu", &min, &max) != 2)
		return err_set(e, ERR_INTERNAL, "%s: '%s' is no range", what, range);
	if (parse_uint(text, what, value, e) < 0)
		return -1;
	if (*value < min || *value > max)
		return err_set(
			e, ERR_USAGE, "%s: %s is not between %llu and %llu", what, text, min, max);
	return 0;
}

static int parse_choice(
	const char *text, const char *what, const char *words, const char **value, struct err *e)
{
	size_t len = strlen(text);

	for (const char *p = words; *p; p += strcspn(p, "|"), p += *p == '|') {
		if (len == strcspn(p, "|") && memcmp(p, text, len) == 0) {
			*value = text;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "%s: '%s' is none of %s", what, text, words);
}

static int store(void *opts, const struct cli_option *opt, const char *value, struct err *e)
{
	void *field = (char *)opts + opt->offset;
	char what[80];

	snprintf(what, sizeof(what), "--%s", opt->name);
	switch (opt->type) {
	case CLI_FLAG:
		*(bool *)field = true;
		return 0;
	case CLI_STRING:
		*(const char **)field = value;
		return 0;
	case CLI_LIST:
		return strv_add(field, value, e);
	case CLI_ORDERED:
		return strv_addf(field, e, "%s=%s", opt->name, value);
	case CLI_UINT:
		return parse_uint(value, what, field, e);
	case CLI_RANGE:
		return parse_range(value, what, opt->arg, field, e);
	case CLI_SIZE:
		return cli_parse_size(value, what, field, e);
	case CLI_CHOICE:
		return parse_choice(value, what, opt->arg, field, e);
	}
	return err_set(e, ERR_INTERNAL, "%s has no type", what);
}

static const struct cli_option *find_in(
	const struct cli_option *options, size_t n, const char *name, size_t name_len, char letter)
{
	for (size_t i = 0; i < n; i++) {
		if (letter ? options[i].letter == letter
			   : strlen(options[i].name) == name_len &&
					memcmp(options[i].name, name, name_len) == 0)
			return &options[i];
	}
	return NULL;
}

static const struct cli_option *find_option(
	const struct cli_command *cmd, const char *name, size_t name_len, char letter)
{
	const struct cli_option *opt =
		find_in(cmd->options, cmd->n_options, name, name_len, letter);
	size_t n;
	const struct cli_option *common = cli_common_options(&n);

	return opt ? opt : find_in(common, n, name, name_len, letter);
}

struct parse {
	const struct cli_command *cmd;
	void *opts;
	char **argv;
	int argc;
	int next;
};

/* "--name", "--name=value" or "--name value" */
static int parse_long(struct parse *p, const char *arg, struct err *e)
{
	const char *name = arg + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	const struct cli_option *opt = find_option(p->cmd, name, len, 0);

	if (!opt)
		return err_set(e, ERR_USAGE, "unknown option '%s'; see --help", arg);
	if (opt->type == CLI_FLAG && value)
		return err_set(e, ERR_USAGE, "option '--%s' takes no value", opt->name);
	if (opt->type != CLI_FLAG && !value) {
		if (p->next >= p->argc)
			return err_set(e, ERR_USAGE, "option '--%s' needs a value", opt->name);
		value = p->argv[p->next++];
	}
	return store(p->opts, opt, value, e);
}

/* "-x", "-xvalue", "-x value", and several flags in one word */
static int parse_short(struct parse *p, const char *arg, struct err *e)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct cli_option *opt = find_option(p->cmd, NULL, 0, *c);

		if (!opt)
			return err_set(e, ERR_USAGE, "unknown option '-%c'; see --help", *c);
		if (opt->type == CLI_FLAG) {
			if (store(p->opts, opt, NULL, e) < 0)
				return -1;
			continue;
		}
		const char *value = c + 1;
		if (!*value) {
			if (p->next >= p->argc)
				return err_set(e, ERR_USAGE, "option '-%c' needs a value", *c);
			value = p->argv[p->next++];
		}
		return store(p->opts, opt, value, e);
	}
	return 0;
}

/* Options may stand before, between and after operands; "--" ends them. */
static int parse_words(struct parse *p, char **operands, size_t *n, struct err *e)
{
	bool options_ended = false;

	*n = 0;
	while (p->next < p->argc) {
		char *arg = p->argv[p->next++];
		int rc = 0;

		if (options_ended || arg[0] != '-' || !arg[1])
			operands[(*n)++] = arg;
		else if (strcmp(arg, "--") == 0)
			options_ended = true;
		else if (arg[1] == '-')
			rc = parse_long(p, arg, e);
		else
			rc = parse_short(p, arg, e);
		if (rc < 0)
			return -1;
	}
	if (*n < p->cmd->min_operands)
		return err_set(e, ERR_USAGE, "too few operands: needs %s", p->cmd->operands);
	if (*n > p->cmd->max_operands)
		return err_set(
			e, ERR_USAGE, "unexpected operand '%s'", operands[p->cmd->max_operands]);
	return 0;
}

static int run_command(const struct cli_tool *tool, struct parse *p, struct err *e)
{
	cleanup_free char **operands = mem_array((size_t)p->argc + 1, sizeof(*operands), e);
	struct cli_common *common = p->opts;
	size_t n;

	if (!operands || parse_words(p, operands, &n, e) < 0)
		return -1;
	if (progress_parse_mode(common->progress_name, common->quiet, &common->progress, e) < 0)
		return -1;
	log_setup(tool->name, common->quiet);
	if (p->cmd->run(p->opts, operands, n, e) < 0)
		return -1;
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_set_errno(e, ERR_IO, "standard output");
	return 0;
}

static const struct cli_command *choose_command(
	const struct cli_tool *tool, struct parse *p, struct err *e)
{
	if (!tool->commands[0].name)
		return &tool->commands[0];
	if (p->argc < 2) {
		err_set(e, ERR_USAGE, "which command? see %s --help", tool->name);
		return NULL;
	}
	p->next = 2;
	for (size_t i = 0; i < tool->n_commands; i++) {
		if (strcmp(tool->commands[i].name, p->argv[1]) == 0)
			return &tool->commands[i];
	}
	err_set(e, ERR_USAGE, "unknown command '%s'; see %s --help", p->argv[1], tool->name);
	return NULL;
}

static bool asks_for_help(const struct parse *p)
{
	for (int i = 1; i < p->argc && strcmp(p->argv[i], "--") != 0; i++) {
		if (strcmp(p->argv[i], "--help") == 0 || strcmp(p->argv[i], "-h") == 0)
			return true;
	}
	return false;
}

/* Words that are answered without running a command. */
static bool answer_alone(const struct cli_tool *tool, const struct parse *p)
{
	const char *first = p->argc > 1 ? p->argv[1] : "";

	if (strcmp(first, "--version") == 0)
		printf("%s (limekiln) %s\n", tool->name, KILN_VERSION);
	else if (strcmp(first, "--completion=bash") == 0)
		cli_print_completion(tool, stdout);
	else if (asks_for_help(p))
		cli_print_help(tool, stdout);
	else
		return false;
	return true;
}

static int run_tool(const struct cli_tool *tool, struct parse *p, struct err *e)
{
	p->opts = mem_zalloc(tool->options_size, e);
	if (!p->opts)
		return -1;
	if (tool->init)
		tool->init(p->opts);
	p->cmd = choose_command(tool, p, e);
	int rc = p->cmd ? run_command(tool, p, e) : -1;
	if (tool->release)
		tool->release(p->opts);
	free(p->opts);
	return rc;
}

int cli_main(const struct cli_tool *tool, int argc, char **argv)
{
	struct parse p = {.argv = argv, .argc = argc, .next = 1};
	struct err e = {0};

	/* Outputs have explicit modes; a write to a closed pipe is an error like any other. */
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	log_setup(tool->name, false);

	int rc;
	if (answer_alone(tool, &p))
		rc = fflush(stdout) == 0 ? 0 : err_set_errno(&e, ERR_IO, "standard output");
	else
		rc = run_tool(tool, &p, &e);
	if (rc == 0)
		return 0;
	if (e.kind == ERR_NONE)
		err_set(&e, ERR_INTERNAL, "failed without giving a reason");
	/* A check that said no has told its findings already when it leaves no message. */
	if (e.msg[0])
		log_error(&e);
	return err_exit_code(&e);
}

unsigned cli_default_threads(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	int n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}
