#include <string.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

static int is_program(struct policy_ctx *c, const char *path, bool *is, struct err *e)
{
	struct tree_node *n;

	if (policy_lookup(c, path, &n, e) < 0)
		return -1;
	*is = n && S_ISREG(n->inode->mode) && (n->inode->mode & 0111) && n->inode->size > 0;
	return 0;
}

int policy_program(struct policy_ctx *c, const char *name, struct err *e)
{
	static const char *const dirs[] = {"/usr/bin", "/usr/sbin", "/bin", "/sbin"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		cleanup_free char *path = mem_printf(e, "%s/%s", dirs[i], name);
		bool is;

		if (!path || is_program(c, path, &is, e) < 0)
			return -1;
		if (is)
			return 0;
	}
	return policy_found(c, e, "there is no program %s", name);
}

static int check_paths(struct policy_ctx *c, const char *const *paths, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		bool is;

		if (is_program(c, paths[i], &is, e) < 0)
			return -1;
		if (!is && policy_found(c, e, "%s is not there", paths[i]) < 0)
			return -1;
	}
	return 0;
}

static int check_bash(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/bin/bash"};

	return check_paths(c, paths, 1, e);
}

/* sudo must be setuid, and read the files that cloud-init writes. */
static int check_sudo(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};
	struct tree_node *n;
	bool includes = false;

	if (policy_lookup(c, "/usr/bin/sudo", &n, e) < 0 ||
		policy_read(c, "/etc/sudoers", &text, NULL, e) < 0)
		return -1;
	if (!n || !(n->inode->mode & S_ISUID))
		return policy_found(c, e, "/usr/bin/sudo is not there, or not setuid");
	for (const char *p = buf_str(&text); p && !includes; p = strchr(p, '\n')) {
		p += *p == '\n';
		includes = strncmp(p, "@includedir", 11) == 0 || strncmp(p, "#includedir", 11) == 0;
	}
	return includes ? 0 : policy_found(c, e, "/etc/sudoers does not include /etc/sudoers.d");
}

static int check_users(struct policy_ctx *c, struct err *e)
{
	return policy_program(c, "useradd", e) < 0 || policy_program(c, "usermod", e) < 0 ? -1 : 0;
}

static int check_programs(struct policy_ctx *c, struct err *e)
{
	static const char *const names[] = {
		"ip", "awk", "sed", "grep", "sha256sum", "install", "mount", "id", "getent"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (policy_program(c, names[i], e) < 0)
			return -1;
	}
	return 0;
}

static int check_rsync(struct policy_ctx *c, struct err *e)
{
	return policy_program(c, "rsync", e);
}

static int check_iptables(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/usr/sbin/iptables"};

	return check_paths(c, paths, 1, e);
}

static int check_sshfs(struct policy_ctx *c, struct err *e)
{
	return policy_program(c, "sshfs", e);
}

static int check_fuse(struct policy_ctx *c, struct err *e)
{
	return policy_program(c, "fusermount3", e);
}

static int check_rootless(struct policy_ctx *c, struct err *e)
{
	if (c->f->packager != FACTS_DEB)
		return policy_skip(c, "the guest is no Debian or Ubuntu");
	if (!policy_has_package(c, "dbus-user-session") &&
		policy_found(c, e, "dbus-user-session is not installed") < 0)
		return -1;
	return policy_program(c, "newuidmap", e) < 0 || policy_program(c, "newgidmap", e) < 0 ? -1
											      : 0;
}

static int check_alpine(struct policy_ctx *c, struct err *e)
{
	static const char *const packages[] = {"shadow", "acpid", "openssh-server-pam"};

	if (c->f->packager != FACTS_APK)
		return policy_skip(c, "the guest is no Alpine");
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		if (!policy_has_package(c, packages[i]) &&
			policy_found(c, e, "%s is not installed", packages[i]) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"TOOL-01", POLICY_ERROR, "bash is at /bin/bash", "install bash"}, check_bash},
	{{"TOOL-02", POLICY_ERROR, "sudo works and reads /etc/sudoers.d",
		 "install sudo; @includedir /etc/sudoers.d"},
		check_sudo},
	{{"TOOL-03", POLICY_ERROR, "useradd and usermod", "install passwd, on Alpine shadow"},
		check_users},
	{{"TOOL-04", POLICY_ERROR, "the programs that Lima's boot scripts call",
		 "install iproute2, awk, sed, grep and coreutils, or busybox"},
		check_programs},
	{{"TOOL-05", POLICY_ERROR, "rsync", "install rsync"}, check_rsync},
	{{"TOOL-06", POLICY_ERROR, "iptables at /usr/sbin/iptables", "install iptables"},
		check_iptables},
	{{"TOOL-07", POLICY_ERROR, "sshfs: without it reverse-sshfs mounts fail after minutes",
		 "install sshfs"},
		check_sshfs},
	{{"TOOL-08", POLICY_ERROR, "FUSE's mount program", "install fuse3"}, check_fuse},
	{{"TOOL-09", POLICY_ERROR, "Debian: what containers without root need",
		 "install uidmap and dbus-user-session"},
		check_rootless},
	{{"TOOL-10", POLICY_ERROR, "Alpine: shadow, acpid, openssh-server-pam",
		 "apk add shadow acpid openssh-server-pam"},
		check_alpine},
};

POLICY_THEME(lima_tools, checks, true);
