#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

static const char *const grub_cfgs[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"};

/* Append the root's grub.cfg; *path is NULL when there is none. */
static int read_grub_cfg(struct policy_ctx *c, struct buf *text, const char **path, struct err *e)
{
	bool found = false;

	*path = NULL;
	for (size_t i = 0; i < 2 && !found; i++) {
		if (policy_read(c, grub_cfgs[i], text, &found, e) < 0)
			return -1;
		*path = found ? grub_cfgs[i] : NULL;
	}
	return 0;
}

static bool has_fs(const struct policy_ctx *c, const char *uuid)
{
	for (size_t i = 0; i < c->g->parts.n; i++) {
		if (strcasecmp(c->g->parts.items[i].fs_uuid, uuid) == 0)
			return true;
	}
	return false;
}

static bool is_uuid(const char *word)
{
	return strlen(word) == 36 && strspn(word, "0123456789abcdefABCDEF-") == 36;
}

/* UUIDs that "search" looks for must be a file system's of this disk, those of root=UUID= the
 * root's. */
static int check_grub_word(
	struct policy_ctx *c, const char *path, const char *line, const char *word, struct err *e)
{
	const char *root = strstr(word, "root=UUID=");

	if (root) {
		cleanup_free char *uuid = mem_strndup(root + 10, strcspn(root + 10, "\" "), e);

		if (!uuid)
			return -1;
		if (strcasecmp(uuid, c->g->root_part->fs_uuid) != 0)
			return policy_found(c, e, "%s: root=UUID=%s, but the root is %s", path,
				uuid, c->g->root_part->fs_uuid);
	}
	if (strncmp(line, "search", 6) == 0 && is_uuid(word) && !has_fs(c, word))
		return policy_found(c, e, "%s: looks for %s, which is not on the disk", path, word);
	return 0;
}

static int check_grub_text(struct policy_ctx *c, const char *path, char *text, struct err *e)
{
	for (char *at = text, *line; (line = policy_line(&at));) {
		cleanup_free char *words = mem_strdup(line, e);
		char *save = NULL;

		if (!words)
			return -1;
		for (char *w = strtok_r(words, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
			if (check_grub_word(c, path, line, w, e) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_grub_cfg(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};
	const char *path;

	if (read_grub_cfg(c, &text, &path, e) < 0)
		return -1;
	if (!path)
		return policy_skip(c, "the root has no grub.cfg");
	return check_grub_text(c, path, text.data, e);
}

static int check_esp_cfg(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = c->g->esp ? tree_root(c->g->esp) : NULL;
	bool any = false;

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		cleanup_buf struct buf text = {0};
		char path[TREE_PATH_TEXT];
		char name[TREE_PATH_TEXT + 8];

		if (strcasecmp(n->name, "grub.cfg") != 0 || !S_ISREG(n->inode->mode))
			continue;
		any = true;
		snprintf(name, sizeof(name), "ESP:%s", tree_node_path(n, path));
		if (guest_read_inode(n->inode, POLICY_FILE_MAX, &text, e) < 0)
			return err_prefix(e, "%s", name);
		if (check_grub_text(c, name, text.data, e) < 0)
			return -1;
	}
	return any ? 0 : policy_skip(c, "the EFI system partition has no grub.cfg");
}

/* True in *is when GRUB finds a file by path: in the root, or in a file system of /boot's. */
static int grub_finds(struct policy_ctx *c, const char *path, bool *is, struct err *e)
{
	cleanup_free char *below = mem_printf(e, "/boot/%s", path);

	if (!below || policy_exists(c, path, is, e) < 0)
		return -1;
	return *is ? 0 : policy_exists(c, below, is, e);
}

/* The first lines "linux" and "initrd": the first boot's entry. */
static int check_entry(struct policy_ctx *c, struct err *e)
{
	static const char *const commands[] = {"linux", "initrd"};
	cleanup_buf struct buf text = {0};
	bool seen[2] = {false, false};
	const char *path;

	if (read_grub_cfg(c, &text, &path, e) < 0)
		return -1;
	if (!path)
		return policy_skip(c, "the root has no grub.cfg");
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		size_t len = strcspn(line, " \t");
		char *file = line + len + strspn(line + len, " \t");
		bool is;

		for (size_t i = 0; i < 2; i++) {
			if (seen[i] || strlen(commands[i]) != len ||
				strncmp(line, commands[i], len) != 0)
				continue;
			seen[i] = true;
			file[strcspn(file, " \t")] = 0;
			if (grub_finds(c, file, &is, e) < 0 ||
				(!is && policy_found(c, e, "%s: %s is not there", path, file) < 0))
				return -1;
		}
	}
	return seen[0] ? 0 : policy_found(c, e, "%s starts no kernel", path);
}

static int check_kernels(struct policy_ctx *c, struct err *e)
{
	return c->f->n_kernels > 0 ? 0 : policy_found(c, e, "there is no kernel in /boot");
}

static int check_initramfs(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_kernels; i++) {
		const struct facts_kernel *k = &c->f->kernels[i];

		if (!k->initramfs && policy_found(c, e, "%s has no initramfs", k->image) < 0)
			return -1;
	}
	return 0;
}

static int check_modules(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_kernels; i++) {
		struct tree_node *n;

		if (policy_modules_dir(c, &c->f->kernels[i], &n, e) < 0)
			return -1;
		if (!n && policy_found(c, e, "%s: there are no modules for %s in /lib/modules",
				  c->f->kernels[i].image, c->f->kernels[i].version) < 0)
			return -1;
	}
	return 0;
}

/* How initramfs archives start: cpio (newc), gzip, zstd, xz, lz4 (legacy), bzip2, lzma. */
static bool is_initramfs(const unsigned char *head)
{
	static const struct {
		const char *magic;
		size_t len;
	} kinds[] = {{"070701", 6}, {"070702", 6}, {"\x1f\x8b", 2}, {"\x28\xb5\x2f\xfd", 4},
		{"\xfd"
		 "7zXZ",
			5},
		{"\x02\x21\x4c\x18", 4}, {"BZh", 3}, {"\x5d\x00\x00", 3}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (memcmp(head, kinds[i].magic, kinds[i].len) == 0)
			return true;
	}
	return false;
}

/* Whether head starts a kernel for arch that UEFI can start: Linux, Documentation/arch/x86/boot.rst
 * ("HdrS") and arm64/booting.rst ("ARM\x64"); arm64 also as a PE file that unpacks itself. */
static bool is_kernel(const unsigned char *head, const char *arch)
{
	if (strcmp(arch, "x86_64") == 0)
		return memcmp(head + 0x202, "HdrS", 4) == 0;
	return memcmp(head + 0x38, "ARM\x64", 4) == 0 ||
	       (memcmp(head, "MZ", 2) == 0 && memcmp(head + 4, "zimg", 4) == 0) ||
	       memcmp(head, "\x1f\x8b", 2) == 0;
}

static int check_formats(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->f->n_kernels; i++) {
		const struct facts_kernel *k = &c->f->kernels[i];
		const char *const paths[] = {k->image, k->initramfs};

		for (size_t p = 0; p < 2 && paths[p]; p++) {
			unsigned char head[1024] = {0};
			struct tree_node *n;
			size_t got;

			if (policy_lookup(c, paths[p], &n, e) < 0)
				return -1;
			if (!n || !S_ISREG(n->inode->mode))
				continue;
			if (guest_pread_inode(n->inode, head, sizeof(head), 0, &got, e) < 0)
				return err_prefix(e, "%s", paths[p]);
			bool good = p == 0 ? is_kernel(head, c->f->arch) : is_initramfs(head);
			if (!good &&
				policy_found(c, e, "%s is no %s", paths[p],
					p == 0 ? "kernel for this architecture" : "initramfs") < 0)
				return -1;
		}
	}
	return 0;
}

