/* The checks of the guest policy on a guest whose files hold anything: the first byte says which
 * file, "|" on a line of its own ends it and starts the next. No check may fail to judge for lack
 * of a disk, and what is reported must be safe to print. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "guest/policy.h"

static const char *const paths[] = {"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/a.conf",
	"/etc/sudoers", "/etc/sudoers.d/a", "/etc/shadow", "/etc/subuid", "/etc/fstab",
	"/boot/grub/grub.cfg", "/boot/grub/grubenv", "/etc/cloud/cloud.cfg",
	"/etc/apt/sources.list", "/etc/apt/sources.list.d/a.sources", "/etc/apt/apt.conf.d/a",
	"/etc/apk/repositories", "/etc/apk/world", "/etc/nix/nix.conf", "/etc/resolv.conf",
	"/etc/environment", "/etc/default/ssh", "/etc/inittab", "/etc/systemd/resolved.conf",
	"/usr/lib/python3/__pycache__/a.pyc", "/boot/vmlinuz-1", "/etc/hostname",
	"/etc/dpkg/dpkg.cfg.d/a", "/lib/modules/1/modules.dep", "/boot/initrd.img-1"};

#define N_PATHS (sizeof(paths) / sizeof(paths[0]))

static void put_file(struct tree *t, const char *path, const char *text, size_t len)
{
	struct tree_inode *inode = tree_inode_new(t, NULL);

	if (!inode || !(inode->bytes = tree_strndup(t, text, len, NULL)) ||
		!(inode->spans = tree_zalloc(t, sizeof(*inode->spans), NULL)))
		abort();
	inode->mode = 0100644;
	inode->size = len;
	inode->origin = TREE_MEMORY;
	inode->n_spans = len > 0;
	inode->spans[0].length = len;
	if (tree_put(t, path, inode, NULL) < 0)
		abort();
}

static void put_files(struct tree *t, const char *text, size_t len)
{
	size_t which = len > 0 ? (unsigned char)text[0] % N_PATHS : 0;
	const char *end = text + len;

	for (const char *p = len > 0 ? text + 1 : text; p < end; which = (which + 1) % N_PATHS) {
		const char *bar = memmem(p, (size_t)(end - p), "\n|\n", 3);
		const char *stop = bar ? bar + 1 : end;

		put_file(t, paths[which], p, (size_t)(stop - p));
		p = bar ? bar + 3 : end;
	}
}

static void check_report(const struct policy_report *r)
{
	struct buf text = {0};

	for (size_t i = 0; i < r->n; i++) {
		const char *found = r->items[i].found;

		if (!utf8_valid(found, strlen(found)))
			abort();
		for (; *found; found++) {
			if (((unsigned char)*found < ' ' && *found != '\n') || *found == 0x7f)
				abort();
		}
	}
	if (policy_write_text(r, "image", true, &text, NULL) < 0 ||
		policy_write_json(r, "image", &text, NULL) < 0 ||
		policy_write_junit(r, "image", &text, NULL) < 0)
		abort();
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char arch[] = "x86_64", none[] = "", name[] = "root", version[] = "1";
	static char image[] = "/boot/vmlinuz-1", initramfs[] = "/boot/initrd.img-1";
	struct facts_user user = {name, none, none, name, 0, 0};
	struct facts_package package = {name, version, arch, name, name};
	struct facts_kernel kernel = {version, image, initramfs};
	struct facts f = {.id = none,
		.arch = arch,
		.hostname = none,
		.init = FACTS_INIT_SYSTEMD,
		.users = &user,
		.n_users = 1,
		.packages = &package,
		.n_packages = 1,
		.kernels = &kernel,
		.n_kernels = 1};
	struct part root = {.number = 1, .fs_uuid = "0b0b0b0b-0000-4000-8000-000000000000"};
	struct guest g = {.fd = -1, .parts = {.n = 1, .items = {root}}};
	const struct policy_options opt = {.lima = true, .sshd_settings = "permitrootlogin no\n"};
	cleanup_tree struct tree *t = NULL;
	struct policy_report r = {0};

	if (tree_new(&t, 0, NULL) < 0)
		abort();
	put_files(t, (const char *)data, len);
	g.root = t;
	g.root_part = &g.parts.items[0];
	f.packager = len > 0 && data[0] & 0x80 ? FACTS_APK : FACTS_DEB;
	if (policy_run(&r, &g, &f, &opt, NULL) < 0)
		abort();
	check_report(&r);
	policy_report_release(&r);
	return 0;
}
