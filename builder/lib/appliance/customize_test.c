/* Operations applied in a real appliance, to a guest that is made here: systemd's files without
 * systemd, and of the host's programs what a command needs. Read back with our own reader. */
#include "appliance/customize.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "guest/guest.h"
#include "image/contents.h"
#include "image/ext4.h"
#include "image/ext4_read.h"
#include "unit.h"

#define EPOCH 1700000000
#define DISK_BYTES ((uint64_t)64 << 20)
#define PLAIN "[Install]\nWantedBy=multi-user.target\n"

static char top[] = "/tmp/customize-test.XXXXXX";

/* Text "-> x": a link; "/": a folder; "=": the host's file. */
static const struct {
	const char *path, *text;
	mode_t mode;
} files[] = {
	{"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nold:x:1000:1000::/home/old:/bin/sh\n",
		0644},
	{"/etc/group", "root:x:0:\nadm:x:4:\nold:x:1000:\n", 0644},
	{"/etc/shadow", "root:$6$hash:1:0:99999:7:::\nold:!:1::::::\n", 0640},
	{"/etc/gshadow", "root:*::\nadm:*::\nold:!::\n", 0640},
	{"/etc/subuid", "", 0644},
	{"/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\tbuild\n", 0644},
	{"/etc/skel/.profile", "skel\n", 0644},
	{"/etc/skel/.config/x", "y\n", 0600},
	{"/etc/motd", "one two one\n", 0600},
	{"/etc/locked.conf", "kept\n", 0440},
	{"/var/log/big", "text\n", 0640},
	{"/root", "/", 0700},
	{"/tmp", "/", 01777},
	{"/dev", "/", 0755},
	{"/proc", "/", 0755},
	{"/sys", "/", 0755},
	{"/usr/share/zoneinfo/Europe/Berlin", "TZif", 0644},
	{"/usr/lib/systemd/system/ssh.service", PLAIN "Alias=sshd.service\n", 0644},
	{"/usr/lib/systemd/system/cron.service", PLAIN, 0644},
	{"/etc/systemd/system/multi-user.target.wants/cron.service",
		"-> /usr/lib/systemd/system/cron.service", 0},
	{"/etc/systemd/system/cron-alias.service", "-> /usr/lib/systemd/system/cron.service", 0},
	{"/bin", "-> usr/bin", 0},
	{"/usr/bin/sh", "=/bin/sh", 0755},
	{"/usr/bin/env", "=/usr/bin/env", 0755},
	{"/usr/bin/mkfifo", "=/usr/bin/mkfifo", 0755},
	{"/usr/bin/tail", "=/usr/bin/tail", 0755},
	{"/usr/bin/tr", "=/usr/bin/tr", 0755},
	{"/usr/bin/mkdir", "=/usr/bin/mkdir", 0755},
	{"/usr/bin/rm", "=/usr/bin/rm", 0755},
};

static const char operations[] =
	"- write: {path: /etc/new/file, content: \"a\\nb\\n\", mode: \"0640\", owner: "
	"\"root:adm\"}\n"
	"- write: {path: /etc/locked.conf, content: changed}\n"
	"- append-line: {path: /etc/hosts, line: \"::1 six\"}\n"
	"- append-line: {path: /etc/hosts, line: \"::1 six\"}\n"
	"- copy-in: {source: tree, path: /opt}\n"
	"- copy-in: {source: tree/., path: /srv}\n"
	"- copy-in: {source: tree/run, path: /usr/local/bin}\n"
	"- tar-in: {source: x.tar, path: /unpacked}\n"
	"- upload: {source: tree/data, path: /up/data, mode: \"4755\", owner: old}\n"
	"- mkdir: {path: /var/lib/a/b, mode: \"0750\", owner: old:adm}\n"
	"- move: {from: /srv/data, to: /srv/sub/moved}\n"
	"- delete: /opt/tree/data\n"
	"- link: {path: /etc/alternatives/x, target: ../new/file}\n"
	"- chmod: {path: /root, mode: \"0711\"}\n"
	"- chown: {path: /tmp, owner: \"7:8\"}\n"
	"- truncate: /var/log/big\n"
	"- edit: {path: /etc/motd, match: one, replace: three, count: 2}\n"
	"- hostname: box.example\n"
	"- timezone: Europe/Berlin\n"
	"- group: {name: builders, system: true}\n"
	"- user: {name: lin, groups: [adm, builders], comment: Lin}\n"
	"- ssh-inject: {user: lin, key: \"ssh-ed25519 AAAAC3Nz lin\"}\n"
	"- ssh-inject: {user: lin, file: keys}\n"
	"- lock-password: root\n"
	"- enable: [ssh]\n"
	"- disable: [cron]\n"
	"- run: {script: \"mkdir /made && echo $A $SOURCE_DATE_EPOCH >/made/by-run\", env: {A: "
	"\"x'y\"}}\n"
	"- firstboot: {name: one, script: \"echo 1\"}\n"
	"- firstboot: {name: two, source: tree/run}\n";

