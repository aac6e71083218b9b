#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

static int check_host_keys(struct policy_ctx *c, struct err *e)
{
	struct tree_node *dir;

	if (policy_lookup(c, "/etc/ssh", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		if (fnmatch("ssh_host_*", n->name, 0) == 0 &&
			policy_found(c, e, "/etc/ssh/%s", n->name) < 0)
			return -1;
	}
	return 0;
}

/* True in *is when the file at path has a line with word in it that is no comment. */
static int file_says(
	struct policy_ctx *c, const char *path, const char *word, bool *is, struct err *e)
{
	cleanup_buf struct buf text = {0};

	*is = false;
	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; !*is && (line = policy_line(&at));)
		*is = strstr(line, word) != NULL;
	return 0;
}

/* The same for every file in the directory at path. */
static int dir_says(
	struct policy_ctx *c, const char *path, const char *word, bool *is, struct err *e)
{
	struct tree_node *dir;

	*is = false;
	if (policy_lookup(c, path, &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n && !*is; n = n->next) {
		char file[TREE_PATH_TEXT];

		if (file_says(c, tree_node_path(n, file), word, is, e) < 0)
			return -1;
	}
	return 0;
}

/* Debian 13's unit, enabled. It runs only at a first boot, which an empty machine-id is not,
 * unless a drop-in takes that condition away. */
static int keygen_unit(struct policy_ctx *c, bool *is, struct err *e)
{
	bool first_boot = false;
	bool reset = false;

	*is = false;
	if (!policy_has_service(c, "sshd-keygen.service"))
		return 0;
	if (file_says(c, "/usr/lib/systemd/system/sshd-keygen.service", "ConditionFirstBoot=yes",
		    &first_boot, e) < 0 ||
		dir_says(c, "/etc/systemd/system/sshd-keygen.service.d",
			"ConditionFirstBoot=", &reset, e) < 0)
		return -1;
	*is = !first_boot || reset;
	return 0;
}

/* cloud-init makes keys in its module ssh, at the first boot of an instance. */
static int cloud_init_keys(struct policy_ctx *c, bool *is, struct err *e)
{
	cleanup_buf struct buf text = {0};

	*is = false;
	if (!policy_has_service(c, "cloud-init.service") &&
		!policy_has_service(c, "cloud-init-network.service") &&
		!policy_has_service(c, "cloud-init"))
		return 0;
	if (policy_cloud_cfg(c, &text, e) < 0)
		return -1;
	*is = policy_cloud_runs(buf_str(&text), "ssh");
	return 0;
}

static int check_generator(struct policy_ctx *c, struct err *e)
{
	bool is = false;

	if (c->f->init == FACTS_INIT_NONE)
		return policy_found(c, e, "there is no init that could make host keys");
	/* Alpine's script runs ssh-keygen -A when it starts sshd. */
	if (c->f->init == FACTS_INIT_OPENRC && policy_has_service(c, "sshd") &&
		file_says(c, "/etc/init.d/sshd", "ssh-keygen", &is, e) < 0)
		return -1;
	if (!is && keygen_unit(c, &is, e) < 0)
		return -1;
	if (!is && dir_says(c, "/etc/systemd/system/ssh.service.d", "ssh-keygen", &is, e) < 0)
		return -1;
	if (!is && cloud_init_keys(c, &is, e) < 0)
		return -1;
	return is ? 0 : policy_found(c, e, "nothing that is enabled makes host keys at boot");
}

static int check_authorized_keys(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		char path[TREE_PATH_TEXT];

		if ((strcmp(n->name, "authorized_keys") == 0 ||
			    strcmp(n->name, "authorized_keys2") == 0) &&
			!S_ISDIR(n->inode->mode) &&
			policy_found(c, e, "%s", tree_node_path(n, path)) < 0)
			return -1;
	}
	return 0;
}

