#include "guest/facts.h"

#include <stdlib.h>

#include "guest/facts_parse.h"
#include "guest_tree.h"
#include "unit.h"

static struct err err;

static const char elf_arm64[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\267\0";
static const char elf_s390x[] = "\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\2\0\26";

/* Parse text, which must be an error of this message. */
static bool refuses(int (*parse)(struct facts *f, const char *text, size_t len, const char *name,
			    struct err *e),
	const char *text, const char *message)
{
	cleanup_facts struct facts *f = calloc(1, sizeof(*f));
	bool ok = parse(f, text, strlen(text), "file", &err) < 0 && err.kind == ERR_FORMAT &&
		  strcmp(err.msg, message) == 0;

	if (!ok)
		printf("#  got: %s\n# want: %s\n", err.msg, message);
	err_clear(&err);
	return ok;
}

static void test_os_release(void)
{
	static const char text[] = "# comment\n"
				   "\n"
				   "NAME=\"other\"\n"
				   "ID=alpine\r\n"
				   "VERSION_ID='3.\\20'.3\n"
				   "PRETTY_NAME=\"A \\\"b\\\" \\$c \\d \x1b[31m\"\n"
				   "not a setting";
	cleanup_facts struct facts *f = calloc(1, sizeof(*f));

	unit_about("os-release");
	CHECK(facts_parse_os_release(f, text, sizeof(text) - 1, "file", &err) == 0);
	CHECK_STR(f->id, "alpine");
	CHECK_STR(f->version_id, "3.\\20.3");
	CHECK_STR(f->name, "A \"b\" $c \\d \x1b[31m");
	CHECK(refuses(facts_parse_os_release, "\nID=\"open\nX=\"\n",
		"file:2: the quotation mark is not closed"));
	CHECK(facts_parse_os_release(f, "ID=a\0b", 6, "file", &err) < 0);
	CHECK_STR(err.msg, "file:1: a byte 0");
}

static void test_accounts(void)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "#no\n+nis\n\n"
				     "evil\x1b:x:4294967295:1::/:\n";
	static const char shadow[] = "root:*:19000:0:99999:7:::\nnobody:!::::::::\n";
	static const char group[] = "root:x:0:\nsudo:x:27:a,b\n";
	cleanup_facts struct facts *f = calloc(1, sizeof(*f));

	unit_about("accounts");
	CHECK(facts_parse_passwd(f, passwd, sizeof(passwd) - 1, "file", &err) == 0);
	CHECK(refuses(facts_parse_shadow, shadow, "file:2: 10 fields, not 9"));
	CHECK(facts_parse_shadow(f, "root:*:19000:0:99999:7:::\n", 26, "file", &err) == 0);
	CHECK(facts_parse_group(f, group, sizeof(group) - 1, "file", &err) == 0);
	CHECK(f->n_users == 2 && f->users[1].uid == UINT32_MAX && f->users[1].gid == 1);
	CHECK_STR(f->users[0].password, "*");
	CHECK_STR(f->users[0].shell, "/bin/sh");
	CHECK_STR(f->users[1].name, "evil\x1b");
	CHECK_STR(f->users[1].shell, "");
	CHECK(f->n_groups == 2 && f->groups[1].gid == 27);
	CHECK_STR(f->groups[1].members, "a,b");
	CHECK(refuses(facts_parse_passwd, "a:x:0:0:\n", "file:1: 5 fields, not 7"));
	CHECK(refuses(facts_parse_passwd, "a:x:0:0::/:/bin/sh:more\n", "file:1: 8 fields, not 7"));
	CHECK(refuses(facts_parse_passwd, "a:x:4294967296:0::/:\n",
		"file:1: field 3 is no number of 32 bits"));
	CHECK(refuses(
		facts_parse_passwd, "a:x:0:-1::/:\n", "file:1: field 4 is no number of 32 bits"));
	CHECK(refuses(facts_parse_passwd, "a:x::1::/:\n", "file:1: field 3 is empty"));
	CHECK(refuses(facts_parse_group, ":x:1:\n", "file:1: no name"));
}

static void test_packages(void)
{
	static const char dpkg[] = "Package: zlib1g\n"
				   "Status: install ok installed\n"
				   "Architecture: amd64\n"
				   "Source: zlib (1:1.3)\n"
				   "Version: 1:1.3+x\n"
				   "Description: a\n"
				   " b\n"
				   "\n"
				   "Package: gone\n"
				   "Status: deinstall ok config-files\n";
	static const char apk[] = "C:Q1\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nF:lib\n\n"
				  "P:busybox\nV:1.36\n";
	cleanup_facts struct facts *deb = calloc(1, sizeof(*deb));
	cleanup_facts struct facts *alpine = calloc(1, sizeof(*alpine));

	unit_about("packages");
	CHECK(facts_parse_dpkg(deb, dpkg, sizeof(dpkg) - 1, "file", &err) == 0);
	CHECK(deb->n_packages == 2);
	CHECK_STR(deb->packages[0].source, "zlib");
	CHECK_STR(deb->packages[0].version, "1:1.3+x");
	CHECK_STR(deb->packages[1].source, "gone");
	CHECK_STR(deb->packages[1].version, "");
	CHECK_STR(deb->packages[1].status, "deinstall ok config-files");
	CHECK(facts_parse_apk(alpine, apk, sizeof(apk) - 1, "file", &err) == 0);
	CHECK(alpine->n_packages == 2);
	CHECK_STR(alpine->packages[0].name, "musl");
	CHECK_STR(alpine->packages[1].source, "busybox");
	CHECK_STR(alpine->packages[1].arch, "");
	CHECK(refuses(facts_parse_apk, "P:a\n\n", "file:2: a package without name or version"));
	CHECK(refuses(facts_parse_apk, "P:a\nV:1\nP:b\n", "file:3: field P for a second time"));
	CHECK(refuses(facts_parse_apk, "P:a\nPackage: x\n", "file:2: not a letter and a colon"));
}