/* True when a device of fstab(5) is a file system of this disk; *root: the root's. */
static bool is_on_disk(const struct policy_ctx *c, const char *device, bool *root)
{
	static const char *const prefixes[] = {"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=",
		"/dev/disk/by-uuid/", "/dev/disk/by-label/"};

	*root = false;
	for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
		size_t len = strlen(prefixes[k]);

		if (strncmp(device, prefixes[k], len) != 0)
			continue;
		const char *value = device + len + (device[len] == '"');
		size_t value_len = strcspn(value, "\"");
		for (size_t i = 0; i < c->g->parts.n; i++) {
			const struct part *p = &c->g->parts.items[i];
			const char *const have[] = {
				p->fs_uuid, p->fs_label, p->uuid, p->name, p->fs_uuid, p->fs_label};

			if (value_len > 0 && strlen(have[k]) == value_len &&
				strncasecmp(have[k], value, value_len) == 0) {
				*root = p == c->g->root_part;
				return true;
			}
		}
	}
	return false;
}

/* One line of fstab. *rooted: it mounts the root. */
static int check_mount(struct policy_ctx *c, char *line, bool *rooted, struct err *e)
{
	char *save = NULL;
	const char *device = strtok_r(line, " \t", &save);
	const char *point = strtok_r(NULL, " \t", &save);
	bool is_root;

	if (!device || !point)
		return policy_found(c, e, "/etc/fstab: '%s' names no mount point", line);
	bool at_root = strcmp(point, "/") == 0;
	*rooted |= at_root;
	if (!strchr(device, '=') && strncmp(device, "/dev/", 5) != 0)
		return at_root ? policy_found(c, e, "/etc/fstab: %s on /", device) : 0;
	bool there = is_on_disk(c, device, &is_root);
	if (!there)
		return policy_found(
			c, e, "/etc/fstab: %s for %s is not on the disk", device, point);
	return at_root && !is_root ? policy_found(c, e, "/etc/fstab: %s is not the root", device)
				   : 0;
}

