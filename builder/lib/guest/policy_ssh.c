#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

static int need_config(const struct policy_ctx *c, struct err *e)
{
	if (c->sshd)
		return 0;
	*e = c->sshd_fault;
	return -1;
}

static int report_setting(
	struct policy_ctx *c, const struct sshd_setting *s, const char *want, struct err *e)
{
	if (!s->file)
		return policy_found(c, e, "%s is not set, and sshd's default is %s, not %s",
			s->keyword, *s->value ? s->value : "none", want);
	return policy_found(c, e, "%s:%u: %s %s%s, not %s", s->file, s->line, s->keyword, s->value,
		s->block > 0 ? " (in a Match block)" : "", want);
}

/* Report every value of keyword that some connection can get and that is not want. */
int policy_ssh_value(struct policy_ctx *c, const char *keyword, const char *want, struct err *e)
{
	const struct sshd_setting *s;
	size_t at = 0;

	if (need_config(c, e) < 0)
		return -1;
	while ((s = sshd_config_possible(c->sshd, keyword, &at))) {
		if (strcmp(s->value, want) != 0 && report_setting(c, s, want, e) < 0)
			return -1;
	}
	if (!c->opt->sshd_settings)
		return 0;
	struct err fault = {0};
	cleanup_free char *printed = sshd_config_printed(c->opt->sshd_settings, keyword, &fault);
	if (fault.kind) {
		*e = fault;
		return -1;
	}
	if (printed && strcmp(printed, want) != 0)
		return policy_found(c, e, "sshd -T says: %s %s, not %s", keyword, printed, want);
	return 0;
}

/* Report every place where keyword is set at all. */
int policy_ssh_unset(struct policy_ctx *c, const char *keyword, struct err *e)
{
	const struct sshd_setting *s;

	if (need_config(c, e) < 0)
		return -1;
	for (size_t i = 0; (s = sshd_config_at(c->sshd, i)); i++) {
		if (strcmp(s->keyword, keyword) == 0 && strcasecmp(s->value, "none") != 0 &&
			policy_found(c, e, "%s:%u: %s %s", s->file, s->line, s->keyword, s->value) <
				0)
			return -1;
	}
	return 0;
}

static int check_evaluated(struct policy_ctx *c, struct err *e)
{
	bool is;

	if (policy_exists(c, "/usr/sbin/sshd", &is, e) < 0)
		return -1;
	if (!is && policy_found(c, e, "/usr/sbin/sshd is not there") < 0)
		return -1;
	if (!c->sshd)
		return policy_found(c, e, "%s", c->sshd_fault.msg);
	if (c->opt->sshd_fault)
		return policy_found(c, e, "sshd -T failed: %s", c->opt->sshd_fault);
	if (c->opt->sshd_source && policy_say(c, e, "%s", c->opt->sshd_source) < 0)
		return -1;
	return policy_say(c, e,
		c->opt->sshd_settings ? "judged by the files and by sshd -T"
				      : "judged by the files");
}

static int check_password(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "passwordauthentication", "no", e);
}

static int check_kbdint(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "kbdinteractiveauthentication", "no", e);
}

static int check_root(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "permitrootlogin", "no", e);
}

static int check_empty(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "permitemptypasswords", "no", e);
}

static int check_pubkey(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "pubkeyauthentication", "yes", e);
}

static int check_agreement(struct policy_ctx *c, struct err *e)
{
	const char *keyword;

	if (!c->opt->sshd_settings)
		return policy_skip(c, "sshd -T was not run in the guest");
	if (need_config(c, e) < 0)
		return -1;
	for (size_t i = 0; (keyword = sshd_config_choice(i)); i++) {
		const struct sshd_setting *s = sshd_config_get(c->sshd, keyword);
		struct err fault = {0};
		cleanup_free char *printed =
			sshd_config_printed(c->opt->sshd_settings, keyword, &fault);

		if (fault.kind) {
			*e = fault;
			return -1;
		}
		if (printed && strcmp(printed, s->value) != 0 &&
			policy_found(c, e, "%s: the files say %s, sshd -T says %s", keyword,
				s->value, printed) < 0)
			return -1;
	}
	return 0;
}

