#include "options.h"

#include <stddef.h>

#define FIELD(name) offsetof(struct source_options, name)
#define OPTION_LOCK                                                         \
	{                                                                   \
		"lock", 'l', CLI_STRING, FIELD(lock), "FILE",               \
			"the lock file: recipes/<variant>/lock.<arch>.json" \
	}
#define OPTION_ROOT                                                                        \
	{                                                                                  \
		"root", 'r', CLI_STRING, FIELD(root), "DIR", "the repository (default: .)" \
	}
#define OPTION_WITHOUT_BASE                                                        \
	{                                                                          \
		"without-base", 0, CLI_FLAG, FIELD(without_base), NULL,            \
			"leave the base image out: another is given for the build" \
	}
#define OPTION_MIRROR                                                                         \
	{                                                                                     \
		"mirror", 'm', CLI_LIST, FIELD(mirrors), "ARCHIVE=URL|DIR",                   \
			"take an archive from there (default: the host's apt configuration, " \
			"then the server that the recipe names)"                              \
	}
#define OPTION_THREADS                                                  \
	{                                                               \
		"threads", 't', CLI_RANGE, FIELD(threads), CLI_THREADS, \
			"worker threads (default: all processors)"      \
	}

static const struct cli_option lock_options[] = {
	OPTION_ROOT,
	{"arch", 'a', CLI_LIST, FIELD(arches), "ARCH",
		"x86_64 or aarch64 (default: all that the recipe has)"},
	{"with", 'w', CLI_LIST, FIELD(with), "OPTION", "enable an option of the recipe"},
	OPTION_MIRROR,
	{"keyring", 'k', CLI_STRING, FIELD(keyring), "FILE",
		"keys that sign the archives (default: each archive's keyring in the recipe, or "
		"Debian's)"},
	{"check", 'c', CLI_FLAG, FIELD(check), NULL,
		"write nothing; exit 1 if a lock would change"},
	OPTION_WITHOUT_BASE,
};

static const struct cli_option fetch_options[] = {
	OPTION_LOCK,
	OPTION_ROOT,
	OPTION_MIRROR,
	{"jobs", 'j', CLI_UINT, FIELD(jobs), "N", "connections at once (default: 8)"},
	{"timeout", 0, CLI_UINT, FIELD(timeout_s), "SECONDS",
		"give a connection up that brings nothing for so long (default: 30)"},
	{"stamp", 0, CLI_STRING, FIELD(stamp), "FILE", "write FILE when all is in the cache"},
	{"stale-list", 0, CLI_STRING, FIELD(stale_list), "FILE",
		"write the files that the archive no longer has into FILE"},
	OPTION_WITHOUT_BASE,
};

static const struct cli_option verify_options[] = {
	OPTION_LOCK,
	OPTION_THREADS,
	{"repair", 0, CLI_FLAG, FIELD(repair), NULL,
		"move wrong files aside, so that fetch brings them anew"},
};

static const struct cli_option repo_options[] = {
	OPTION_LOCK,
	OPTION_ROOT,
	{"output", 'o', CLI_STRING, FIELD(output), "DIR", "the repository to make or replace"},
	{"base", 0, CLI_STRING, FIELD(base), "FILE", "put the lock's base image there, too"},
	OPTION_THREADS,
};

#define N(table) (table), sizeof(table) / sizeof((table)[0])

static const struct cli_command commands[] = {
	{"lock", "VARIANT", "resolve a recipe to exact inputs and write its lock files", 1, 1,
		N(lock_options), source_lock},
	{"fetch", "--lock FILE", "bring every file of a lock into the cache", 0, 0,
		N(fetch_options), source_fetch},
	{"verify", "--lock FILE", "hash every file of a lock in the cache again", 0, 0,
		N(verify_options), source_verify},
	{"repo", "--lock FILE -o DIR", "make a package repository of a lock's files", 0, 0,
		N(repo_options), source_repo},
};

static void init(void *opts)
{
	struct source_options *o = opts;

	o->root = ".";
	o->jobs = 8;
	o->timeout_s = 30;
	o->threads = cli_default_threads();
}

static void release(void *opts)
{
	struct source_options *o = opts;

	strv_release(&o->arches);
	strv_release(&o->with);
	strv_release(&o->mirrors);
}

const struct cli_tool source_tool = {
	.name = "kiln-source",
	.summary = "pin, fetch and check the packages that images are made of",
	.commands = commands,
	.n_commands = sizeof(commands) / sizeof(commands[0]),
	.options_size = sizeof(struct source_options),
	.init = init,
	.release = release,
	.notes = "The cache is $LIMEKILN_CACHE, else $XDG_CACHE_HOME/limekiln, else "
		 "~/.cache/limekiln.\nMirrors may also be named by LIMEKILN_MIRROR_<ARCHIVE>, such "
		 "as LIMEKILN_MIRROR_DEBIAN.",
};