static int check_fstab(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};
	bool rooted = false;

	if (policy_read(c, "/etc/fstab", &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		if (check_mount(c, line, &rooted, e) < 0)
			return -1;
	}
	return rooted ? 0 : policy_found(c, e, "/etc/fstab does not mount the root");
}

/* GRUB's environment block: 1024 bytes, a line of comment, variables, '#' up to the end. */
static int check_grubenv(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/boot/grub/grubenv", "/boot/grub2/grubenv"};

	for (size_t i = 0; i < 2; i++) {
		cleanup_buf struct buf text = {0};
		bool found;

		if (policy_read(c, paths[i], &text, &found, e) < 0)
			return -1;
		if (!found)
			continue;
		if (text.len != 1024 &&
			policy_found(c, e, "%s has %zu bytes, not 1024", paths[i], text.len) < 0)
			return -1;
		for (char *at = text.data, *line; (line = policy_line(&at));) {
			if (policy_found(c, e, "%s: %s", paths[i], line) < 0)
				return -1;
		}
	}
	return 0;
}

static bool is_unwanted(const char *word)
{
	static const char *const starts[] = {"init=", "rdinit=", "rd.break", "systemd.debug",
		"cloud-init=disabled", "mitigations=off",
		"systemd.mask=", "network-config=disabled", "ds=nocloud-net", "systemd.unit=rescue",
		"systemd.unit=emergency"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (strncmp(word, starts[i], strlen(starts[i])) == 0)
			return true;
	}
	return false;
}

static int check_cmdline_text(struct policy_ctx *c, const char *path, char *text, struct err *e)
{
	char *save = NULL;

	for (char *w = text ? strtok_r(text, " \t\n\"'", &save) : NULL; w;
		w = strtok_r(NULL, " \t\n\"'", &save)) {
		if (is_unwanted(w) && policy_found(c, e, "%s: %s", path, w) < 0)
			return -1;
	}
	return 0;
}

static int check_cmdline(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg",
		"/etc/default/grub", "/etc/kernel/cmdline", "/boot/extlinux.conf"};
	struct tree_node *dir;
	char path[TREE_PATH_TEXT];

	if (policy_lookup(c, "/etc/default/grub.d", &dir, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		cleanup_buf struct buf text = {0};

		if (policy_read(c, paths[i], &text, NULL, e) < 0 ||
			check_cmdline_text(c, paths[i], text.data, e) < 0)
			return -1;
	}
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		cleanup_buf struct buf text = {0};

		if (policy_read(c, tree_node_path(n, path), &text, NULL, e) < 0 ||
			check_cmdline_text(c, path, text.data, e) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"BOOT-01", POLICY_ERROR, "the EFI system partition's grub.cfg finds this disk",
		 "write the UUID of the file system that has /boot"},
		check_esp_cfg},
	{{"BOOT-02", POLICY_ERROR, "the root's grub.cfg names this root", "update-grub"},
		check_grub_cfg},
	{{"BOOT-03", POLICY_ERROR, "the kernel and initramfs of the first entry are there",
		 "update-grub"},
		check_entry},
	{{"BOOT-04", POLICY_ERROR, "there is a kernel", "install one"}, check_kernels},
	{{"BOOT-05", POLICY_ERROR, "every kernel has an initramfs",
		 "update-initramfs -c -k all, or mkinitfs"},
		check_initramfs},
	{{"BOOT-06", POLICY_ERROR, "every kernel has its modules", "install the kernel again"},
		check_modules},
	{{"BOOT-07", POLICY_ERROR, "kernels and initramfs are what they are called",
		 "install the kernel again"},
		check_formats},
	{{"BOOT-08", POLICY_ERROR, "fstab names the root and file systems that are there",
		 "write UUID= of the file system"},
		check_fstab},
	{{"BOOT-09", POLICY_ERROR, "GRUB remembers nothing", "delete grubenv"}, check_grubenv},
	{{"BOOT-10", POLICY_ERROR, "the kernel's command line switches nothing off",
		 "take the word out and run update-grub"},
		check_cmdline},
};

POLICY_THEME(boot, checks, false);
