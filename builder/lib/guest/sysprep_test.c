#include "guest/sysprep.h"

#include <stdlib.h>

#include "guest_tree.h"
#include "unit.h"

static struct err err;

/* A root and an ESP, both empty. */
static void make_guest(struct guest *g)
{
	*g = (struct guest){.epoch_s = 20000 * 86400LL + 5};
	CHECK(tree_new(&g->root, 100, &err) == 0 && tree_new(&g->esp, 100, &err) == 0);
}

static void free_guest(struct guest *g)
{
	tree_free(g->root);
	tree_free(g->esp);
}

/* "d /path operation" a line. names: operations, NULL for the default. */
static void check_plan(struct guest *g, const char *name, const char *want)
{
	cleanup_buf struct buf got = {0};
	cleanup_strv struct strv operations = {0};
	struct sysprep_plan p;

	if (name)
		strv_add(&operations, name, &err);
	CHECK(sysprep_plan(&p, g, &operations, &err) == 0);
	for (size_t i = 0; i < p.n; i++)
		buf_printf(&got, NULL, "%c %s%s %s\n", "dme"[p.items[i].action],
			p.items[i].on_esp ? "esp:" : "", p.items[i].path, p.items[i].operation);
	CHECK_STR(buf_str(&got), want);
	sysprep_plan_release(&p);
}

static void apply(struct guest *g)
{
	struct sysprep_plan p;

	CHECK(sysprep_plan(&p, g, NULL, &err) == 0);
	CHECK(sysprep_apply(&p, g, &err) == 0);
	sysprep_plan_release(&p);
	CHECK(sysprep_plan(&p, g, NULL, &err) == 0 && p.n == 0);
	sysprep_plan_release(&p);
}

static void check_file(struct guest *g, const char *path, const char *want)
{
	cleanup_buf struct buf text = {0};
	bool found;

	CHECK(guest_read_file(g->root, path, 1000, &text, &found, &err) == 0);
	CHECK_STR(found ? buf_str(&text) : "absent", want);
}

static void test_identity(void)
{
	struct guest g;

	unit_about("identity");
	make_guest(&g);
	put_text(g.root, "etc/machine-id", "0123\n");
	put_text(g.root, "etc/shadow", "root:*:19000:0:99999:7:::\na:!:0:::::::\nb:!::::::::\nc:!");
	put_text(g.root, "etc/hostname", "builder\n");
	put_text(g.root, "etc/ssh/ssh_host_rsa_key", "key");
	put_text(g.root, "etc/ssh/sshd_config", "");
	put_text(g.root, "var/lib/dbus/machine-id", "0123\n");
	put_text(g.root, "var/lib/systemd/random-seed", "seed");
	put_text(g.root, "var/lib/systemd/credential.secret", "secret");
	put_text(g.esp, "loader/random-seed", "seed");
	put_text(g.esp, "loader/loader.conf", "");
	check_plan(&g, NULL,
		"e /etc/hostname hostname\n"
		"m /etc/machine-id machine-id\n"
		"e /etc/shadow shadow-dates\n"
		"d /etc/ssh/ssh_host_rsa_key ssh-hostkeys\n"
		"d /var/lib/dbus/machine-id machine-id\n"
		"d /var/lib/systemd/credential.secret random-seed\n"
		"d /var/lib/systemd/random-seed random-seed\n"
		"d esp:/loader/random-seed random-seed\n");
	check_plan(&g, "ssh-hostkeys", "d /etc/ssh/ssh_host_rsa_key ssh-hostkeys\n");
	apply(&g);
	check_file(&g, "/etc/machine-id", "");
	check_file(&g, "/etc/hostname", "localhost\n");
	check_file(&g, "/etc/shadow", "root:*:20000:0:99999:7:::\na:!:0:::::::\nb:!::::::::\nc:!");
	check_file(&g, "/etc/ssh/ssh_host_rsa_key", "absent");
	check_file(&g, "/etc/ssh/sshd_config", "");
	free_guest(&g);
}