static int check_machine_id(struct policy_ctx *c, struct err *e)
{
	struct tree_node *n;

	if (guest_lookup_nofollow(c->g->root, "/etc/machine-id", &n, e) < 0)
		return -1;
	if (!n)
		return c->f->init == FACTS_INIT_SYSTEMD
			       ? policy_found(c, e,
					 "/etc/machine-id is not there: the first boot would take "
					 "the image for a new installation")
			       : 0;
	if (!S_ISREG(n->inode->mode) || n->inode->size > 0)
		return policy_found(c, e, "/etc/machine-id is not an empty file");
	return 0;
}

static int check_dbus_id(struct policy_ctx *c, struct err *e)
{
	struct tree_node *n;

	if (guest_lookup_nofollow(c->g->root, "/var/lib/dbus/machine-id", &n, e) < 0)
		return -1;
	if (n && (!S_ISLNK(n->inode->mode) || !strstr(n->inode->target, "etc/machine-id")))
		return policy_found(c, e, "/var/lib/dbus/machine-id is no link to /etc/machine-id");
	return 0;
}

static int absent_all(struct policy_ctx *c, const char *const *paths, struct err *e)
{
	for (; *paths; paths++) {
		if (policy_absent(c, *paths, e) < 0)
			return -1;
	}
	return 0;
}

static int absent_on_esp(struct policy_ctx *c, const char *path, struct err *e)
{
	struct tree_node *n = NULL;

	if (c->g->esp && guest_lookup_nofollow(c->g->esp, path, &n, e) < 0)
		return -1;
	return n ? policy_found(c, e, "%s on the EFI system partition", path) : 0;
}

static int check_random_seed(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/var/lib/systemd/random-seed",
		"/var/lib/urandom/random-seed", "/var/lib/random-seed", "/var/lib/misc/random-seed",
		"/var/run/random-seed", "/boot/efi/loader/random-seed", NULL};

	if (absent_all(c, paths, e) < 0 || policy_empty_dir(c, "/var/lib/seedrng", NULL, e) < 0)
		return -1;
	return absent_on_esp(c, "/loader/random-seed", e);
}

static int check_credentials(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/var/lib/systemd/credential.secret",
		"/var/lib/systemd/tpm2-srk-public-key.pem",
		"/var/lib/systemd/tpm2-srk-public-key.tpm2b_public", NULL};

	if (absent_all(c, paths, e) < 0)
		return -1;
	return absent_on_esp(c, "/loader/credentials", e);
}

static int check_cloud_state(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {"/var/lib/cloud/instances", "/var/lib/cloud/sem",
		"/var/lib/cloud/data", "/var/lib/cloud/handlers", "/var/lib/cloud/seed",
		"/run/cloud-init"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (policy_empty_dir(c, dirs[i], NULL, e) < 0)
			return -1;
	}
	return policy_absent(c, "/var/lib/cloud/instance", e);
}

static int check_leases(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {"/var/lib/dhcp", "/var/lib/dhclient", "/var/lib/dhcpcd",
		"/var/lib/dhcp3", "/var/lib/udhcpd", "/var/lib/NetworkManager",
		"/var/lib/systemd/network", "/run/systemd/netif/leases"};
	static const char *const except[] = {"NetworkManager.state", NULL};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (policy_empty_dir(c, dirs[i], except, e) < 0)
			return -1;
	}
	return policy_absent(c, "/var/db/dhcpcd", e);
}

static int check_net_rules(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/etc/udev/rules.d/70-persistent-net.rules",
		"/etc/udev/rules.d/75-persistent-net-generator.rules",
		"/etc/udev/rules.d/80-net-setup-link.rules", NULL};
	struct tree_node *dir;

	if (absent_all(c, paths, e) < 0 || policy_lookup(c, "/etc/systemd/network", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		char path[TREE_PATH_TEXT];
		bool is;

		if (file_says(c, tree_node_path(n, path), "MACAddress=", &is, e) < 0)
			return -1;
		if (is && policy_found(c, e, "%s names a MAC address", path) < 0)
			return -1;
	}
	return 0;
}

