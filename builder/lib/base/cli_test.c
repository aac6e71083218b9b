#include "base/cli.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"

struct options {
	struct cli_common common;
	bool force;
	bool verbose;
	const char *output;
	struct strv sets;
	struct strv steps;
	uint64_t threads;
	uint64_t size;
	uint64_t level;
	const char *crust;
};

static const struct cli_option bake_options[] = {
	{"force", 'f', CLI_FLAG, offsetof(struct options, force), NULL, "overwrite"},
	{"verbose", 'v', CLI_FLAG, offsetof(struct options, verbose), NULL, "say more"},
	{"output", 'o', CLI_STRING, offsetof(struct options, output), "FILE", "write FILE"},
	{"set", 0, CLI_LIST, offsetof(struct options, sets), "K=V", "set K"},
	{"heat", 0, CLI_ORDERED, offsetof(struct options, steps), "T", "heat"},
	{"stir", 's', CLI_ORDERED, offsetof(struct options, steps), "N", "stir"},
	{"threads", 't', CLI_UINT, offsetof(struct options, threads), "N", "use N threads"},
	{"size", 0, CLI_SIZE, offsetof(struct options, size), "SIZE", "of the disk"},
	{"level", 0, CLI_RANGE, offsetof(struct options, level), "2..11", "of heat"},
	{"crust", 0, CLI_CHOICE, offsetof(struct options, crust), "thin|thick", "of the pie"},
};

/* What run() saw, as text. */
static char seen[512];
static enum err_kind fail_with;
static bool fail_silently;

static int bake(void *arg, char **operands, size_t n, struct err *e)
{
	struct options *o = arg;
	size_t at = (size_t)snprintf(seen, sizeof(seen), "f%d v%d q%d o=%s t=%llu s=%llu", o->force,
		o->verbose, o->common.quiet, o->output ? o->output : "-",
		(unsigned long long)o->threads, (unsigned long long)o->size);

	if (o->level)
		at += (size_t)snprintf(seen + at, sizeof(seen) - at, " l=%llu c=%s",
			(unsigned long long)o->level, o->crust);
	for (size_t i = 0; i < o->sets.n; i++)
		at += (size_t)snprintf(seen + at, sizeof(seen) - at, " %s", o->sets.items[i]);
	for (size_t i = 0; i < o->steps.n; i++)
		at += (size_t)snprintf(seen + at, sizeof(seen) - at, " %s", o->steps.items[i]);
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(seen + at, sizeof(seen) - at, " [%s]", operands[i]);
	if (fail_silently)
		return -1;
	return fail_with ? err_set(e, fail_with, "told to") : 0;
}

static void init(void *arg)
{
	((struct options *)arg)->threads = 7;
}

static void release(void *arg)
{
	strv_release(&((struct options *)arg)->sets);
	strv_release(&((struct options *)arg)->steps);
}

static const struct cli_command commands[] = {
	{"bake", "INPUT... -o FILE", "bake it", 1, 2, bake_options, 10, bake},
	{"cool", "", "cool it", 0, 0, NULL, 0, bake},
};
static const struct cli_tool tool = {
	"kiln-x", "tests", commands, 2, sizeof(struct options), init, release, "Notes."};
static const struct cli_tool single = {"kiln-y", "tests",
	&(const struct cli_command){NULL, "[X]", "do it", 0, SIZE_MAX, bake_options, 10, bake}, 1,
	sizeof(struct options), NULL, release, NULL};

static struct buf printed; /* both standard streams of the last call */

/* Call cli_main() with the words of a space-separated line; "_" stands for an empty word. */
static int call_tool(const struct cli_tool *t, const char *line)
{
	cleanup_strv struct strv argv = {0};
	cleanup_free char *copy = strdup(line);

	strv_add(&argv, t->name, NULL);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		strv_add(&argv, strcmp(word, "_") == 0 ? "" : word, NULL);
	memset(seen, 0, sizeof(seen));
	fflush(stdout);

	char path[] = "/tmp/cli-test.XXXXXX";
	int file = mkstemp(path), out = dup(1), err = dup(2);
	dup2(file, 1);
	dup2(file, 2);
	int rc = cli_main(t, (int)argv.n, argv.items);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(file);
	buf_release(&printed);
	io_read_file(path, 1 << 20, &printed, NULL);
	unlink(path);
	return rc;
}

static int call(const char *line)
{
	return call_tool(&tool, line);
}

static bool printed_has(const char *text)
{
	return strstr(buf_str(&printed), text) != NULL;
}