/* What the guest must have then; NULL: must be absent. mode 0: not looked at. */
static const struct {
	const char *path, *text;
	mode_t mode;
	uint32_t uid, gid;
} wanted[] = {
	{"/etc/new/file", "a\nb\n", 0640, 0, 4},
	{"/etc/locked.conf", "changed", 0440, 0, 0},
	{"/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\tbox.example box\n::1 six\n", 0644, 0, 0},
	{"/opt/tree/data", NULL, 0, 0, 0},
	{"/opt/tree/run", "#!/bin/sh\necho run\n", 0755, 0, 0},
	{"/opt/tree/sub/link", "-> ../data", 0, 0, 0},
	{"/usr/local/bin/run", "#!/bin/sh\necho run\n", 0755, 0, 0},
	{"/unpacked/tree/data", "data\n", 0600, 0, 0},
	{"/up/data", "data\n", 04755, 1000, 1000},
	{"/var/lib/a/b", "/", 0750, 1000, 4},
	{"/srv/data", NULL, 0, 0, 0},
	{"/srv/sub/moved", "data\n", 0644, 0, 0},
	{"/etc/alternatives/x", "-> ../new/file", 0, 0, 0},
	{"/root", "/", 0711, 0, 0},
	{"/tmp", "/", 01777, 7, 8},
	{"/var/log/big", "", 0640, 0, 0},
	{"/etc/motd", "three two three\n", 0600, 0, 0},
	{"/etc/hostname", "box.example\n", 0644, 0, 0},
	{"/etc/localtime", "-> /usr/share/zoneinfo/Europe/Berlin", 0, 0, 0},
	{"/etc/timezone", "Europe/Berlin\n", 0644, 0, 0},
	{"/etc/passwd",
		"root:x:0:0:root:/root:/bin/sh\nold:x:1000:1000::/home/old:/bin/sh\n"
		"lin:x:1001:1001:Lin:/home/lin:/bin/sh\n",
		0644, 0, 0},
	{"/etc/group", "root:x:0:\nadm:x:4:lin\nold:x:1000:\nbuilders:x:999:lin\nlin:x:1001:\n",
		0644, 0, 0},
	{"/etc/shadow", "root:!:1:0:99999:7:::\nold:!:1::::::\nlin:!:19675:0:99999:7:::\n", 0640, 0,
		0},
	{"/etc/gshadow", "root:*::\nadm:*::lin\nold:!::\nbuilders:!::lin\nlin:!::\n", 0640, 0, 0},
	{"/etc/subuid", "lin:100000:65536\n", 0644, 0, 0},
	{"/etc/subgid", NULL, 0, 0, 0},
	{"/home/lin", "/", 0700, 1001, 1001},
	{"/home/lin/.profile", "skel\n", 0644, 1001, 1001},
	{"/home/lin/.config/x", "y\n", 0644, 1001, 1001},
	{"/home/lin/.ssh", "/", 0700, 1001, 1001},
	{"/home/lin/.ssh/authorized_keys", "ssh-ed25519 AAAAC3Nz lin\nssh-rsa AAAAB3 two\n", 0600,
		1001, 1001},
	{"/etc/systemd/system/multi-user.target.wants/ssh.service",
		"-> /usr/lib/systemd/system/ssh.service", 0, 0, 0},
	{"/etc/systemd/system/sshd.service", "-> /usr/lib/systemd/system/ssh.service", 0, 0, 0},
	{"/etc/systemd/system/multi-user.target.wants/cron.service", NULL, 0, 0, 0},
	{"/etc/systemd/system/cron-alias.service", NULL, 0, 0, 0},
	{"/made/by-run", "x'y 1700000000\n", 0644, 0, 0},
	{"/usr/lib/limekiln/firstboot.d/01-one", "#!/bin/sh\necho 1", 0755, 0, 0},
	{"/usr/lib/limekiln/firstboot.d/02-two", "#!/bin/sh\necho run\n", 0755, 0, 0},
	{"/etc/systemd/system/multi-user.target.wants/limekiln-firstboot.service",
		"-> /usr/lib/systemd/system/limekiln-firstboot.service", 0, 0, 0},
	{"/.limekiln-packages", NULL, 0, 0, 0},
};

