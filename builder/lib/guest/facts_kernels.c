#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "guest/facts_gather.h"

/* How kernels are called, and what follows is a version or, on Alpine, a flavour. */
static const char *const kernel_names[] = {"vmlinuz-", "vmlinux-", "Image-", "linux-image-"};

static const char *kernel_suffix(const char *name)
{
	for (size_t i = 0; i < sizeof(kernel_names) / sizeof(kernel_names[0]); i++) {
		size_t len = strlen(kernel_names[i]);

		if (strncmp(name, kernel_names[i], len) == 0 && name[len])
			return name + len;
	}
	return NULL;
}

static bool ends_with_flavour(const char *module_dir, const char *flavour)
{
	size_t n = strlen(module_dir), m = strlen(flavour);

	return n > m && module_dir[n - m - 1] == '-' && strcmp(module_dir + n - m, flavour) == 0;
}

/* The suffix when there are modules for it, else the last module folder of that flavour, else the
 * suffix all the same. */
static const char *kernel_version(const struct strv *modules, const char *suffix)
{
	const char *version = suffix;

	if (strv_contains(modules, suffix))
		return suffix;
	for (size_t i = 0; i < modules->n; i++) {
		if (ends_with_flavour(modules->items[i], suffix))
			version = modules->items[i];
	}
	return version;
}

/* Set *path to the initramfs for a kernel's suffix, if there is one. */
static int find_initramfs(const struct strv *boot, const char *suffix, char **path, struct err *e)
{
	static const struct {
		const char *before;
		const char *after;
	} names[] = {{"initrd.img-", ""}, {"initramfs-", ".img"}, {"initramfs-", ""},
		{"initrd-", ""}, {"initrd-", ".img"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cleanup_free char *name =
			mem_printf(e, "%s%s%s", names[i].before, suffix, names[i].after);

		if (!name)
			return -1;
		if (strv_contains(boot, name)) {
			*path = mem_printf(e, "/boot/%s", name);
			return *path ? 0 : -1;
		}
	}
	return 0;
}

static int add_kernel(struct facts *f, const char *name, const struct strv *boot,
	const struct strv *modules, struct err *e)
{
	const char *suffix = kernel_suffix(name);
	struct facts_kernel *kernels;
	struct facts_kernel *k;

	if (!suffix)
		return 0;
	kernels = mem_resize(f->kernels, f->n_kernels + 1, sizeof(*kernels), e);
	if (!kernels)
		return -1;
	f->kernels = kernels;
	k = &kernels[f->n_kernels++];
	*k = (struct facts_kernel){0};
	k->version = mem_strdup(kernel_version(modules, suffix), e);
	k->image = mem_printf(e, "/boot/%s", name);
	if (!k->version || !k->image)
		return -1;
	return find_initramfs(boot, suffix, &k->initramfs, e);
}

static int compare_kernels(const void *a, const void *b)
{
	const struct facts_kernel *x = a, *y = b;
	int order = strcmp(x->version, y->version);

	return order ? order : strcmp(x->image, y->image);
}

int facts_gather_kernels(struct facts *f, struct tree *t, struct err *e)
{
	cleanup_strv struct strv boot = {0}, modules = {0};

	if (facts_list_dir(t, "/boot", &boot, e) < 0 ||
		facts_list_dir(t, "/lib/modules", &modules, e) < 0)
		return -1;
	for (size_t i = 0; i < boot.n; i++) {
		if (add_kernel(f, boot.items[i], &boot, &modules, e) < 0)
			return -1;
	}
	if (f->n_kernels > 1)
		qsort(f->kernels, f->n_kernels, sizeof(f->kernels[0]), compare_kernels);
	return 0;
}