static void test_options(void)
{
	static const struct {
		const char *line, *seen;
	} cases[] = {
		{"bake in", "f0 v0 q0 o=- t=7 s=0 [in]"},
		{"bake in --output out", "f0 v0 q0 o=out t=7 s=0 [in]"},
		{"bake --output=out in", "f0 v0 q0 o=out t=7 s=0 [in]"},
		{"bake --output= in", "f0 v0 q0 o= t=7 s=0 [in]"},
		{"bake --output=a=b in", "f0 v0 q0 o=a=b t=7 s=0 [in]"},
		{"bake -o out in", "f0 v0 q0 o=out t=7 s=0 [in]"},
		{"bake -oout in", "f0 v0 q0 o=out t=7 s=0 [in]"},
		{"bake -fvoout in", "f1 v1 q0 o=out t=7 s=0 [in]"},
		{"bake -o -f in", "f0 v0 q0 o=-f t=7 s=0 [in]"},
		{"bake -o a -o b in", "f0 v0 q0 o=b t=7 s=0 [in]"},
		{"bake --set a=1 in --set b=2", "f0 v0 q0 o=- t=7 s=0 a=1 b=2 [in]"},
		{"bake --stir 1 in --heat=2=x -s3 --heat _ --stir=4",
			"f0 v0 q0 o=- t=7 s=0 stir=1 heat=2=x stir=3 heat= stir=4 [in]"},
		{"bake -t 16 --size 3GiB in", "f0 v0 q0 o=- t=16 s=3221225472 [in]"},
		{"bake -q in", "f0 v0 q1 o=- t=7 s=0 [in]"},
		{"bake -- -f --output", "f0 v0 q0 o=- t=7 s=0 [-f] [--output]"},
		{"bake - in", "f0 v0 q0 o=- t=7 s=0 [-] [in]"},
		{"bake _", "f0 v0 q0 o=- t=7 s=0 []"},
		{"cool", "f0 v0 q0 o=- t=7 s=0"},
	};

	unit_about("options");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(call(cases[i].line) == 0);
		CHECK_STR(seen, cases[i].seen);
	}
	CHECK(call("bake --level 2 --crust=thin in") == 0);
	CHECK_STR(seen, "f0 v0 q0 o=- t=7 s=0 l=2 c=thin [in]");
	CHECK(call("bake --level 11 --crust=thick in") == 0);
	CHECK_STR(seen, "f0 v0 q0 o=- t=7 s=0 l=11 c=thick [in]");
	CHECK(call_tool(&single, "-f a b c") == 0);
	CHECK_STR(seen, "f1 v0 q0 o=- t=0 s=0 [a] [b] [c]");
}

static void test_usage(void)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"", "which command"},
		{"burn", "unknown command 'burn'"},
		{"bake", "too few operands"},
		{"bake a b c", "unexpected operand 'c'"},
		{"cool a", "unexpected operand 'a'"},
		{"bake in --outpu x", "unknown option '--outpu'"},
		{"bake in --outputs x", "unknown option '--outputs'"},
		{"cool --force", "unknown option '--force'"},
		{"bake in -x", "unknown option '-x'"},
		{"bake in -fx", "unknown option '-x'"},
		{"bake in --force=yes", "takes no value"},
		{"bake in --output", "needs a value"},
		{"bake in -o", "needs a value"},
		{"bake in --heat", "needs a value"},
		{"bake in -t 0x10", "is not a number"},
		{"bake in -t -1", "is not a number"},
		{"bake in -t 1KiB", "is not a number"},
		{"bake in -t _", "is not a number"},
		{"bake in -t 18446744073709551616", "too large"},
		{"bake in --size 3GB", "is not a size"},
		{"bake in --progress=loud", "--progress"},
		{"bake in --level 1", "--level: 1 is not between 2 and 11"},
		{"bake in --level 12", "--level: 12 is not between 2 and 11"},
		{"bake in --level 4294967298", "is not between"},
		{"bake in --level x", "is not a number"},
		{"bake in --crust thi", "--crust: 'thi' is none of thin|thick"},
		{"bake in --crust thinn", "is none of"},
		{"bake in --crust thin|thick", "is none of"},
		{"bake in --crust=", "is none of"},
	};

	unit_about("usage errors");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(call(cases[i].line) == 2);
		CHECK(printed_has(cases[i].says) && printed_has("kiln-x: error: "));
		CHECK_STR(seen, "");
	}
}

static void test_exit_codes(void)
{
	static const enum err_kind kinds[] = {ERR_CHECK, ERR_USAGE, ERR_FORMAT, ERR_INTEGRITY,
		ERR_IO, ERR_NETWORK, ERR_UNSUPPORTED, ERR_INTERNAL};

	unit_about("exit codes");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fail_with = kinds[i];
		CHECK(call("cool") == (int)kinds[i]);
		CHECK_STR(buf_str(&printed), "kiln-x: error: told to\n");
	}
	fail_with = ERR_NONE;
	fail_silently = true;
	CHECK(call("cool") == 70);
	fail_silently = false;
}

static void test_answers(void)
{
	unit_about("answers without a command");
	CHECK(call("--help") == 0 && printed_has("--output=FILE") && printed_has("Notes."));
	CHECK(call("bake --help") == 0 && printed_has("bake it"));
	CHECK(call("bake in -h") == 0 && printed_has("bake it"));
	CHECK_STR(seen, "");
	CHECK(call("bake -- --help") == 0);
	CHECK_STR(seen, "f0 v0 q0 o=- t=7 s=0 [--help]");
	CHECK(call("--version") == 0 && printed_has("kiln-x (limekiln) "));
	CHECK(call("--completion=bash") == 0 && printed_has("complete -o filenames"));
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {
		{"0", 0},
		{"4096", 4096},
		{"512B", 512},
		{"1KiB", 1024},
		{"64MiB", 67108864},
		{"007", 7},
		{"2TiB", 2199023255552},
		{"18446744073709551615", UINT64_MAX},
		{"16777215TiB", 18446742974197923840u},
	};
	static const char *const bad[] = {"", "B", "KiB", "-1", "+1", " 1", "1 ", "1.5GiB", "1kib",
		"1K", "1KB", "1KiBB", "0x10", "18446744073709551616", "16777216TiB",
		"99999999999999999999999"};
	uint64_t v = 99;

	unit_about("sizes");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(cli_parse_size(good[i].text, "x", &v, NULL) == 0 && v == good[i].want);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = {0};

		CHECK(cli_parse_size(bad[i], "--size", &v, &e) == -1 && e.kind == ERR_USAGE);
		CHECK(strncmp(e.msg, "--size: ", 8) == 0);
	}
}

int main(void)
{
	test_options();
	test_usage();
	test_exit_codes();
	test_answers();
	test_sizes();
	CHECK(cli_default_threads() >= 1);
	buf_release(&printed);
	return unit_done();
}
