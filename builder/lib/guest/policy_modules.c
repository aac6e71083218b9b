#include <string.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

int policy_modules_dir(struct policy_ctx *c, const struct facts_kernel *kernel,
	struct tree_node **dir, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "/lib/modules/%s", kernel->version);

	return path ? policy_lookup(c, path, dir, e) : -1;
}

/* True when a line of modules.dep or modules.builtin is about the module: its file is called so,
 * with '-' or '_', before ".ko". */
static bool is_about(const char *line, const char *module)
{
	size_t len = strcspn(line, ":");
	const char *slash = memrchr(line, '/', len);
	const char *name = slash ? slash + 1 : line;
	size_t i = 0;

	for (; module[i]; i++) {
		if (name[i] != module[i] && !(name[i] == '-' && module[i] == '_'))
			return false;
	}
	return strncmp(name + i, ".ko", 3) == 0;
}

/* True in *is when the kernel has the module, built in or as a file. */
static int has_module(struct policy_ctx *c, const struct facts_kernel *kernel, const char *module,
	bool *is, struct err *e)
{
	static const char *const lists[] = {"modules.builtin", "modules.dep"};

	*is = false;
	for (size_t i = 0; i < 2 && !*is; i++) {
		cleanup_free char *path =
			mem_printf(e, "/lib/modules/%s/%s", kernel->version, lists[i]);
		cleanup_buf struct buf text = {0};

		if (!path || policy_read(c, path, &text, NULL, e) < 0)
			return -1;
		for (char *at = text.data, *line; !*is && (line = policy_line(&at));)
			*is = is_about(line, module);
	}
	return 0;
}

static int need_modules(struct policy_ctx *c, const char *const *modules, size_t n, struct err *e)
{
	if (c->f->n_kernels == 0)
		return policy_found(c, e, "there is no kernel");
	for (size_t k = 0; k < c->f->n_kernels; k++) {
		for (size_t i = 0; i < n; i++) {
			bool is;

			if (has_module(c, &c->f->kernels[k], modules[i], &is, e) < 0)
				return -1;
			if (!is && policy_found(c, e, "%s has no %s", c->f->kernels[k].version,
					   modules[i]) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_virtio(struct policy_ctx *c, struct err *e)
{
	static const char *const modules[] = {
		"virtio_pci", "virtio_blk", "virtio_net", "virtio_scsi"};

	return need_modules(c, modules, sizeof(modules) / sizeof(modules[0]), e);
}

static int check_cdrom(struct policy_ctx *c, struct err *e)
{
	static const char *const modules[] = {"sr_mod", "isofs"};

	return need_modules(c, modules, sizeof(modules) / sizeof(modules[0]), e);
}

static int check_mounts(struct policy_ctx *c, struct err *e)
{
	static const char *const modules[] = {"9p", "9pnet_virtio", "virtiofs", "fuse"};

	return need_modules(c, modules, sizeof(modules) / sizeof(modules[0]), e);
}

static int check_rng(struct policy_ctx *c, struct err *e)
{
	static const char *const modules[] = {"virtio_rng"};

	return need_modules(c, modules, 1, e);
}

/* cidata is found by its label. */
static int check_by_label(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/usr/lib/udev/rules.d/60-persistent-storage.rules",
		"/lib/udev/rules.d/60-persistent-storage.rules", "/lib/mdev/persistent-storage"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bool is;

		if (policy_exists(c, paths[i], &is, e) < 0)
			return -1;
		if (is)
			return 0;
	}
	return policy_found(c, e, "nothing makes /dev/disk/by-label/cidata");
}

static const struct policy_check checks[] = {
	{{"MOD-01", POLICY_ERROR, "every kernel drives virtio's PCI, disks and network",
		 "install a kernel with the drivers"},
		check_virtio},
	{{"MOD-02", POLICY_ERROR, "every kernel reads CD-ROMs: Lima's cidata",
		 "install a kernel with the drivers"},
		check_cdrom},
	{{"MOD-03", POLICY_ERROR, "every kernel mounts by 9p, virtiofs and FUSE",
		 "install the generic kernel: Debian's cloud kernel has no 9p"},
		check_mounts},
	{{"MOD-04", POLICY_ERROR, "every kernel takes entropy from virtio-rng",
		 "install a kernel with the driver"},
		check_rng},
	{{"MOD-05", POLICY_ERROR, "disks are found by their label",
		 "install udev, eudev or mdev-conf"},
		check_by_label},
};

POLICY_THEME(modules, checks, true);
