/* What the checks of the guest policy have in common. For the policy_*.c files only. */
#ifndef KILN_GUEST_POLICY_CHECK_H
#define KILN_GUEST_POLICY_CHECK_H

#include "base/buf.h"
#include "guest/policy.h"
#include "guest/sshd_config.h"

/* Files that a check reads whole are at most this long. */
#define POLICY_FILE_MAX ((size_t)16 * 1024 * 1024)

/* More faults of one check than this are counted, not listed. */
enum { POLICY_FOUND_MAX = 20 };

struct policy_ctx {
	struct guest *g;
	const struct facts *f;
	const struct policy_options *opt;
	struct strv allow_setuid; /* lines of the allow lists, without comments */
	struct strv allow_units;
	struct strv allow_sudoers;
	struct sshd_config *sshd; /* NULL: sshd_fault says why */
	struct err sshd_fault;
	/* Of the check that runs. */
	struct buf found; /* lines */
	size_t n_found;
	const char *skipped; /* the reason; NULL: not skipped */
};

/* Look at the guest and report with the functions below. -1 when it cannot be told: the check is
 * broken then. */
typedef int policy_run_fn(struct policy_ctx *c, struct err *e);

struct policy_check {
	struct policy_check_info info;
	policy_run_fn *run;
};

struct policy_theme {
	const struct policy_check *checks;
	size_t n;
	bool lima; /* only when the options ask for Lima's contract */
};

extern const struct policy_theme policy_theme_ssh;
extern const struct policy_theme policy_theme_identity;
extern const struct policy_theme policy_theme_accounts;
extern const struct policy_theme policy_theme_sudo;
extern const struct policy_theme policy_theme_files;
extern const struct policy_theme policy_theme_services;
extern const struct policy_theme policy_theme_leaks;
extern const struct policy_theme policy_theme_packages;
extern const struct policy_theme policy_theme_sources;
extern const struct policy_theme policy_theme_disk;
extern const struct policy_theme policy_theme_boot;
extern const struct policy_theme policy_theme_lima;
extern const struct policy_theme policy_theme_lima_tools;
extern const struct policy_theme policy_theme_modules;

/* Report a fault: one line, escaped here. Returns 0, or -1 without memory. */
int policy_found(struct policy_ctx *c, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Say something that is no fault. */
int policy_say(struct policy_ctx *c, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The check does not concern this guest. Returns 0. */
int policy_skip(struct policy_ctx *c, const char *reason);

/* The node at path with links followed, NULL when there is none. */
int policy_lookup(struct policy_ctx *c, const char *path, struct tree_node **node, struct err *e);
/* True in *is when path leads to something. */
int policy_exists(struct policy_ctx *c, const char *path, bool *is, struct err *e);
/* Report that path is there, links not followed. */
int policy_absent(struct policy_ctx *c, const char *path, struct err *e);
/* Report what is inside the directory at path, if there is one, but for names in except. */
int policy_empty_dir(
	struct policy_ctx *c, const char *path, const char *const *except, struct err *e);
/* Append the file at path; *found (may be NULL) tells whether there is one. */
int policy_read(
	struct policy_ctx *c, const char *path, struct buf *out, bool *found, struct err *e);

/* The node after n below top in the order of the tree, NULL at the end. Start with n == top. */
struct tree_node *policy_next(const struct tree_node *top, const struct tree_node *n);
/* The same, leaving out what is inside n. */
struct tree_node *policy_next_beside(const struct tree_node *top, const struct tree_node *n);

/* The next line of text: blanks around it cut off, empty ones and those that start with '#' left
 * out. *at is where to go on, changed text; NULL at the end. */
char *policy_line(char **at);

/* The name of the user or group with an ID, NULL when there is none. */
const char *policy_user_name(const struct policy_ctx *c, uint32_t uid);
const char *policy_group_name(const struct policy_ctx *c, uint32_t gid);
/* True when the deb or apk package is installed. */
bool policy_has_package(const struct policy_ctx *c, const char *name);
/* True when a unit or service of that name is enabled anywhere. */
bool policy_has_service(const struct policy_ctx *c, const char *name);

/* See policy_ssh.c: report values of an sshd keyword that are not want, or that are set at all. */
int policy_ssh_value(struct policy_ctx *c, const char *keyword, const char *want, struct err *e);
int policy_ssh_unset(struct policy_ctx *c, const char *keyword, struct err *e);

/* See policy_canary.c: look for texts on all of the disk. */
int policy_check_canaries(struct policy_ctx *c, struct err *e);

/* See policy_modules.c: the directory of a kernel's modules, NULL when there is none. */
int policy_modules_dir(struct policy_ctx *c, const struct facts_kernel *kernel,
	struct tree_node **dir, struct err *e);

/* See policy_lima_tools.c: report a program that is in none of the folders that hold them. */
int policy_program(struct policy_ctx *c, const char *name, struct err *e);

/* See policy_cloud.c. Append cloud-init's configuration, in the order that it reads the files. */
int policy_cloud_cfg(struct policy_ctx *c, struct buf *text, struct err *e);
/* The last value of a key at the start of a line, up to that line's end; NULL: none. */
const char *policy_cloud_value(const char *text, const char *key);
/* True when a list of modules has one: "- growpart" or "- [growpart, always]". */
bool policy_cloud_runs(const char *text, const char *module);

/* Define a theme from its table of checks. */
#define POLICY_THEME(name, table, for_lima)               \
	const struct policy_theme policy_theme_##name = { \
		table, sizeof(table) / sizeof((table)[0]), for_lima}

#endif