static void test_links(void)
{
	struct guest g;

	unit_about("links stay, and are not followed");
	make_guest(&g);
	put_link(g.root, "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
	put_link(g.root, "etc/machine-id", "/var/id");
	put_text(g.root, "var/id", "0123");
	put_link(g.root, "var/lib/dbus/machine-id", "/etc/machine-id");
	put_link(g.root, "var/spool/cron/crontabs", "/etc/crontabs");
	put_text(g.root, "etc/crontabs/root", "daily");
	put_link(g.root, "var/log", "/usr");
	put_text(g.root, "usr/messages", "stays");
	put_dir(g.root, "tmp");
	put_dir(g.root, "var/log-not");
	check_plan(&g, NULL, "");
	put_link(g.root, "tmp/out", "/usr");
	check_plan(&g, NULL, "d /tmp/out tmp-files\n");
	free_guest(&g);
}

static void test_homes(void)
{
	struct guest g;

	unit_about("homes");
	make_guest(&g);
	put_text(g.root, "etc/passwd",
		"root:x:0:0::/root:/bin/sh\nx:x:1:1::/srv/x:/bin/sh\ny:x:2:2::/../..:\n");
	put_text(g.root, "root/.ssh/authorized_keys", "key");
	put_text(g.root, "home/a/.bash_history", "typed");
	put_text(g.root, "srv/x/.ssh/id", "key");
	put_dir(g.root, "srv/x/.cache");
	put_text(g.root, "root/.cache/deep/er/file", "");
	put_text(g.root, "home/file", "no directory");
	check_plan(&g, NULL,
		"d /home/a/.bash_history bash-history\n"
		"d /root/.cache/deep caches\n"
		"d /root/.cache/deep/er caches\n"
		"d /root/.cache/deep/er/file caches\n"
		"d /root/.ssh ssh-userdir\n"
		"d /root/.ssh/authorized_keys ssh-userdir\n"
		"d /srv/x/.ssh ssh-userdir\n"
		"d /srv/x/.ssh/id ssh-userdir\n");
	apply(&g);
	free_guest(&g);
}

static void test_logs(void)
{
	struct guest g;

	unit_about("logs, caches and directories");
	make_guest(&g);
	put_text(g.root, "var/log/dpkg.log", "x");
	put_text(g.root, "var/log/dpkg.log.1.gz", "x");
	put_text(g.root, "var/log/apt/history.log", "x");
	put_dir(g.root, "var/log/journal/0123");
	put_text(g.root, "var/log/wtmp", "x");
	put_text(g.root, "var/log/btmp", "");
	put_text(g.root, "var/log/wtmp.1", "x");
	put_text(g.root, "var/log/app.log-dir/kept?", "x");
	put_text(g.root, "var/cache/apt/pkgcache.bin", "x");
	put_dir(g.root, "var/cache/apt/archives/partial");
	put_text(g.root, "var/lib/apt/lists/deb_dists_x_Release", "x");
	put_text(g.root, "var/lib/apt/extended_states", "stays");
	put_text(g.root, "etc/passwd-", "x");
	put_text(g.root, "etc/x/a.bak/b", "stays");
	put_text(g.root, "etc/x/b~", "x");
	put_text(g.root, "usr/b~", "stays");
	check_plan(&g, NULL,
		"d /etc/passwd- passwd-backups\n"
		"d /etc/x/b~ backup-files\n"
		"d /var/cache/apt/pkgcache.bin package-manager-cache\n"
		"d /var/lib/apt/lists/deb_dists_x_Release package-manager-cache\n"
		"d /var/log/app.log-dir/kept? logfiles\n"
		"d /var/log/apt/history.log logfiles\n"
		"d /var/log/dpkg.log logfiles\n"
		"d /var/log/dpkg.log.1.gz logfiles\n"
		"d /var/log/journal/0123 logfiles\n"
		"m /var/log/wtmp logfiles\n"
		"d /var/log/wtmp.1 logfiles\n");
	apply(&g);
	free_guest(&g);
}

static void test_pyc(void)
{
	struct guest g;

	unit_about("compiled Python");
	make_guest(&g);
	put_bytes(g.root, "usr/a/__pycache__/time.pyc", "\xf3\r\r\n\0\0\0\0time", 12);
	put_bytes(g.root, "usr/a/__pycache__/hash.pyc", "\xf3\r\r\n\3\0\0\0hash", 12);
	put_bytes(g.root, "usr/a/__pycache__/short.pyc", "\xf3\r\r\n\3", 5);
	put_text(g.root, "usr/a/__pycache__/other", "stays");
	check_plan(&g, NULL,
		"d /usr/a/__pycache__/short.pyc python-cache\n"
		"d /usr/a/__pycache__/time.pyc python-cache\n");
	free_guest(&g);
}

static void test_edits(void)
{
	struct guest g;

	unit_about("edits");
	make_guest(&g);
	put_text(g.root, "etc/fstab",
		"LABEL=x / ext4\n/dev/sdb /mnt auto defaults,nofail,comment=cloudconfig 0 2\n"
		"# comment=cloudconfig\n");
	put_text(g.root, "etc/environment", "A=1\n#LIMA-START\nB=2\n#LIMA-END\nC=3");
	put_text(g.root, "etc/sysconfig/network-scripts/ifcfg-eth0",
		"DEVICE=eth0\nHWADDR=52:54\nDHCP_HOSTNAME=x\nHOSTNAME=y\n");
	put_text(g.root, "var/spool/at/.SEQ", "00012\n");
	put_text(g.root, "var/spool/at/a0001", "job");
	check_plan(&g, "net-hwaddr", "e /etc/sysconfig/network-scripts/ifcfg-eth0 net-hwaddr\n");
	apply(&g);
	check_file(&g, "/etc/fstab", "LABEL=x / ext4\n# comment=cloudconfig\n");
	check_file(&g, "/etc/environment", "A=1\nC=3");
	check_file(&g, "/etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\n");
	check_file(&g, "/var/spool/at/.SEQ", "00000\n");
	check_file(&g, "/var/spool/at/a0001", "absent");
	free_guest(&g);
}

static void test_operations(void)
{
	cleanup_strv struct strv operations = {0};
	struct sysprep_plan p;
	struct guest g;
	const char *name, *summary, *last = "";
	bool by_default;

	unit_about("operations");
	make_guest(&g);
	for (size_t i = 0; (name = sysprep_operation(i, &summary, &by_default)); i++) {
		CHECK(strcmp(last, name) < 0 && summary[0]);
		last = name;
	}
	put_text(g.root, "etc/sysconfig/iptables", "rules");
	check_plan(&g, NULL, "");
	check_plan(&g, "firewall-rules", "d /etc/sysconfig/iptables firewall-rules\n");
	put_text(g.root, "etc/hostname", "builder");
	check_plan(&g, "-machine-id", "e /etc/hostname hostname\n");
	check_plan(&g, "-hostname", "");
	strv_add(&operations, "bash-histories", &err);
	CHECK(sysprep_plan(&p, &g, &operations, &err) < 0 && err.kind == ERR_USAGE);
	CHECK(strstr(err.msg, "no operation 'bash-histories'; there are: abrt-data") != NULL);
	sysprep_plan_release(&p);
	free_guest(&g);
}

int main(void)
{
	test_identity();
	test_links();
	test_homes();
	test_logs();
	test_pyc();
	test_edits();
	test_operations();
	return unit_done();
}