static int check_other_ways(struct policy_ctx *c, struct err *e)
{
	static const char *const keywords[] = {
		"gssapiauthentication", "hostbasedauthentication", "kerberosauthentication"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (policy_ssh_value(c, keywords[i], "no", e) < 0)
			return -1;
	}
	return 0;
}

static int check_keys_from(struct policy_ctx *c, struct err *e)
{
	if (policy_ssh_unset(c, "authorizedkeyscommand", e) < 0 ||
		policy_ssh_unset(c, "trustedusercakeys", e) < 0)
		return -1;
	const struct sshd_setting *s;
	size_t at = 0;
	while ((s = sshd_config_possible(c->sshd, "authorizedkeysfile", &at))) {
		if (!strstr(s->value, ".ssh/authorized_keys") &&
			report_setting(c, s, ".ssh/authorized_keys", e) < 0)
			return -1;
	}
	return 0;
}

static int check_strict(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "strictmodes", "yes", e) < 0 ||
			       policy_ssh_value(c, "permituserenvironment", "no", e) < 0
		       ? -1
		       : 0;
}

static int check_port(struct policy_ctx *c, struct err *e)
{
	const struct sshd_setting *s;

	if (need_config(c, e) < 0)
		return -1;
	for (size_t i = 0; (s = sshd_config_at(c->sshd, i)); i++) {
		if (strcmp(s->keyword, "port") == 0 && strcmp(s->value, "22") != 0 &&
			report_setting(c, s, "22", e) < 0)
			return -1;
	}
	return policy_ssh_unset(c, "listenaddress", e);
}

static int check_x11(struct policy_ctx *c, struct err *e)
{
	return policy_ssh_value(c, "x11forwarding", "no", e) < 0 ||
			       policy_ssh_value(c, "gatewayports", "no", e) < 0
		       ? -1
		       : 0;
}

static int check_owner(struct policy_ctx *c, const struct tree_node *n, struct err *e)
{
	const struct tree_inode *inode = n->inode;
	char path[TREE_PATH_TEXT];

	if (S_ISLNK(inode->mode) ||
		(inode->uid == 0 && inode->gid == 0 && (inode->mode & 022) == 0))
		return 0;
	return policy_found(c, e, "%s: mode %04o, owner %u:%u", tree_node_path(n, path),
		inode->mode & 07777u, inode->uid, inode->gid);
}

static int check_files(struct policy_ctx *c, struct err *e)
{
	struct tree_node *dir;

	if (policy_lookup(c, "/etc/ssh", &dir, e) < 0)
		return -1;
	if (!dir)
		return policy_skip(c, "there is no /etc/ssh");
	for (struct tree_node *n = dir; n; n = policy_next(dir, n)) {
		if (check_owner(c, n, e) < 0)
			return -1;
	}
	return 0;
}

/* True when a command line of sshd has an option that replaces settings or their file. */
static bool overrides(const char *text)
{
	static const char *const options[] = {"-o", "-f", "-p", "-C", "-c"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		for (const char *p = text; (p = strstr(p, options[i])); p++) {
			if (p == text || strchr(" \t\"'=", p[-1]))
				return true;
		}
	}
	return false;
}

