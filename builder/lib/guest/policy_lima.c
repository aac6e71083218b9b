#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

#define SIZE_MAX_BYTES ((uint64_t)10 * 1024 * 1024 * 1024)

static int check_cloud_init(struct policy_ctx *c, struct err *e)
{
	static const char *const names[] = {"cloud-init-local.service", "cloud-init.service",
		"cloud-init-main.service", "cloud-init", "cloud-init-local"};
	bool enabled = false;
	bool is;

	if (policy_exists(c, "/usr/bin/cloud-init", &is, e) < 0)
		return -1;
	if (!is)
		return policy_found(c, e, "/usr/bin/cloud-init is not there");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		enabled |= policy_has_service(c, names[i]);
	if (!enabled && policy_found(c, e, "no service of cloud-init is enabled") < 0)
		return -1;
	return policy_absent(c, "/etc/cloud/cloud-init.disabled", e);
}

static int check_datasource(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};
	cleanup_buf struct buf identify = {0};

	if (policy_cloud_cfg(c, &text, e) < 0 ||
		policy_read(c, "/etc/cloud/ds-identify.cfg", &identify, NULL, e) < 0)
		return -1;
	const char *list = policy_cloud_value(buf_str(&text), "datasource_list");
	list = list ? list + strspn(list, "[ ") : NULL;
	if (!list)
		return policy_found(c, e, "datasource_list is not set");
	if (strncmp(list, "NoCloud", 7) != 0 || !strchr(",] ", list[7]))
		return policy_found(c, e, "datasource_list: [%.*s", (int)strcspn(list, "\n"), list);
	const char *policy = policy_cloud_value(buf_str(&identify), "policy");
	if (policy && strncmp(policy, "disabled", 8) == 0)
		return policy_found(c, e, "/etc/cloud/ds-identify.cfg switches cloud-init off");
	return 0;
}

static int check_growth(struct policy_ctx *c, struct err *e)
{
	static const char *const modules[] = {"growpart", "resizefs"};
	static const char *const programs[] = {"growpart", "resize2fs"};
	cleanup_buf struct buf text = {0};

	if (policy_cloud_cfg(c, &text, e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		if (!policy_cloud_runs(buf_str(&text), modules[i]) &&
			policy_found(c, e, "cloud-init does not run %s", modules[i]) < 0)
			return -1;
		if (policy_program(c, programs[i], e) < 0)
			return -1;
	}
	const char *resize = policy_cloud_value(buf_str(&text), "resize_rootfs");
	if (resize && (strncasecmp(resize, "false", 5) == 0 || strncasecmp(resize, "no", 2) == 0))
		return policy_found(c, e, "resize_rootfs is off");
	if (strstr(buf_str(&text), "\n  mode: off") || strstr(buf_str(&text), "\n  mode: false"))
		return policy_found(c, e, "growpart's mode is off");
	return 0;
}

static int check_uids(struct policy_ctx *c, struct err *e)
{
	static const uint32_t ids[] = {501, 1000};

	for (size_t i = 0; i < 2; i++) {
		const char *user = policy_user_name(c, ids[i]);
		const char *group = policy_group_name(c, ids[i]);

		if (user && policy_found(c, e, "user %s has uid %u", user, ids[i]) < 0)
			return -1;
		if (group && policy_found(c, e, "group %s has gid %u", group, ids[i]) < 0)
			return -1;
	}
	return 0;
}

static int check_tcp(struct policy_ctx *c, struct err *e)
{
	if (policy_ssh_value(c, "allowtcpforwarding", "yes", e) < 0 ||
		policy_ssh_value(c, "disableforwarding", "no", e) < 0)
		return -1;
	return policy_ssh_unset(c, "permitopen", e);
}

static int check_streams(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "allowstreamlocalforwarding", "yes", e);
}