/* Name and target of every service. */
static void check_services(const struct facts *f, const char *want)
{
	cleanup_buf struct buf got = {0};

	for (size_t i = 0; i < f->n_services; i++)
		buf_printf(&got, NULL, "%s %s\n", f->services[i].name, f->services[i].target);
	CHECK_STR(buf_str(&got), want);
}

static void test_debian(void)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_facts struct facts *f = NULL;
	struct guest g = {0};

	unit_about("debian");
	CHECK(tree_new(&t, 100, &err) == 0);
	g.root = t;
	put_link(t, "bin", "usr/bin");
	put_link(t, "lib", "usr/lib");
	put_link(t, "sbin", "usr/sbin");
	put_link(t, "usr/sbin/init", "../lib/systemd/systemd");
	put_text(t, "usr/lib/systemd/systemd", "");
	put_link(t, "usr/bin/sh", "dash");
	put_bytes(t, "usr/bin/dash", elf_arm64, sizeof(elf_arm64) - 1);
	put_text(t, "usr/lib/os-release", "ID=debian\nVERSION_ID=13\n");
	put_link(t, "etc/os-release", "../usr/lib/os-release");
	put_text(t, "etc/hostname", " vm \nx\n");
	put_text(t, "boot/vmlinuz-6.12.2-amd64", "");
	put_text(t, "boot/vmlinuz-6.12.1-amd64", "");
	put_text(t, "boot/initrd.img-6.12.2-amd64", "");
	put_text(t, "var/lib/dpkg/status", "Package: a\nStatus: install ok installed\n");
	put_link(t, "etc/systemd/system/multi-user.target.wants/ssh.service", "/x");
	put_link(t, "etc/systemd/system/multi-user.target.wants/masked.service", "/x");
	put_link(t, "etc/systemd/system/masked.service", "/dev/null");
	put_link(t, "etc/systemd/system/null.service", "/dev/null");
	put_link(t, "etc/systemd/system/a.target.requires/z.socket", "/x");
	put_link(t, "usr/lib/systemd/system/timers.target.wants/tmp.timer", "../tmp.timer");
	put_link(t, "usr/lib/systemd/system/sockets.target.wants/no.service", "../no.service");
	CHECK(facts_load(&f, &g, &err) == 0);
	CHECK_STR(f->id, "debian");
	CHECK_STR(f->version_id, "13");
	CHECK_STR(f->name, "");
	CHECK_STR(f->arch, "aarch64");
	CHECK_STR(f->hostname, "vm");
	CHECK(f->init == FACTS_INIT_SYSTEMD && f->packager == FACTS_DEB && f->n_packages == 1);
	CHECK(f->n_kernels == 2 && !f->kernels[0].initramfs);
	CHECK_STR(f->kernels[0].version, "6.12.1-amd64");
	CHECK_STR(f->kernels[1].initramfs, "/boot/initrd.img-6.12.2-amd64");
	check_services(f, "ssh.service multi-user.target.wants\n"
			  "tmp.timer timers.target.wants\n"
			  "z.socket a.target.requires\n");
}

static void test_alpine(void)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_facts struct facts *f = NULL;
	struct guest g = {0};

	unit_about("alpine");
	CHECK(tree_new(&t, 100, &err) == 0);
	g.root = t;
	put_text(t, "bin/sh", "#!no program\n");
	put_bytes(t, "bin/busybox", elf_s390x, sizeof(elf_s390x) - 1);
	put_link(t, "sbin/init", "/bin/busybox");
	put_text(t, "sbin/openrc", "");
	put_text(t, "boot/vmlinuz-virt", "");
	put_text(t, "boot/initramfs-virt", "");
	put_dir(t, "lib/modules/6.6.1-0-lts");
	put_dir(t, "lib/modules/6.6.1-0-virt");
	put_text(t, "lib/apk/db/installed", "P:a\nV:1\n");
	put_link(t, "etc/runlevels/default/sshd", "/etc/init.d/sshd");
	put_link(t, "etc/runlevels/boot/hostname", "/etc/init.d/hostname");
	CHECK(facts_load(&f, &g, &err) == 0);
	CHECK_STR(f->id, "");
	CHECK_STR(f->arch, "s390x");
	CHECK(f->init == FACTS_INIT_OPENRC && f->packager == FACTS_APK && f->n_kernels == 1);
	CHECK_STR(f->kernels[0].version, "6.6.1-0-virt");
	CHECK_STR(f->kernels[0].initramfs, "/boot/initramfs-virt");
	check_services(f, "hostname boot\nsshd default\n");
}

static void test_nothing(void)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_facts struct facts *f = NULL;
	struct guest g = {0};

	unit_about("nothing");
	CHECK(tree_new(&t, 100, &err) == 0);
	g.root = t;
	CHECK(facts_load(&f, &g, &err) == 0);
	CHECK(f->packager == FACTS_NONE && f->init == FACTS_INIT_NONE && f->n_packages == 0);
	CHECK_STR(f->arch, "");
	put_link(t, "etc/passwd", "passwd");
	facts_free(steal_ptr(&f));
	CHECK(facts_load(&f, &g, &err) < 0 && err.kind == ERR_FORMAT);
	CHECK_STR(err.msg, "/etc/passwd: /etc/passwd: more than 40 symbolic links on the way");
}

int main(void)
{
	test_os_release();
	test_accounts();
	test_packages();
	test_debian();
	test_alpine();
	test_nothing();
	return unit_done();
}
