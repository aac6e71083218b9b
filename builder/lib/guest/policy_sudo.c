#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

typedef int sudoers_fn(struct policy_ctx *c, const char *path, struct tree_node *n, struct err *e);

/* What sudo reads: /etc/sudoers and the files in /etc/sudoers.d, but for names with a dot or a
 * tilde at the end (sudoers(5), "Including other files"). */
static int each_sudoers(struct policy_ctx *c, sudoers_fn *fn, struct err *e)
{
	struct tree_node *n;
	struct tree_node *dir;

	if (policy_lookup(c, "/etc/sudoers", &n, e) < 0 || (n && fn(c, "/etc/sudoers", n, e) < 0) ||
		policy_lookup(c, "/etc/sudoers.d", &dir, e) < 0)
		return -1;
	if (!n && !dir)
		return policy_skip(c, "there is no sudo");
	for (struct tree_node *i = dir ? dir->child : NULL; i; i = i->next) {
		char path[TREE_PATH_TEXT];

		tree_node_path(i, path);
		if (strchr(i->name, '.') || i->name[i->name_len - 1] == '~' ||
			S_ISDIR(i->inode->mode))
			continue;
		if (policy_lookup(c, path, &n, e) < 0 || (n && fn(c, path, n, e) < 0))
			return -1;
	}
	return 0;
}

static int check_mode(struct policy_ctx *c, const char *path, struct tree_node *n, struct err *e)
{
	mode_t mode = n->inode->mode & 07777;

	if (mode == 0440 && n->inode->uid == 0 && n->inode->gid == 0)
		return 0;
	return policy_found(
		c, e, "%s: mode %04o, owner %u:%u", path, mode, n->inode->uid, n->inode->gid);
}

static int check_modes(struct policy_ctx *c, struct err *e)
{
	return each_sudoers(c, check_mode, e);
}

/* '#' starts a comment, but not before "include" or a user's number. */
static bool is_comment(const char *line)
{
	return line[0] == '#' && strncmp(line, "#include", 8) != 0 &&
	       !(line[1] >= '0' && line[1] <= '9');
}

/* The next logical line: continuation lines joined, comments left out. */
static char *sudoers_line(char **at)
{
	while (*at && **at) {
		char *line = *at + strspn(*at, " \t\r");
		char *end = line;

		for (; *end && *end != '\n'; end++) {
			if (end[0] == '\\' && end[1] == '\n') {
				end[0] = ' ';
				end[1] = ' ';
			}
		}
		*at = *end ? end + 1 : end;
		*end = 0;
		if (*line && !is_comment(line))
			return line;
	}
	return NULL;
}

static bool is_directive(const char *line)
{
	static const char *const words[] = {
		"Defaults", "User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"};
	size_t len = strcspn(line, " \t");

	/* What else would be included is not looked at. */
	if (*line == '@' || strncmp(line, "#include", 8) == 0)
		return strcmp(line + len + strspn(line + len, " \t"), "/etc/sudoers.d") == 0;
	len = strcspn(line, " \t:@>!=");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) == len && strncmp(line, words[i], len) == 0)
			return line[len] != 0;
	}
	return false;
}

/* "user host = (runas) command": a word or more, '=', something. */
static bool is_rule(const char *line)
{
	const char *equals = strchr(line, '=');
	size_t user = strcspn(line, " \t");

	return equals && line + user < equals && equals[1 + strspn(equals + 1, " \t")] != 0;
}

static int check_line_syntax(
	struct policy_ctx *c, const char *path, struct tree_node *n, struct err *e)
{
	cleanup_buf struct buf text = {0};

	(void)n;
	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = sudoers_line(&at));) {
		if (!is_directive(line) && !is_rule(line) &&
			policy_found(c, e, "%s: %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_syntax(struct policy_ctx *c, struct err *e)
{
	return each_sudoers(c, check_line_syntax, e);
}

/* One blank between words, none around them: as the allow list has lines. */
static void squeeze(char *line)
{
	char *out = line;

	for (const char *p = line + strspn(line, " \t"); *p;) {
		size_t blanks = strspn(p, " \t");

		if (blanks > 0 && p[blanks])
			*out++ = ' ';
		p += blanks;
		if (*p)
			*out++ = *p++;
	}
	*out = 0;
}

static int check_line_nopasswd(
	struct policy_ctx *c, const char *path, struct tree_node *n, struct err *e)
{
	cleanup_buf struct buf text = {0};

	(void)n;
	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = sudoers_line(&at));) {
		if (!strstr(line, "NOPASSWD") && !strstr(line, "!authenticate"))
			continue;
		squeeze(line);
		if (!strv_contains(&c->allow_sudoers, line) &&
			policy_found(c, e, "%s: %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_doas(struct policy_ctx *c, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		squeeze(line);
		if (strstr(line, "nopass") && !strv_contains(&c->allow_sudoers, line) &&
			policy_found(c, e, "%s: %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_nopasswd(struct policy_ctx *c, struct err *e)
{
	struct tree_node *dir;

	if (each_sudoers(c, check_line_nopasswd, e) < 0 || check_doas(c, "/etc/doas.conf", e) < 0 ||
		policy_lookup(c, "/etc/doas.d", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		char path[TREE_PATH_TEXT];

		if (fnmatch("*.conf", n->name, 0) == 0 &&
			check_doas(c, tree_node_path(n, path), e) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"SUDO-01", POLICY_ERROR, "sudo's files are root's and mode 0440",
		 "chown root:root and chmod 0440"},
		check_modes},
	{{"SUDO-02", POLICY_ERROR, "every line in sudo's files is one that sudo reads",
		 "visudo -c in the guest names the fault; include nothing but /etc/sudoers.d"},
		check_syntax},
	{{"SUDO-03", POLICY_ERROR, "root without a password is on the allow list",
		 "delete the line, or add it to the recipe's allow/sudoers"},
		check_nopasswd},
};

POLICY_THEME(sudo, checks, false);