/* Report lines of the file at path that start with prefix and override. */
static int check_options_file(
	struct policy_ctx *c, const char *path, const char *const *prefixes, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		for (size_t i = 0; prefixes[i]; i++) {
			if (strncmp(line, prefixes[i], strlen(prefixes[i])) == 0 &&
				overrides(line + strlen(prefixes[i])) &&
				policy_found(c, e, "%s: %s", path, line) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_unit_dir(struct policy_ctx *c, const char *path, struct err *e)
{
	static const char *const prefixes[] = {"ExecStart", "Environment", NULL};
	struct tree_node *dir;

	if (policy_lookup(c, path, &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		char file[TREE_PATH_TEXT];

		if (check_options_file(c, tree_node_path(n, file), prefixes, e) < 0)
			return -1;
	}
	return 0;
}

static int check_options(struct policy_ctx *c, struct err *e)
{
	static const char *const variables[] = {
		"SSHD_OPTS", "command_args", "SSHD_CONFDIR", "SSHD_CONFIG", "cfgfile", NULL};
	static const char *const exec[] = {"ExecStart", NULL};

	if (check_options_file(c, "/etc/default/ssh", variables, e) < 0 ||
		check_options_file(c, "/etc/conf.d/sshd", variables, e) < 0 ||
		check_options_file(c, "/etc/systemd/system/ssh.service", exec, e) < 0 ||
		check_options_file(c, "/etc/systemd/system/sshd.service", exec, e) < 0 ||
		check_unit_dir(c, "/etc/systemd/system/ssh.service.d", e) < 0)
		return -1;
	return check_unit_dir(c, "/etc/systemd/system/sshd.service.d", e);
}

static const struct policy_check checks[] = {
	{{"SSH-00", POLICY_ERROR, "sshd is there and its configuration can be evaluated",
		 "install openssh-server; correct the line that is named"},
		check_evaluated},
	{{"SSH-01", POLICY_ERROR, "nobody logs in with a password",
		 "PasswordAuthentication no, before every other value and in every Match block"},
		check_password},
	{{"SSH-02", POLICY_ERROR, "nobody logs in with keyboard-interactive",
		 "KbdInteractiveAuthentication no, before every other value and in every Match "
		 "block"},
		check_kbdint},
	{{"SSH-03", POLICY_ERROR, "root does not log in",
		 "PermitRootLogin no (prohibit-password, sshd's default, still lets root in)"},
		check_root},
	{{"SSH-04", POLICY_ERROR, "empty passwords are refused", "PermitEmptyPasswords no"},
		check_empty},
	{{"SSH-05", POLICY_ERROR, "public keys are accepted", "PubkeyAuthentication yes"},
		check_pubkey},
	{{"SSH-06", POLICY_ERROR, "sshd -T agrees with what the files say",
		 "look for options on sshd's command line and for files that the check cannot see"},
		check_agreement},
	{{"SSH-07", POLICY_ERROR, "no other way in: GSSAPI, Kerberos, host-based",
		 "take GSSAPIAuthentication, KerberosAuthentication and HostbasedAuthentication "
		 "out"},
		check_other_ways},
	{{"SSH-08", POLICY_ERROR, "keys come from ~/.ssh/authorized_keys alone",
		 "take AuthorizedKeysCommand and TrustedUserCAKeys out; leave AuthorizedKeysFile "
		 "alone"},
		check_keys_from},
	{{"SSH-09", POLICY_ERROR, "sshd distrusts what users can write",
		 "StrictModes yes, PermitUserEnvironment no"},
		check_strict},
	{{"SSH-10", POLICY_ERROR, "sshd listens on port 22 of every address",
		 "take Port and ListenAddress out"},
		check_port},
	{{"SSH-11", POLICY_WARNING, "no X11 forwarding, no forwarded ports for other hosts",
		 "X11Forwarding no, GatewayPorts no"},
		check_x11},
	{{"SSH-12", POLICY_ERROR, "sshd's files belong to root and only root writes them",
		 "chown root:root and chmod go-w"},
		check_files},
	{{"SSH-13", POLICY_ERROR, "nothing that starts sshd overrides its configuration",
		 "empty SSHD_OPTS; take -o, -f and -p out of drop-ins"},
		check_options},
};

POLICY_THEME(ssh, checks, false);
