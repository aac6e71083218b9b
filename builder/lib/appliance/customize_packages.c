#include <string.h>

#include "appliance/customize_private.h"
#include "base/mem.h"

#define POLICY "/usr/sbin/policy-rc.d"
#define POLICY_KEPT POLICY ".limekiln"

/* The state of apt, where nothing of it reaches the disk: in the appliance's memory. Logs go there
 * too: they have times in them. */
static const char apt_setup[] =
	"set -eu\n"
	"d=/dev/shm/limekiln-apt\n"
	"log=/var/log/alternatives.log\n"
	"rm -rf $d\n"
	"mkdir -p $d/lists/partial $d/cache/archives/partial $d/log\n"
	"[ ! -e $log ] || cp -p $log $d/alternatives.log\n"
	"echo 'deb [trusted=yes] file:" CUSTOMIZE_PACKAGES " ./' >$d/sources.list\n"
	"cat >$d/apt.conf <<'END'\n"
	"Dir::Etc::SourceList \"/dev/shm/limekiln-apt/sources.list\";\n"
	"Dir::Etc::SourceParts \"/dev/null\";\n"
	"Dir::State::Lists \"/dev/shm/limekiln-apt/lists\";\n"
	"Dir::Cache \"/dev/shm/limekiln-apt/cache\";\n"
	"Dir::Log \"/dev/shm/limekiln-apt/log\";\n"
	"Acquire::Languages \"none\";\n"
	"APT::Sandbox::User \"root\";\n"
	"APT::Install-Recommends \"false\";\n"
	"Dpkg::Use-Pty \"false\";\n"
	"Dpkg::Options { \"--force-confdef\"; \"--force-confold\"; \"--force-unsafe-io\";\n"
	"	\"--log=/dev/null\"; };\n"
	"END\n"
	"export APT_CONFIG=$d/apt.conf DEBIAN_FRONTEND=noninteractive\n";

static const char apt_end[] = "if [ -e $d/alternatives.log ]; then\n"
			      "	cp -p $d/alternatives.log $log\n"
			      "else\n"
			      "	rm -f $log\n"
			      "fi\n"
			      "rm -rf $d\n";

/* Each name as a word for the shell. They are checked to be names of packages already. */
static int put_names(struct buf *script, const struct strv *names, struct err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		if (buf_printf(script, e, " '%s'", names->items[i]) < 0)
			return -1;
	}
	return buf_putc(script, '\n', e);
}

/* Services must not be started by what is installed: Debian's policy-rc.d says 101. */
static int set_policy(struct customize *c, struct err *e)
{
	static const char deny[] = "#!/bin/sh\nexit 101\n";
	bool there;

	if (customize_exists(c, POLICY, &there, e) < 0 ||
		(there && appliance_move(c->a, POLICY, POLICY_KEPT, e) < 0))
		return -1;
	return customize_put(c, POLICY, deny, sizeof(deny) - 1, 0755, e);
}

static int restore_policy(struct customize *c, struct err *e)
{
	bool there;

	if (customize_exists(c, POLICY_KEPT, &there, e) < 0 ||
		appliance_remove(c->a, POLICY, e) < 0)
		return -1;
	return there ? appliance_move(c->a, POLICY_KEPT, POLICY, e) : 0;
}

static int run_apt(struct customize *c, const struct op *op, struct err *e)
{
	static const char *const commands[] = {
		"apt-get -q update\napt-get -q -y --no-remove install --",
		"apt-get -q -y --purge remove --"};
	cleanup_buf struct buf script = {0};

	if (buf_puts(&script, apt_setup, e) < 0 ||
		buf_puts(&script, commands[op->kind == OP_UNINSTALL], e) < 0 ||
		put_names(&script, &op->names, e) < 0 || buf_puts(&script, apt_end, e) < 0 ||
		set_policy(c, e) < 0 ||
		customize_shell(c, buf_str(&script), NULL, op->timeout_s, e) < 0)
		return -1;
	return restore_policy(c, e);
}

/* Every DIR/SUITE/COMPONENT that has an index is a repository; it must be signed by a key in
 * DIR/keys. */
static const char apk_setup[] =
	"set -eu\n"
	"r=" CUSTOMIZE_PACKAGES "\n"
	"d=/dev/shm/limekiln-apk\n"
	"rm -rf $d\n"
	"mkdir -p $d\n"
	": >$d/repositories\n"
	"for index in $r/*/*/*/APKINDEX.tar.gz; do\n"
	"	[ ! -e \"$index\" ] ||\n"
	"		echo \"${index%/*/APKINDEX.tar.gz}\" >>$d/repositories\n"
	"done\n";

static int run_apk(struct customize *c, const struct op *op, struct err *e)
{
	static const char *const commands[] = {
		"apk add --no-network --no-cache --no-progress --repositories-file "
		"$d/repositories --keys-dir $r/keys",
		"apk del --no-network --no-cache --no-progress --repositories-file "
		"$d/repositories"};
	cleanup_buf struct buf script = {0};

	if (buf_puts(&script, apk_setup, e) < 0 ||
		buf_puts(&script, commands[op->kind == OP_UNINSTALL], e) < 0 ||
		put_names(&script, &op->names, e) < 0 || buf_puts(&script, "rm -rf $d\n", e) < 0)
		return -1;
	return customize_shell(c, buf_str(&script), NULL, op->timeout_s, e);
}

int customize_op_packages(struct customize *c, const struct op *op, struct err *e)
{
	bool install = op->kind == OP_INSTALL;

	if (install && appliance_mount_packages(c->a, CUSTOMIZE_PACKAGES, e) < 0)
		return -1;
	int rc = c->opt->facts->packager == FACTS_DEB ? run_apt(c, op, e) : run_apk(c, op, e);
	if (rc < 0)
		return -1;
	return install ? appliance_unmount(c->a, CUSTOMIZE_PACKAGES, e) : 0;
}