static int check_other_ids(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/etc/hostid", "/etc/nvme/hostid", "/etc/nvme/hostnqn",
		"/etc/adjtime", "/var/lib/iscsi/initiatorname.iscsi",
		"/etc/popularity-contest.conf", "/var/lib/snapd/seed-id", "/etc/machine-info",
		NULL};
	bool is;

	if (absent_all(c, paths, e) < 0 ||
		file_says(c, "/etc/iscsi/initiatorname.iscsi", "InitiatorName=iqn.", &is, e) < 0)
		return -1;
	return is ? policy_found(c, e, "/etc/iscsi/initiatorname.iscsi names an initiator") : 0;
}

static int check_hostname(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, "/etc/hostname", &text, NULL, e) < 0)
		return -1;
	char *at = text.data;
	const char *name = policy_line(&at);
	if (name && strcmp(name, "localhost") != 0 && strcmp(name, c->f->id) != 0)
		return policy_found(c, e, "/etc/hostname: %s", name);
	return 0;
}

static int check_private_keys(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {"/etc", "/root", "/home", "/srv", "/opt", "/var"};
	static const char begin[] = "-----BEGIN ";

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		struct tree_node *top;

		if (policy_lookup(c, dirs[i], &top, e) < 0)
			return -1;
		for (struct tree_node *n = top; n; n = policy_next(top, n)) {
			cleanup_buf struct buf text = {0};
			char path[TREE_PATH_TEXT];

			if (!S_ISREG(n->inode->mode) || n->inode->size < sizeof(begin) ||
				n->inode->size > 65536)
				continue;
			if (guest_read_inode(n->inode, 65536, &text, e) < 0)
				return err_prefix(e, "%s", tree_node_path(n, path));
			if (memmem(text.data, text.len, begin, sizeof(begin) - 1) &&
				memmem(text.data, text.len, "PRIVATE KEY-----", 16) &&
				policy_found(c, e, "%s", tree_node_path(n, path)) < 0)
				return -1;
		}
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"ID-01", POLICY_ERROR, "no SSH host keys", "delete /etc/ssh/ssh_host_*"},
		check_host_keys},
	{{"ID-02", POLICY_ERROR, "host keys are made at the first boot",
		 "enable sshd-keygen.service with ConditionFirstBoot= reset, cloud-init's module "
		 "ssh, or OpenRC's sshd"},
		check_generator},
	{{"ID-03", POLICY_ERROR, "no authorized_keys", "delete the file: Lima hands over keys"},
		check_authorized_keys},
	{{"ID-04", POLICY_ERROR, "the machine-id is empty", "truncate /etc/machine-id"},
		check_machine_id},
	{{"ID-05", POLICY_ERROR, "D-Bus has no machine-id of its own",
		 "delete /var/lib/dbus/machine-id"},
		check_dbus_id},
	{{"ID-06", POLICY_ERROR, "no random seed, neither on the root nor on the ESP",
		 "delete the file: each machine would start with the same seed"},
		check_random_seed},
	{{"ID-07", POLICY_ERROR, "no credential secret of systemd", "delete the file"},
		check_credentials},
	{{"ID-08", POLICY_ERROR, "no state of cloud-init", "cloud-init clean --logs --seed"},
		check_cloud_state},
	{{"ID-09", POLICY_ERROR, "no DHCP leases", "delete the files"}, check_leases},
	{{"ID-10", POLICY_ERROR, "no names for network cards of the build", "delete the file"},
		check_net_rules},
	{{"ID-11", POLICY_ERROR, "no other identifier of one machine", "delete the file"},
		check_other_ids},
	{{"ID-12", POLICY_ERROR, "the host name is neutral", "write localhost to /etc/hostname"},
		check_hostname},
	{{"ID-13", POLICY_ERROR, "no private keys", "delete the file"}, check_private_keys},
};

POLICY_THEME(identity, checks, false);
