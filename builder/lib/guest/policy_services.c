#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

/* Called for what an entry enables: line is how the allow list has it. */
typedef int unit_fn(
	struct policy_ctx *c, struct tree_node *n, const char *line, void *ctx, struct err *e);

static int each_in(struct policy_ctx *c, const char *top, const char *under, const char *pattern,
	unit_fn *fn, void *ctx, struct err *e)
{
	struct tree_node *dir;

	if (policy_lookup(c, top, &dir, e) < 0)
		return -1;
	for (struct tree_node *d = dir ? dir->child : NULL; d; d = d->next) {
		if (!S_ISDIR(d->inode->mode) || fnmatch(pattern, d->name, 0) != 0)
			continue;
		for (struct tree_node *n = d->child; n; n = n->next) {
			cleanup_free char *line = mem_printf(e, "%s%s/%s", under, d->name, n->name);

			if (!line || fn(c, n, line, ctx, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* Units that links below /etc/systemd enable; OpenRC's services by their runlevels. */
static int each_unit(struct policy_ctx *c, unit_fn *fn, void *ctx, struct err *e)
{
	static const char *const kinds[] = {"*.wants", "*.requires", "*.upholds"};

	if (c->f->init == FACTS_INIT_OPENRC)
		return each_in(c, "/etc/runlevels", "", "*", fn, ctx, e);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (each_in(c, "/etc/systemd/system", "system/", kinds[i], fn, ctx, e) < 0 ||
			each_in(c, "/etc/systemd/user", "user/", kinds[i], fn, ctx, e) < 0)
			return -1;
	}
	return 0;
}

static int need_init(struct policy_ctx *c)
{
	if (c->f->init == FACTS_INIT_NONE)
		policy_skip(c, "the guest has neither systemd nor OpenRC");
	return c->skipped == NULL;
}

static int report_extra(
	struct policy_ctx *c, struct tree_node *n, const char *line, void *ctx, struct err *e)
{
	(void)n;
	(void)ctx;
	return strv_contains(&c->allow_units, line) ? 0 : policy_found(c, e, "%s", line);
}

static int check_extra(struct policy_ctx *c, struct err *e)
{
	return need_init(c) ? each_unit(c, report_extra, NULL, e) : 0;
}

static int collect(
	struct policy_ctx *c, struct tree_node *n, const char *line, void *ctx, struct err *e)
{
	(void)c;
	(void)n;
	return strv_add(ctx, line, e);
}

static int check_missing(struct policy_ctx *c, struct err *e)
{
	cleanup_strv struct strv lines = {0};

	if (!need_init(c))
		return 0;
	if (each_unit(c, collect, &lines, e) < 0)
		return -1;
	for (size_t i = 0; i < c->allow_units.n; i++) {
		if (!strv_contains(&lines, c->allow_units.items[i]) &&
			policy_found(c, e, "%s", c->allow_units.items[i]) < 0)
			return -1;
	}
	return 0;
}

static int report_dangling(
	struct policy_ctx *c, struct tree_node *n, const char *line, void *ctx, struct err *e)
{
	char path[TREE_PATH_TEXT];
	bool is;

	(void)ctx;
	if (policy_exists(c, tree_node_path(n, path), &is, e) < 0)
		return -1;
	return is ? 0 : policy_found(c, e, "%s leads to nothing", line);
}

static int check_dangling(struct policy_ctx *c, struct err *e)
{
	return need_init(c) ? each_unit(c, report_dangling, NULL, e) : 0;
}

static int check_sshd(struct policy_ctx *c, struct err *e)
{
	static const char *const names[] = {
		"ssh.service", "sshd.service", "ssh.socket", "sshd.socket", "sshd"};

	if (!need_init(c))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (policy_has_service(c, names[i]))
			return 0;
	}
	return policy_found(c, e, "none of ssh.service, ssh.socket and sshd is enabled");
}

static int has_unit(struct policy_ctx *c, const char *name, bool *is, struct err *e)
{
	static const char *const dirs[] = {"/usr/lib/systemd/system", "/etc/systemd/system"};

	*is = false;
	for (size_t i = 0; i < 2 && !*is; i++) {
		cleanup_free char *path = mem_printf(e, "%s/%s.service", dirs[i], name);

		struct tree_node *n = NULL;

		/* A link to /dev/null masks the script: it is a unit, too. */
		if (!path || guest_lookup_nofollow(c->g->root, path, &n, e) < 0)
			return -1;
		*is = n != NULL;
	}
	return 0;
}

/* systemd runs SysV scripts that have no unit, and rc.local. */
static int check_sysv(struct policy_ctx *c, struct err *e)
{
	struct tree_node *etc;

	if (c->f->init != FACTS_INIT_SYSTEMD)
		return policy_skip(c, "the guest does not run systemd");
	if (policy_absent(c, "/etc/rc.local", e) < 0 || policy_lookup(c, "/etc", &etc, e) < 0)
		return -1;
	for (struct tree_node *d = etc ? etc->child : NULL; d; d = d->next) {
		if (fnmatch("rc[2-5S].d", d->name, 0) != 0)
			continue;
		for (struct tree_node *n = d->child; n; n = n->next) {
			bool is;

			if (n->name[0] != 'S' || n->name_len < 4)
				continue;
			if (has_unit(c, n->name + 3, &is, e) < 0)
				return -1;
			if (!is && policy_found(c, e, "/etc/%s/%s", d->name, n->name) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_crontabs(struct policy_ctx *c, struct err *e)
{
	static const char *const except[] = {"crontabs", "atjobs", "atspool", ".SEQ", NULL};
	static const char *const alpine[] = {"root", "cron.update", NULL};

	if (policy_empty_dir(c, "/var/spool/cron", except, e) < 0 ||
		policy_empty_dir(c, "/var/spool/cron/atjobs", except, e) < 0)
		return -1;
	/* Alpine's own package has a crontab of root that runs /etc/periodic. */
	return policy_empty_dir(
		c, "/var/spool/cron/crontabs", c->f->packager == FACTS_APK ? alpine : NULL, e);
}

static bool logs_in(const char *line)
{
	return strstr(line, "--autologin") || strstr(line, "agetty -a ") ||
	       strstr(line, "login -f") || strstr(line, "respawn:/bin/sh") ||
	       strstr(line, "respawn:-/bin/sh") || strstr(line, "askfirst:");
}

static int check_file_logins(struct policy_ctx *c, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		if (logs_in(line) && policy_found(c, e, "%s: %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_autologin(struct policy_ctx *c, struct err *e)
{
	struct tree_node *dir;

	if (check_file_logins(c, "/etc/inittab", e) < 0 ||
		policy_lookup(c, "/etc/systemd/system", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir; n; n = policy_next(dir, n)) {
		char path[TREE_PATH_TEXT];

		if (S_ISREG(n->inode->mode) && check_file_logins(c, tree_node_path(n, path), e) < 0)
			return -1;
		if (strcmp(n->name, "debug-shell.service") == 0 &&
			strcmp(S_ISLNK(n->inode->mode) ? n->inode->target : "", "/dev/null") != 0 &&
			policy_found(c, e, "%s", tree_node_path(n, path)) < 0)
			return -1;
	}
	return 0;
}

static int check_target(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {
		"/etc/systemd/system/default.target", "/usr/lib/systemd/system/default.target"};

	if (c->f->init != FACTS_INIT_SYSTEMD)
		return policy_skip(c, "the guest does not run systemd");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct tree_node *n;

		if (policy_lookup(c, paths[i], &n, e) < 0)
			return -1;
		if (!n)
			continue;
		if (strcmp(n->name, "multi-user.target") == 0 ||
			strcmp(n->name, "graphical.target") == 0)
			return 0;
		return policy_found(c, e, "%s leads to %s", paths[i], n->name);
	}
	return policy_found(c, e, "there is no default.target");
}

/* A unit is masked by a link to /dev/null or an empty file. */
static int check_masked(struct policy_ctx *c, struct err *e)
{
	static const char *const units[] = {"ssh.service", "sshd.service", "ssh.socket",
		"cloud-init.target", "cloud-init-local.service", "cloud-init-main.service",
		"cloud-init-network.service", "cloud-init.service", "cloud-config.service",
		"cloud-final.service", "systemd-logind.service", "systemd-networkd.service",
		"systemd-udevd.service", "user@.service", "sshd-keygen.service", "dbus.service",
		"dbus.socket", "getty@.service", "multi-user.target"};

	if (c->f->init != FACTS_INIT_SYSTEMD)
		return policy_skip(c, "the guest does not run systemd");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		cleanup_free char *path = mem_printf(e, "/etc/systemd/system/%s", units[i]);
		struct tree_node *n;

		if (!path || guest_lookup_nofollow(c->g->root, path, &n, e) < 0)
			return -1;
		bool masked =
			n &&
			((S_ISLNK(n->inode->mode) && strcmp(n->inode->target, "/dev/null") == 0) ||
				(S_ISREG(n->inode->mode) && n->inode->size == 0));
		if (masked && policy_found(c, e, "%s is masked", units[i]) < 0)
			return -1;
	}
	return 0;
}

/* Note the last value of a key of resolved.conf(5) in the file at path. */
static int read_resolved(struct policy_ctx *c, const char *path, bool off[2], struct err *e)
{
	static const char *const keys[] = {"LLMNR=", "MulticastDNS="};
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		for (size_t i = 0; i < 2; i++) {
			size_t len = strlen(keys[i]);

			if (strncmp(line, keys[i], len) == 0)
				off[i] = strcmp(line + len, "no") == 0 ||
					 strcmp(line + len, "false") == 0;
		}
	}
	return 0;
}

static int check_resolved(struct policy_ctx *c, struct err *e)
{
	bool off[2] = {false, false};
	struct tree_node *dir;

	if (!policy_has_service(c, "systemd-resolved.service"))
		return policy_skip(c, "systemd-resolved is not enabled");
	if (read_resolved(c, "/etc/systemd/resolved.conf", off, e) < 0 ||
		policy_lookup(c, "/etc/systemd/resolved.conf.d", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		char path[TREE_PATH_TEXT];

		if (read_resolved(c, tree_node_path(n, path), off, e) < 0)
			return -1;
	}
	if (!off[0] && policy_found(c, e, "LLMNR answers on port 5355") < 0)
		return -1;
	return off[1] ? 0 : policy_found(c, e, "MulticastDNS answers on port 5353");
}

static const struct policy_check checks[] = {
	{{"SVC-01", POLICY_ERROR, "what is enabled is on the allow list",
		 "disable it, or add the line to the recipe's allow/units"},
		check_extra},
	{{"SVC-02", POLICY_ERROR, "what the allow list names is enabled",
		 "enable it, or take the line out of the recipe's allow/units"},
		check_missing},
	{{"SVC-03", POLICY_ERROR, "what is enabled exists", "disable it, or install its package"},
		check_dangling},
	{{"SVC-04", POLICY_ERROR, "the SSH server is enabled", "enable ssh.service or sshd"},
		check_sshd},
	{{"SVC-05", POLICY_ERROR, "no rc.local and no SysV script without a unit",
		 "delete it, or write a unit"},
		check_sysv},
	{{"SVC-06", POLICY_ERROR, "no crontabs and no at jobs", "delete the file"}, check_crontabs},
	{{"SVC-07", POLICY_ERROR, "no console logs anybody in by itself",
		 "take the option out; disable debug-shell.service"},
		check_autologin},
	{{"SVC-08", POLICY_ERROR, "the machine starts to multi-user.target",
		 "systemctl set-default multi-user.target"},
		check_target},
	{{"SVC-09", POLICY_ERROR, "nothing that the image needs is masked", "systemctl unmask"},
		check_masked},
	{{"SVC-10", POLICY_ERROR, "systemd-resolved answers nobody on the network",
		 "LLMNR=no and MulticastDNS=no in a drop-in of resolved.conf"},
		check_resolved},
};

POLICY_THEME(services, checks, false);