/* Operations that must fail, before the others, and change nothing that is looked at. */
static const struct {
	const char *text, *says;
	enum err_kind kind;
} failing[] = {
	{"- append-line: {path: /etc/x, line: a}\n",
		"ops.yaml:1: append-line /etc/x: no such file in the guest: /etc/x", ERR_CHECK},
	{"- delete: /nowhere\n", "delete /nowhere: no such file", ERR_CHECK},
	{"- edit: {path: /etc/motd, match: one, replace: x}\n",
		"edit /etc/motd: the text to replace stands there 2 times, not 1", ERR_CHECK},
	{"- chown: {path: /etc/motd, owner: nobody}\n", "there is no user 'nobody'", ERR_CHECK},
	{"- truncate: /nowhere\n", "truncate /nowhere: no such file", ERR_CHECK},
	{"- edit: {path: /root, match: one, replace: x}\n", "/root is no regular file", ERR_CHECK},
	{"- timezone: Europe\n", "the guest has no time zone of that name", ERR_CHECK},
	{"- enable: [nothing]\n", "there is no unit nothing.service", ERR_CHECK},
	{"- ssh-inject: {user: old, key: \"ssh-rsa AAAA x\"}\n",
		"the home of 'old', '/home/old', is not in the guest", ERR_CHECK},
	{"- user: {name: new, shell: /bin/zsh}\n", "no such file in the guest: /bin/zsh",
		ERR_CHECK},
	{"- run: \"echo to see; exit 3\"\n", "run: the command failed with exit status 3",
		ERR_CHECK},
};

static void in_top(char path[512], const char *name)
{
	snprintf(path, 512, "%s/%s", top, name);
}

static void put_host(const char *name, const char *text, mode_t mode)
{
	char path[512];

	in_top(path, name);
	CHECK(outfile_write(path, mode, text, strlen(text), NULL) == 0);
}

static void make_sources(void)
{
	cleanup_free char *command = mem_printf(NULL,
		"cd %s && mkdir -p tree/sub && umask 077 && ln -s ../data tree/sub/link", top);

	CHECK(system(command) == 0);
	put_host("tree/data", "data\n", 0600);
	put_host("tree/run", "#!/bin/sh\necho run\n", 0700);
	put_host("keys", "# two keys\nssh-ed25519 AAAAC3Nz lin\nssh-rsa AAAAB3 two\n", 0644);
	cleanup_free char *tar = mem_printf(NULL,
		"tar -C %s --owner=0 --group=0 --numeric-owner -cf %s/x.tar tree/data", top, top);
	CHECK(system(tar) == 0);
}

static void add_host_file(struct tree *t, const char *path, const char *host, mode_t mode)
{
	struct tree_inode *inode = tree_inode_new(t, NULL);
	struct stat st;

	CHECK(stat(host, &st) == 0);
	inode->mode = S_IFREG | mode;
	inode->origin = TREE_HOST;
	inode->host_path = tree_strndup(t, host, strlen(host), NULL);
	inode->size = (uint64_t)st.st_size;
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), NULL);
	inode->spans[0].length = inode->size;
	inode->n_spans = 1;
	CHECK(tree_put(t, path, inode, NULL) == 0);
}

static void add_link(struct tree *t, const char *path, const char *target)
{
	struct tree_inode *inode = tree_inode_new(t, NULL);

	inode->mode = S_IFLNK | 0777;
	inode->target = tree_strndup(t, target, strlen(target), NULL);
	inode->size = strlen(target);
	CHECK(tree_put(t, path, inode, NULL) == 0);
}

