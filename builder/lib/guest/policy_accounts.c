#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

enum { SECONDS_A_DAY = 86400 };

/* What no password matches, and no trace of one. */
static bool is_locked(const char *password)
{
	/* "x" refers to shadow; ACC-07 sees to that. */
	return strcmp(password, "x") == 0 ||
	       (*password && strspn(password, "!*") == strlen(password));
}

static int check_passwords(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_users; i++) {
		const struct facts_user *u = &c->f->users[i];

		/* An empty one is ACC-02's. */
		if (*u->password && !is_locked(u->password) &&
			policy_found(c, e, "user %s has a password", u->name) < 0)
			return -1;
	}
	return 0;
}

static int check_no_password(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_users; i++) {
		const struct facts_user *u = &c->f->users[i];

		if (!*u->password && policy_found(c, e, "user %s needs no password", u->name) < 0)
			return -1;
	}
	return 0;
}

static int check_uid_0(struct policy_ctx *c, struct err *e)
{
	bool root = false;

	for (size_t i = 0; i < c->f->n_users; i++) {
		const struct facts_user *u = &c->f->users[i];
		bool is_root = strcmp(u->name, "root") == 0;

		root |= is_root && u->uid == 0;
		if (u->uid == 0 && !is_root && policy_found(c, e, "user %s", u->name) < 0)
			return -1;
	}
	return root ? 0 : policy_found(c, e, "there is no user root with uid 0");
}

static int check_shells(struct policy_ctx *c, struct err *e)
{
	static const char *const harmless[] = {
		"nologin", "false", "sync", "halt", "shutdown", "true"};

	for (size_t i = 0; i < c->f->n_users; i++) {
		const struct facts_user *u = &c->f->users[i];
		const char *slash = strrchr(u->shell, '/');
		bool is = false;

		for (size_t k = 0; slash && k < sizeof(harmless) / sizeof(harmless[0]); k++)
			is |= strcmp(slash + 1, harmless[k]) == 0;
		if (u->uid != 0 && !is &&
			policy_found(c, e, "user %s has the shell '%s'", u->name, u->shell) < 0)
			return -1;
	}
	return 0;
}

static int check_humans(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_users; i++) {
		const struct facts_user *u = &c->f->users[i];

		if ((u->uid >= 1000 && u->uid < 30000) &&
			policy_found(c, e, "user %s, uid %u", u->name, u->uid) < 0)
			return -1;
	}
	return policy_empty_dir(c, "/home", NULL, e);
}

static int check_modes(struct policy_ctx *c, struct err *e)
{
	static const struct {
		const char *path;
		unsigned allowed;
		bool shadow_group;
	} files[] = {
		{"/etc/passwd", 0644, false},
		{"/etc/group", 0644, false},
		{"/etc/shadow", 0640, true},
		{"/etc/gshadow", 0640, true},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct tree_node *n;

		if (guest_lookup_nofollow(c->g->root, files[i].path, &n, e) < 0)
			return -1;
		if (!n)
			continue;
		const char *group = policy_group_name(c, n->inode->gid);
		bool group_ok = n->inode->gid == 0 ||
				(files[i].shadow_group && group && strcmp(group, "shadow") == 0);
		if (S_ISREG(n->inode->mode) && (n->inode->mode & 07777 & ~files[i].allowed) == 0 &&
			n->inode->uid == 0 && group_ok)
			continue;
		if (policy_found(c, e, "%s: mode %04o, owner %u:%u", files[i].path,
			    n->inode->mode & 07777u, n->inode->uid, n->inode->gid) < 0)
			return -1;
	}
	return 0;
}

/* True when name stands as the first field of a line in text. */
static bool has_entry(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; *p; p += strspn(p, "\n")) {
		if (strncmp(p, name, len) == 0 && p[len] == ':')
			return true;
		p += strcspn(p, "\n");
	}
	return false;
}

static int check_pairs(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf shadow = {0};
	bool found;

	if (policy_read(c, "/etc/shadow", &shadow, &found, e) < 0)
		return -1;
	if (!found)
		return policy_found(c, e, "there is no /etc/shadow");
	for (size_t i = 0; i < c->f->n_users; i++) {
		if (!has_entry(buf_str(&shadow), c->f->users[i].name) &&
			policy_found(c, e, "user %s is not in /etc/shadow", c->f->users[i].name) <
				0)
			return -1;
	}
	for (char *at = shadow.data, *line; (line = policy_line(&at));) {
		bool user = false;

		line[strcspn(line, ":")] = 0;
		for (size_t i = 0; i < c->f->n_users && !user; i++)
			user = strcmp(c->f->users[i].name, line) == 0;
		if (!user && policy_found(c, e, "%s in /etc/shadow is no user", line) < 0)
			return -1;
	}
	return 0;
}

