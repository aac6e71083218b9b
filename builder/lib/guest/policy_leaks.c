#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

static int check_apt_lists(struct policy_ctx *c, struct err *e)
{
	static const char *const except[] = {"lock", "partial", "auxfiles", NULL};

	if (policy_empty_dir(c, "/var/lib/apt/lists", except, e) < 0)
		return -1;
	return policy_empty_dir(c, "/var/lib/apt/lists/partial", NULL, e);
}

static int check_archives(struct policy_ctx *c, struct err *e)
{
	static const char *const except[] = {"lock", "partial", NULL};
	static const char *const apk[] = {"/var/cache/apk", "/etc/apk/cache"};

	if (policy_empty_dir(c, "/var/cache/apt/archives", except, e) < 0 ||
		policy_empty_dir(c, "/var/cache/apt/archives/partial", NULL, e) < 0 ||
		policy_absent(c, "/var/cache/apt/pkgcache.bin", e) < 0 ||
		policy_absent(c, "/var/cache/apt/srcpkgcache.bin", e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		if (policy_empty_dir(c, apk[i], NULL, e) < 0)
			return -1;
	}
	return 0;
}

static int check_caches(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {"/var/cache/man", "/var/cache/fontconfig",
		"/var/cache/swcatalog", "/var/cache/PackageKit", "/var/cache/snapd"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (policy_empty_dir(c, dirs[i], NULL, e) < 0)
			return -1;
	}
	return policy_absent(c, "/var/cache/ldconfig/aux-cache", e);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The source that a/__pycache__/b.TAG.pyc was made from: a/b.py; NULL when there is none. */
static int find_source(
	struct policy_ctx *c, const struct tree_node *pyc, struct tree_node **source, struct err *e)
{
	cleanup_free char *path = NULL;
	char dir[TREE_PATH_TEXT];

	path = mem_printf(e, "%s/%.*s.py", tree_node_path(pyc->parent->parent, dir),
		(int)strcspn(pyc->name, "."), pyc->name);
	return path ? policy_lookup(c, path, source, e) : -1;
}

/* Compiled Python names its source by hash, or by time and size (PEP 552). What names a time that
 * its source does not have was made from something else, at some other time. */
static int check_one_pyc(struct policy_ctx *c, struct tree_node *n, struct err *e)
{
	struct tree_node *source;
	unsigned char head[16] = {0};
	char path[TREE_PATH_TEXT];
	size_t got;

	if (guest_pread_inode(n->inode, head, sizeof(head), 0, &got, e) < 0 ||
		find_source(c, n, &source, e) < 0)
		return -1;
	bool by_hash = get32(head + 4) & 1;
	if (source && got == sizeof(head) &&
		(by_hash || (get32(head + 8) == (uint32_t)source->inode->mtime_s &&
				    get32(head + 12) == (uint32_t)source->inode->size)))
		return 0;
	return policy_found(c, e, "%s", tree_node_path(n, path));
}

static int check_pycache(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		if (n->parent && strcmp(n->parent->name, "__pycache__") == 0 &&
			S_ISREG(n->inode->mode) && check_one_pyc(c, n, e) < 0)
			return -1;
	}
	return 0;
}

/* Report regular files below top that are longer than 0. */
static int check_contents(struct policy_ctx *c, const char *top, struct err *e)
{
	struct tree_node *dir;

	if (policy_lookup(c, top, &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir; n; n = policy_next(dir, n)) {
		char path[TREE_PATH_TEXT];

		if (S_ISREG(n->inode->mode) && n->inode->size > 0 &&
			policy_found(c, e, "%s", tree_node_path(n, path)) < 0)
			return -1;
	}
	return 0;
}

static int check_logs(struct policy_ctx *c, struct err *e)
{
	if (policy_empty_dir(c, "/var/log/journal", NULL, e) < 0 ||
		policy_absent(c, "/root/install.log", e) < 0)
		return -1;
	return check_contents(c, "/var/log", e);
}

/* Report files in home folders whose names match. */
static int check_home_names(
	struct policy_ctx *c, const char *const *patterns, size_t n, struct err *e)
{
	static const char *const homes[] = {"/root", "/home"};

	for (size_t h = 0; h < 2; h++) {
		struct tree_node *dir;

		if (policy_lookup(c, homes[h], &dir, e) < 0)
			return -1;
		for (struct tree_node *f = dir; f; f = policy_next(dir, f)) {
			char path[TREE_PATH_TEXT];
			bool is = false;

			for (size_t i = 0; i < n && !is; i++)
				is = fnmatch(patterns[i], f->name, 0) == 0;
			if (is && policy_found(c, e, "%s", tree_node_path(f, path)) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_histories(struct policy_ctx *c, struct err *e)
{
	static const char *const patterns[] = {".*_history", ".*_history-*.tmp", ".lesshst",
		".viminfo", ".wget-hsts", ".histfile", ".zhistory", "fish_history", ".rnd",
		".sudo_as_admin_successful", ".selected_editor"};

	return check_home_names(c, patterns, sizeof(patterns) / sizeof(patterns[0]), e);
}

static int check_secrets(struct policy_ctx *c, struct err *e)
{
	static const char *const patterns[] = {".netrc", ".git-credentials", ".aws", ".azure",
		".gnupg", ".docker", ".kube", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", "id_rsa",
		"id_ed25519", "id_ecdsa", "id_dsa", "known_hosts", ".gitconfig", ".vault-token"};
	static const char *const more[] = {"/etc/apt/auth.conf", "/etc/nix/netrc", "/.dockerenv"};

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		if (policy_absent(c, more[i], e) < 0)
			return -1;
	}
	if (policy_empty_dir(c, "/etc/apt/auth.conf.d", NULL, e) < 0)
		return -1;
	return check_home_names(c, patterns, sizeof(patterns) / sizeof(patterns[0]), e);
}

static int check_resolv(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};
	struct tree_node *n;

	/* A link leads to what a service writes at boot. */
	if (guest_lookup_nofollow(c->g->root, "/etc/resolv.conf", &n, e) < 0)
		return -1;
	if (!n || S_ISLNK(n->inode->mode))
		return 0;
	if (policy_read(c, "/etc/resolv.conf", &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		if (*line != ';' && policy_found(c, e, "/etc/resolv.conf: %s", line) < 0)
			return -1;
	}
	return 0;
}

static int check_proxy_file(struct policy_ctx *c, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		const char *p = strcasestr(line, "proxy");

		if (!p || strncmp(line, "//", 2) == 0)
			continue;
		bool set = strcasestr(line, "_proxy=") || strcasestr(line, "_proxy =") ||
			   (strncmp(line, "Acquire", 7) == 0 && strchr(p, '"')) ||
			   strncasecmp(line, "proxy", 5) == 0 ||
			   strncmp(line, "http-proxy", 10) == 0;
		if (set && policy_found(c, e, "%s: %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_proxy(struct policy_ctx *c, struct err *e)
{
	static const char *const files[] = {"/etc/environment", "/etc/profile", "/etc/bash.bashrc",
		"/etc/wgetrc", "/etc/curlrc", "/etc/apt/apt.conf", "/etc/systemd/system.conf",
		"/etc/nix/nix.conf", "/root/.curlrc", "/root/.wgetrc", "/root/.profile",
		"/root/.bashrc", "/etc/gitconfig", "/etc/pip.conf"};
	static const char *const dirs[] = {"/etc/apt/apt.conf.d", "/etc/profile.d",
		"/etc/environment.d", "/etc/systemd/system.conf.d", "/etc/conf.d", "/etc/default"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (check_proxy_file(c, files[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		struct tree_node *dir;
		char path[TREE_PATH_TEXT];

		if (policy_lookup(c, dirs[i], &dir, e) < 0)
			return -1;
		for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
			if (check_proxy_file(c, tree_node_path(n, path), e) < 0)
				return -1;
		}
	}
	return 0;
}

/* What builders put in and must take out again. */
static int check_leftovers(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/usr/sbin/policy-rc.d",
		"/etc/apt/apt.conf.d/99mmdebstrap", "/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
		"/usr/sbin/start-stop-daemon.REAL", "/sbin/start-stop-daemon.REAL",
		"/usr/bin/ischroot.REAL", "/.autorelabel", "/debootstrap", "/test-dev-null",
		"/etc/apt/apt.conf.d/90cloud-init-aptproxy", "/usr/lib/virt-sysprep",
		"/etc/systemd/system/guestfs-firstboot.service", "/etc/debian_chroot"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (policy_absent(c, paths[i], e) < 0)
			return -1;
	}
	return 0;
}

static int check_temporary(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {"/tmp", "/var/tmp", "/root/.cache", "/root/.local",
		"/var/crash", "/var/lib/systemd/coredump", "/lost+found"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (policy_empty_dir(c, dirs[i], NULL, e) < 0)
			return -1;
	}
	return 0;
}

static int check_backups(struct policy_ctx *c, struct err *e)
{
	static const char *const tops[] = {
		"/etc", "/var/lib/dpkg", "/var/cache/debconf", "/var/lib/ucf", "/boot"};
	static const char *const patterns[] = {"*~", "*.dpkg-old", "*.dpkg-dist", "*.dpkg-new",
		"*.dpkg-tmp", "*.ucf-old", "*.ucf-dist", "*.apk-new", "*.apk-old", ".*.swp",
		"*.bak", "*.orig"};

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		struct tree_node *top;
		bool etc = i == 0;

		if (policy_lookup(c, tops[i], &top, e) < 0)
			return -1;
		for (struct tree_node *n = top; n; n = policy_next(top, n)) {
			char path[TREE_PATH_TEXT];
			bool is = !etc && fnmatch("*-old", n->name, 0) == 0;

			for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++)
				is |= fnmatch(patterns[p], n->name, 0) == 0;
			if (is && S_ISREG(n->inode->mode) &&
				policy_found(c, e, "%s", tree_node_path(n, path)) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_mail(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {
		"/var/mail", "/var/spool/postfix", "/var/spool/exim4", "/var/spool/mqueue"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (check_contents(c, dirs[i], e) < 0)
			return -1;
	}
	return 0;
}

/* What services remember of a run. */
static int check_state(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {"/var/lib/systemd/timers", "/var/lib/systemd/timesync",
		"/var/lib/systemd/backlight", "/var/lib/systemd/rfkill", "/var/lib/systemd/linger",
		"/var/lib/sudo/ts", "/var/db/sudo/ts", "/var/lib/sudo/lectured",
		"/var/lib/private/systemd/timesync", "/var/lib/chrony", "/var/lib/ntp",
		"/var/lib/systemd/pstore", "/var/lib/apt/periodic"};
	static const char *const files[] = {"/var/lib/logrotate/status",
		"/var/lib/logrotate.status", "/var/lib/systemd/clock",
		"/var/lib/mlocate/mlocate.db", "/var/lib/plocate/plocate.db",
		"/var/lib/rpm/__db.001", "/var/log/installer", "/var/lib/misc/openrc-shutdowntime",
		"/var/lib/misc/sysclock"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (policy_empty_dir(c, dirs[i], NULL, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (policy_absent(c, files[i], e) < 0)
			return -1;
	}
	return 0;
}

/* debconf keeps answers that are passwords apart: a field Value is one. */
static int check_debconf(struct policy_ctx *c, struct err *e)
{
	static const char path[] = "/var/cache/debconf/passwords.dat";
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		if (strncmp(line, "Value:", 6) == 0 && line[6] &&
			policy_found(c, e, "%s holds a password", path) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"LEAK-01", POLICY_ERROR, "no lists of apt", "delete /var/lib/apt/lists/*"},
		check_apt_lists},
	{{"LEAK-02", POLICY_ERROR, "no downloaded packages and no package caches",
		 "apt-get clean; delete /var/cache/apk/*"},
		check_archives},
	{{"LEAK-03", POLICY_ERROR, "no caches of man-db, fontconfig and ldconfig",
		 "delete what is named"},
		check_caches},
	{{"LEAK-04", POLICY_ERROR, "compiled Python belongs to the source beside it",
		 "delete __pycache__, or compile with --invalidation-mode=checked-hash"},
		check_pycache},
	{{"LEAK-05", POLICY_ERROR, "the logs are empty", "delete or truncate them"}, check_logs},
	{{"LEAK-06", POLICY_ERROR, "no histories of shells and programs", "delete the file"},
		check_histories},
	{{"LEAK-07", POLICY_ERROR, "no credentials, and nothing about other hosts",
		 "delete what is named"},
		check_secrets},
	{{"LEAK-08", POLICY_ERROR, "resolv.conf names no server of the build",
		 "make it empty, or the link that the guest's resolver wants"},
		check_resolv},
	{{"LEAK-09", POLICY_ERROR, "no proxy settings", "take the line out"}, check_proxy},
	{{"LEAK-10", POLICY_ERROR, "nothing that only a build needs", "delete what is named"},
		check_leftovers},
	{{"LEAK-11", POLICY_ERROR, "no temporary files and no core dumps", "delete what is named"},
		check_temporary},
	{{"LEAK-12", POLICY_ERROR, "no backups of changed files", "delete the file"},
		check_backups},
	{{"LEAK-13", POLICY_ERROR, "no mail", "delete the file"}, check_mail},
	{{"LEAK-14", POLICY_ERROR, "no state that services keep of a run", "delete what is named"},
		check_state},
	{{"LEAK-15", POLICY_ERROR, "debconf keeps no password", "delete the answer"},
		check_debconf},
	{{"LEAK-16", POLICY_ERROR, "none of the texts that must not be on the disk is there",
		 "delete the file; build the image anew when it is in free space"},
		policy_check_canaries},
};

POLICY_THEME(leaks, checks, false);