static int check_sftp(struct policy_ctx *c, struct err *e)
{
	const struct sshd_setting *s;

	if (!c->sshd) {
		*e = c->sshd_fault;
		return -1;
	}
	for (size_t i = 0; (s = sshd_config_at(c->sshd, i)); i++) {
		const char *program = s->value + strcspn(s->value, " ");
		cleanup_free char *path = NULL;
		bool is;

		if (strcmp(s->keyword, "subsystem") != 0 || strncasecmp(s->value, "sftp ", 5) != 0)
			continue;
		program += strspn(program, " ");
		if (strncmp(program, "internal-sftp", 13) == 0)
			return 0;
		path = mem_strndup(program, strcspn(program, " "), e);
		if (!path || policy_exists(c, path, &is, e) < 0)
			return -1;
		return is ? 0 : policy_found(c, e, "%s is not there", path);
	}
	return policy_found(c, e, "sshd has no subsystem sftp");
}

/* Without PAM sshd refuses users whose password is locked with '!', as cloud-init locks it. */
static int check_pam(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/etc/pam.d/sshd", "/usr/lib/pam.d/sshd"};

	if (policy_ssh_value(c, "usepam", "yes", e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		bool is;

		if (policy_exists(c, paths[i], &is, e) < 0)
			return -1;
		if (is)
			return 0;
	}
	return policy_found(c, e, "/etc/pam.d/sshd is not there");
}

static int check_any_user(struct policy_ctx *c, struct err *e)
{
	static const char *const keywords[] = {"allowusers", "allowgroups", "denyusers",
		"denygroups", "forcecommand", "chrootdirectory"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (policy_ssh_unset(c, keywords[i], e) < 0)
			return -1;
	}
	return 0;
}

/* True in *is when PAM's module is in one of the folders that have them. */
static int has_pam_systemd(struct policy_ctx *c, bool *is, struct err *e)
{
	struct tree_node *top;

	*is = false;
	if (policy_lookup(c, "/usr/lib", &top, e) < 0)
		return -1;
	for (struct tree_node *n = top ? top->child : NULL; n && !*is; n = n->next) {
		cleanup_free char *path =
			mem_printf(e, "/usr/lib/%s/security/pam_systemd.so", n->name);

		if (!path || policy_exists(c, path, is, e) < 0)
			return -1;
	}
	return *is ? 0 : policy_exists(c, "/usr/lib/security/pam_systemd.so", is, e);
}

static int check_init(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {
		"/usr/lib/systemd/systemd-logind", "/usr/lib/systemd/system/user@.service"};
	bool is;

	if (c->f->init == FACTS_INIT_OPENRC)
		return 0;
	if (c->f->init == FACTS_INIT_NONE)
		return policy_found(c, e, "there is neither systemd nor OpenRC");
	for (size_t i = 0; i < 2; i++) {
		if (policy_exists(c, paths[i], &is, e) < 0)
			return -1;
		if (!is && policy_found(c, e, "%s is not there", paths[i]) < 0)
			return -1;
	}
	if (has_pam_systemd(c, &is, e) < 0)
		return -1;
	return is ? 0 : policy_found(c, e, "pam_systemd.so is not there");
}

static int check_local_bin(struct policy_ctx *c, struct err *e)
{
	struct tree_node *n;
	cleanup_buf struct buf text = {0};

	if (policy_lookup(c, "/usr/local/bin", &n, e) < 0)
		return -1;
	if (!n || !S_ISDIR(n->inode->mode))
		return policy_found(c, e, "/usr/local/bin is no directory");
	if ((n->inode->mode & 0755) != 0755 &&
		policy_found(c, e, "/usr/local/bin has mode %04o", n->inode->mode & 07777u) < 0)
		return -1;
	if (policy_read(c, "/etc/fstab", &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		char device[256], point[256], type[64], options[512];

		if (sscanf(line, "%255s %255s %63s %511s", device, point, type, options) == 4 &&
			strcmp(point, "/") == 0 &&
			(strncmp(options, "ro,", 3) == 0 || strcmp(options, "ro") == 0 ||
				strstr(options, ",ro,") ||
				(strlen(options) > 3 &&
					strcmp(options + strlen(options) - 3, ",ro") == 0)) &&
			policy_found(c, e, "/etc/fstab mounts the root read-only") < 0)
			return -1;
	}
	return 0;
}

static int check_netplan(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/etc/network/interfaces.d/50-cloud-init",
		"/etc/network/interfaces.d/50-cloud-init.cfg",
		"/etc/cloud/cloud.cfg.d/50-curtin-networking.cfg"};
	struct tree_node *dir;

	if (policy_empty_dir(c, "/etc/netplan", NULL, e) < 0 ||
		policy_empty_dir(c, "/etc/NetworkManager/system-connections", NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (policy_absent(c, paths[i], e) < 0)
			return -1;
	}
	if (policy_lookup(c, "/etc/systemd/network", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		if (strncmp(n->name, "10-cloud-init-", 14) == 0 &&
			policy_found(c, e, "/etc/systemd/network/%s", n->name) < 0)
			return -1;
	}
	return 0;
}

static int check_size(struct policy_ctx *c, struct err *e)
{
	if (c->g->size_bytes <= SIZE_MAX_BYTES)
		return 0;
	return policy_found(
		c, e, "the disk has %llu GiB", (unsigned long long)(c->g->size_bytes >> 30));
}

static int check_remnants(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/mnt/lima-cidata", "/etc/environment.d/lima.conf",
		"/usr/local/bin/lima-guestagent", "/etc/systemd/system/lima-guestagent.service",
		"/etc/init.d/lima-guestagent", "/etc/lima_hosts", "/var/lib/lima-guestagent",
		"/etc/profile.d/lima-ssh-agent.sh", "/etc/ssh/ssh_known_hosts.lima",
		"/run/lima-boot-done", "/run/lima-ssh-ready", "/usr/local/bin/nerdctl",
		"/etc/containerd/lima.toml"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (policy_absent(c, paths[i], e) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"LIMA-01", POLICY_ERROR, "cloud-init is there and enabled", "install and enable it"},
		check_cloud_init},
	{{"LIMA-02", POLICY_ERROR, "cloud-init takes NoCloud first, at every boot",
		 "datasource_list: [NoCloud, None], on one line"},
		check_datasource},
	{{"LIMA-03", POLICY_ERROR, "cloud-init grows the root to the disk's end",
		 "run growpart and resizefs; install cloud-guest-utils and e2fsprogs"},
		check_growth},
	{{"LIMA-04", POLICY_ERROR, "uid and gid 501 and 1000 are free",
		 "give the account another number: Lima's user takes the host's"},
		check_uids},
	{{"LIMA-05", POLICY_ERROR, "sshd forwards TCP", "AllowTcpForwarding yes"}, check_tcp},
	{{"LIMA-06", POLICY_ERROR, "sshd forwards sockets", "AllowStreamLocalForwarding yes"},
		check_streams},
	{{"LIMA-07", POLICY_ERROR, "sshd has sftp", "Subsystem sftp, and its program"}, check_sftp},
	{{"LIMA-08", POLICY_ERROR, "sshd asks PAM about accounts",
		 "UsePAM yes; on Alpine install openssh-server-pam"},
		check_pam},
	{{"LIMA-09", POLICY_ERROR, "sshd lets every user in and run everything",
		 "take AllowUsers, AllowGroups, DenyUsers, DenyGroups, ForceCommand and "
		 "ChrootDirectory out"},
		check_any_user},
	{{"LIMA-10", POLICY_ERROR, "systemd with logind and a user manager, or OpenRC",
		 "install libpam-systemd"},
		check_init},
	{{"LIMA-11", POLICY_ERROR, "/usr/local/bin can be written to",
		 "make the directory; mount the root read-write"},
		check_local_bin},
	{{"LIMA-12", POLICY_ERROR, "no network settings of another boot", "delete the file"},
		check_netplan},
	{{"LIMA-13", POLICY_WARNING, "the disk is small: Lima makes it larger, never smaller",
		 "make the disk smaller than every template's"},
		check_size},
	{{"LIMA-14", POLICY_ERROR, "nothing that Lima leaves in a guest", "delete what is named"},
		check_remnants},
};

POLICY_THEME(lima, checks, true);
