#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "guest/facts_gather.h"

enum {
	ELF_HEADER_READ = 20, /* up to e_machine */
	ELF_CLASS = 4,
	ELF_CLASS_64 = 2,
	ELF_DATA = 5,
	ELF_DATA_LSB = 1,
	ELF_DATA_MSB = 2,
	ELF_MACHINE = 18,
};

int facts_list_dir(struct tree *t, const char *path, struct strv *names, struct err *e)
{
	struct tree_node *dir;

	if (guest_lookup(t, path, &dir, e) < 0)
		return err_prefix(e, "%s", path);
	if (!dir || !S_ISDIR(dir->inode->mode))
		return 0;
	for (const struct tree_node *n = dir->child; n; n = n->next) {
		if (strv_add(names, n->name, e) < 0)
			return -1;
	}
	strv_sort(names);
	return 0;
}

/* What the kernel calls the architecture (uname -m); "" when it is another. */
static const char *machine_name(unsigned machine, bool is_64, bool little)
{
	switch (machine) {
	case 3:
		return "i686";
	case 20:
		return "ppc";
	case 21:
		return little ? "ppc64le" : "ppc64";
	case 22:
		return is_64 ? "s390x" : "s390";
	case 40:
		return "arm";
	case 62:
		return is_64 ? "x86_64" : "x32";
	case 183:
		return "aarch64";
	case 243:
		return is_64 ? "riscv64" : "riscv32";
	case 258:
		return "loongarch64";
	default:
		return "";
	}
}

static const char *elf_arch(const unsigned char *header, size_t len)
{
	bool little;
	unsigned machine;

	if (len < ELF_HEADER_READ || memcmp(header, "\177ELF", 4) != 0 ||
		(header[ELF_DATA] != ELF_DATA_LSB && header[ELF_DATA] != ELF_DATA_MSB))
		return "";
	little = header[ELF_DATA] == ELF_DATA_LSB;
	machine = little ? header[ELF_MACHINE] | (unsigned)header[ELF_MACHINE + 1] << 8
			 : header[ELF_MACHINE + 1] | (unsigned)header[ELF_MACHINE] << 8;
	return machine_name(machine, header[ELF_CLASS] == ELF_CLASS_64, little);
}

int facts_gather_arch(struct facts *f, struct tree *t, struct err *e)
{
	static const char *const programs[] = {
		"/bin/sh", "/sbin/init", "/bin/busybox", "/usr/bin/env", "/bin/bash"};
	const char *arch = "";

	for (size_t i = 0; !arch[0] && i < sizeof(programs) / sizeof(programs[0]); i++) {
		unsigned char header[ELF_HEADER_READ];
		struct tree_node *n;
		size_t got;

		if (guest_lookup(t, programs[i], &n, e) < 0)
			return err_prefix(e, "%s", programs[i]);
		if (!n || !S_ISREG(n->inode->mode))
			continue;
		if (guest_pread_inode(n->inode, header, sizeof(header), 0, &got, e) < 0)
			return err_prefix(e, "%s", programs[i]);
		arch = elf_arch(header, got);
	}
	f->arch = mem_strdup(arch, e);
	return f->arch ? 0 : -1;
}

static int is_there(struct tree *t, const char *path, bool *there, struct err *e)
{
	struct tree_node *n;

	if (guest_lookup(t, path, &n, e) < 0)
		return err_prefix(e, "%s", path);
	*there = n && !S_ISDIR(n->inode->mode);
	return 0;
}

int facts_gather_init(struct facts *f, struct tree *t, struct err *e)
{
	struct tree_node *init;
	bool systemd, openrc;

	if (guest_lookup(t, "/sbin/init", &init, e) < 0)
		return err_prefix(e, "/sbin/init");
	if (is_there(t, "/usr/lib/systemd/systemd", &systemd, e) < 0 ||
		(!systemd && is_there(t, "/lib/systemd/systemd", &systemd, e) < 0) ||
		is_there(t, "/sbin/openrc", &openrc, e) < 0)
		return -1;
	if (init && strcmp(init->name, "systemd") == 0)
		f->init = FACTS_INIT_SYSTEMD;
	else if (openrc)
		f->init = FACTS_INIT_OPENRC;
	else if (systemd)
		f->init = FACTS_INIT_SYSTEMD;
	return 0;
}