static int check_twice(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_users; i++) {
		const struct facts_user *u = &c->f->users[i];

		for (size_t k = 0; k < i; k++) {
			const struct facts_user *v = &c->f->users[k];

			/* A second uid 0 is ACC-03's. */
			if (((u->uid == v->uid && u->uid != 0) || strcmp(u->name, v->name) == 0) &&
				policy_found(c, e, "users %s (%u) and %s (%u)", v->name, v->uid,
					u->name, u->uid) < 0)
				return -1;
		}
	}
	for (size_t i = 0; i < c->f->n_groups; i++) {
		const struct facts_group *g = &c->f->groups[i];

		for (size_t k = 0; k < i; k++) {
			const struct facts_group *h = &c->f->groups[k];

			if ((g->gid == h->gid || strcmp(g->name, h->name) == 0) &&
				policy_found(c, e, "groups %s (%u) and %s (%u)", h->name, h->gid,
					g->name, g->gid) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_groups(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_users; i++) {
		const struct facts_user *u = &c->f->users[i];

		if (!policy_group_name(c, u->gid) &&
			policy_found(c, e, "user %s: there is no group %u", u->name, u->gid) < 0)
			return -1;
	}
	return 0;
}

static int check_backups(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/etc/passwd-", "/etc/group-", "/etc/shadow-",
		"/etc/gshadow-", "/etc/subuid-", "/etc/subgid-", "/etc/.pwd.lock",
		"/etc/passwd.lock", "/etc/shadow.lock", "/etc/group.lock", "/etc/gshadow.lock"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (policy_absent(c, paths[i], e) < 0)
			return -1;
	}
	return 0;
}

/* The dates of the last change may not be later than every file: then they are a clock's. */
static int check_dates(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf shadow = {0};
	long long newest = c->g->newest_s / SECONDS_A_DAY;

	if (policy_read(c, "/etc/shadow", &shadow, NULL, e) < 0)
		return -1;
	for (char *at = shadow.data, *line; (line = policy_line(&at));) {
		const char *field = strchr(line, ':');

		field = field ? strchr(field + 1, ':') : NULL;
		line[strcspn(line, ":")] = 0;
		if (field && atoll(field + 1) > newest &&
			policy_found(c, e,
				"%s: last change on day %lld, the newest file is of day %lld", line,
				atoll(field + 1), newest) < 0)
			return -1;
	}
	return 0;
}

static int check_sub_file(struct policy_ctx *c, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		bool user = false;

		line[strcspn(line, ":")] = 0;
		for (size_t i = 0; i < c->f->n_users && !user; i++)
			user = strcmp(c->f->users[i].name, line) == 0;
		if (!user && policy_found(c, e, "%s: there is no user %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_sub_ids(struct policy_ctx *c, struct err *e)
{
	return check_sub_file(c, "/etc/subuid", e) < 0 || check_sub_file(c, "/etc/subgid", e) < 0
		       ? -1
		       : 0;
}

static const struct policy_check checks[] = {
	{{"ACC-01", POLICY_ERROR, "all passwords are locked",
		 "passwd -l leaves the hash: put ! or * alone into /etc/shadow"},
		check_passwords},
	{{"ACC-02", POLICY_ERROR, "nobody logs in without a password", "put ! into /etc/shadow"},
		check_no_password},
	{{"ACC-03", POLICY_ERROR, "root alone has uid 0", "give the user another uid"},
		check_uid_0},
	{{"ACC-04", POLICY_ERROR, "no account but root's has a shell",
		 "usermod -s /usr/sbin/nologin, or delete the user"},
		check_shells},
	{{"ACC-05", POLICY_ERROR, "no account of a person and no home folder",
		 "delete the user: Lima makes its own at boot"},
		check_humans},
	{{"ACC-06", POLICY_ERROR, "passwd, group, shadow and gshadow have their modes and owners",
		 "passwd and group 0644 root:root; shadow and gshadow 0640 root:shadow, or 0600"},
		check_modes},
	{{"ACC-07", POLICY_ERROR, "passwd and shadow name the same users",
		 "pwck -r shows what to delete"},
		check_pairs},
	{{"ACC-08", POLICY_ERROR, "no name and no number is given twice",
		 "give one of them another number"},
		check_twice},
	{{"ACC-09", POLICY_ERROR, "every user's group exists", "add the group"}, check_groups},
	{{"ACC-10", POLICY_ERROR, "no backups and locks of the account files", "delete the file"},
		check_backups},
	{{"ACC-11", POLICY_ERROR, "the dates in shadow are not the build's clock",
		 "set the third field to SOURCE_DATE_EPOCH / 86400"},
		check_dates},
	{{"ACC-12", POLICY_ERROR, "subuid and subgid name users that exist", "delete the line"},
		check_sub_ids},
};

POLICY_THEME(accounts, checks, false);