static void add_text(struct tree *t, const char *path, const char *text, mode_t mode)
{
	struct tree_inode *inode = tree_inode_new(t, NULL);

	inode->mode = S_IFREG | mode;
	inode->origin = TREE_MEMORY;
	inode->bytes = text;
	inode->size = strlen(text);
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), NULL);
	inode->spans[0].length = inode->size;
	inode->n_spans = inode->size > 0;
	CHECK(tree_put(t, path, inode, NULL) == 0);
}

static void add_folder(struct tree *t, const char *path, mode_t mode)
{
	struct tree_inode *inode = tree_inode_new(t, NULL);

	inode->mode = S_IFDIR | mode;
	CHECK(tree_put(t, path, inode, NULL) == 0);
}

/* What ldd says that the host's program needs. */
static void add_libraries(struct tree *t, const char *program)
{
	cleanup_free char *command = mem_printf(NULL, "ldd %s", program);
	FILE *list = popen(command, "r");
	char line[1024];
	struct tree_node *node;

	CHECK(list != NULL);
	while (list && fgets(line, sizeof(line), list)) {
		char *path = strchr(line, '/');

		if (!path)
			continue;
		path[strcspn(path, " ")] = 0;
		CHECK(tree_find(t, path, &node, NULL) == 0);
		if (!node)
			add_host_file(t, path, path, 0755);
	}
	CHECK(list && pclose(list) == 0);
}

static void make_disk(const char *path)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_outfile struct outfile *out = NULL;
	struct ext4_options opt = {.size_bytes = DISK_BYTES,
		.epoch_s = EPOCH,
		.uuid = "customize-test!",
		.hash_seed = "customize-test!",
		.label = "root"};
	struct ext4_stats stats;
	struct err e = {0};
	uint64_t needed;

	CHECK(tree_new(&t, EPOCH, NULL) == 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *text = files[i].text;

		if (strncmp(text, "-> ", 3) == 0)
			add_link(t, files[i].path, text + 3);
		else if (strcmp(text, "/") == 0)
			add_folder(t, files[i].path, files[i].mode);
		else if (text[0] == '=') {
			add_host_file(t, files[i].path, text + 1, files[i].mode);
			add_libraries(t, text + 1);
		} else
			add_text(t, files[i].path, text, files[i].mode);
	}
	CHECK(outfile_open(&out, path, 0600, NULL) == 0);
	CHECK(ftruncate(outfile_fd(out), (off_t)DISK_BYTES) == 0);
	CHECK(ext4_write(outfile_fd(out), &opt, t, &stats, &needed, &e) == 0);
	CHECK(contents_write(outfile_fd(out), t, NULL, 0, NULL, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK(outfile_commit(out, NULL) == 0);
}

static int apply(
	struct appliance *a, const char *text, const struct customize_options *opt, struct err *e)
{
	struct ops ops = {0};
	char path[512];

	in_top(path, "ops.yaml");
	*e = (struct err){0};
	int rc = ops_parse(&ops, text, strlen(text), path, e);
	if (rc == 0)
		rc = customize_check(&ops, opt, e);
	if (rc == 0)
		rc = customize_apply(a, &ops, opt, e);
	ops_release(&ops);
	return rc;
}

static void check_node(struct tree *t, size_t i)
{
	struct tree_node *node = NULL;
	cleanup_buf struct buf text = {0};
	const char *want = wanted[i].text;

	CHECK(guest_lookup_nofollow(t, wanted[i].path, &node, NULL) == 0);
	if (!CHECK(!node == !want) || !node) {
		printf("# %s\n", wanted[i].path);
		return;
	}
	const struct tree_inode *inode = node->inode;
	if (S_ISLNK(inode->mode))
		buf_printf(&text, NULL, "-> %s", inode->target);
	else if (S_ISDIR(inode->mode))
		buf_puts(&text, "/", NULL);
	else
		CHECK(guest_read_inode(inode, 1 << 20, &text, NULL) == 0);
	bool ok = CHECK_STR(buf_str(&text), want);
	if (wanted[i].mode)
		ok &= CHECK((inode->mode & 07777) == wanted[i].mode) &&
		      CHECK(inode->uid == wanted[i].uid && inode->gid == wanted[i].gid);
	if (!ok)
		printf("# %s: mode %o owner %u:%u\n", wanted[i].path, inode->mode & 07777,
			inode->uid, inode->gid);
}

static void check_disk(const char *path)
{
	cleanup_close int fd = io_open_read(path, NULL);
	struct ext4_read_options opt = {.fd = fd, .size_bytes = DISK_BYTES, .epoch_s = INT64_MAX};
	cleanup_tree struct tree *t = NULL;
	struct err e = {0};

	unit_about("read back");
	if (!CHECK(ext4_read(&opt, &t, NULL, &e) == 0)) {
		printf("# %s\n", e.msg);
		return;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		check_node(t, i);
}

static void run(const char *disk, const struct customize_options *opt)
{
	cleanup_close int disk_fd = open(disk, O_RDWR | O_CLOEXEC);
	const struct appliance_options start = {
		.disk_fd = disk_fd, .packages_fd = -1, .accel = "tcg"};
	cleanup_appliance struct appliance *a = NULL;
	struct err e = {0};

	unit_about("appliance");
	if (appliance_start(&a, &start, &e) < 0) {
		if (e.kind == ERR_UNSUPPORTED)
			printf("ok %d - # SKIP %s\n", ++unit_count, e.msg);
		else if (!CHECK(e.kind == ERR_NONE))
			printf("# %s\n", e.msg);
		return;
	}
	CHECK(appliance_mount(a, 0, "/", &e) == 0);
	unit_about("failing");
	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		CHECK(apply(a, failing[i].text, opt, &e) == -1 && e.kind == failing[i].kind);
		if (!CHECK(strstr(e.msg, failing[i].says)))
			printf("# %s\n", e.msg);
	}
	unit_about("apply");
	if (!CHECK(apply(a, operations, opt, &e) == 0))
		printf("# %s\n", e.msg);
	CHECK(appliance_stop(a, &e) == 0);
	check_disk(disk);
}

static void test_checks(const struct customize_options *opt)
{
	struct facts other = *opt->facts;
	struct customize_options foreign = *opt;
	struct err e;

	unit_about("checks before the start");
	other.arch = (char[]){"riscv128"};
	foreign.facts = &other;
	CHECK(apply(NULL, "- run: x\n", &foreign, &e) == -1 && e.kind == ERR_UNSUPPORTED);
	CHECK(strstr(e.msg, "ops.yaml:1: run: the guest's programs cannot run here") != NULL);
	CHECK(strstr(e.msg, "riscv128") != NULL);
	CHECK(apply(NULL, "- install: [xy]\n", opt, &e) == -1 && e.kind == ERR_USAGE);
	CHECK(apply(NULL, "- upload: {source: no, path: /x}\n", opt, &e) == -1 && e.kind == ERR_IO);
	CHECK(apply(NULL, "- upload: {source: tree, path: /x}\n", opt, &e) == -1 &&
		e.kind == ERR_IO);
	foreign = *opt;
	foreign.packages_dir = top;
	put_host("Packages", "Package: one\nVersion: 1\n\nPackage: two\nVersion: 2\n", 0644);
	CHECK(apply(NULL, "- install: [two, three]\n", &foreign, &e) == -1 &&
		e.kind == ERR_INTEGRITY);
	CHECK(strstr(e.msg, "install two: package three is not in the lock") != NULL);
}

int main(void)
{
	struct utsname host;
	char disk[512];

	if (!mkdtemp(top) || uname(&host) < 0)
		return 1;
	struct facts facts = {
		.arch = host.machine, .packager = FACTS_DEB, .init = FACTS_INIT_SYSTEMD};
	const struct customize_options opt = {.facts = &facts, .epoch_s = EPOCH};
	unit_about("prepare");
	make_sources();
	in_top(disk, "disk.raw");
	make_disk(disk);
	test_checks(&opt);
	run(disk, &opt);
	cleanup_free char *clean = mem_printf(NULL, "rm -rf %s", top);
	CHECK(system(clean) == 0);
	return unit_done();
}
