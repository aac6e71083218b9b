#include "inspect.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

#define MIB ((uint64_t)1024 * 1024)

/* An escaped text, then at least one blank up to width. */
static int put_column(struct buf *out, const char *text, size_t width, struct err *e)
{
	size_t start = out->len;

	if (buf_put_escaped(out, text, strlen(text), e) < 0)
		return -1;
	do {
		if (buf_putc(out, ' ', e) < 0)
			return -1;
	} while (out->len - start < width);
	return 0;
}

static int put_last(struct buf *out, const char *text, struct err *e)
{
	if (buf_put_escaped(out, text, strlen(text), e) < 0)
		return -1;
	return buf_putc(out, '\n', e);
}

static int put_setting(struct buf *out, const char *name, const char *value, struct err *e)
{
	if (put_column(out, name, 12, e) < 0)
		return -1;
	return put_last(out, value[0] ? value : "-", e);
}

static int put_part(struct buf *out, const struct guest *g, const struct part *p, struct err *e)
{
	const char *role = p == g->root_part ? "root" : p == g->esp_part ? "esp" : "-";

	if (buf_printf(out, e, "  %-3u %-5s %6" PRIu64 " MiB  ", p->number, role,
		    p->size_bytes / MIB) < 0 ||
		put_column(out, parts_content_name(p->content), 9, e) < 0 ||
		put_column(out, p->fs_uuid[0] ? p->fs_uuid : "-", 37, e) < 0 ||
		put_column(out, p->fs_label[0] ? p->fs_label : "-", 12, e) < 0)
		return -1;
	return put_last(out, p->name[0] ? p->name : "-", e);
}

static int put_parts(struct buf *out, const struct guest *g, struct err *e)
{
	const struct parts *parts = &g->parts;

	if (buf_printf(out, e, "partitions  %zu, table %s, disk of %" PRIu64 " MiB %s\n", parts->n,
		    inspect_table_name(parts->table), g->size_bytes / MIB, parts->disk_uuid) < 0)
		return -1;
	for (size_t i = 0; i < parts->n; i++) {
		if (put_part(out, g, &parts->items[i], e) < 0)
			return -1;
	}
	return 0;
}

static int put_kernels(struct buf *out, const struct facts *f, struct err *e)
{
	if (buf_printf(out, e, "kernels     %zu\n", f->n_kernels) < 0)
		return -1;
	for (size_t i = 0; i < f->n_kernels; i++) {
		const struct facts_kernel *k = &f->kernels[i];

		if (buf_puts(out, "  ", e) < 0 || put_column(out, k->version, 28, e) < 0 ||
			put_column(out, k->image, 40, e) < 0 ||
			put_last(out, k->initramfs ? k->initramfs : "-", e) < 0)
			return -1;
	}
	return 0;
}

static int put_accounts(struct buf *out, const struct facts *f, struct err *e)
{
	if (buf_printf(out, e, "users       %zu\n", f->n_users) < 0)
		return -1;
	for (size_t i = 0; i < f->n_users; i++) {
		const struct facts_user *u = &f->users[i];

		if (buf_puts(out, "  ", e) < 0 || put_column(out, u->name, 20, e) < 0 ||
			buf_printf(out, e, "%-6u %-6u ", u->uid, u->gid) < 0 ||
			put_column(out, u->home[0] ? u->home : "-", 24, e) < 0 ||
			put_last(out, u->shell[0] ? u->shell : "-", e) < 0)
			return -1;
	}
	if (buf_printf(out, e, "groups      %zu\n", f->n_groups) < 0)
		return -1;
	for (size_t i = 0; i < f->n_groups; i++) {
		const struct facts_group *g = &f->groups[i];

		if (buf_puts(out, "  ", e) < 0 || put_column(out, g->name, 20, e) < 0 ||
			buf_printf(out, e, "%-6u ", g->gid) < 0 ||
			put_last(out, g->members[0] ? g->members : "-", e) < 0)
			return -1;
	}
	return 0;
}

static int put_services(struct buf *out, const struct facts *f, struct err *e)
{
	if (buf_printf(out, e, "services    %zu\n", f->n_services) < 0)
		return -1;
	for (size_t i = 0; i < f->n_services; i++) {
		if (buf_puts(out, "  ", e) < 0 || put_column(out, f->services[i].name, 40, e) < 0 ||
			put_last(out, f->services[i].target, e) < 0)
			return -1;
	}
	return 0;
}

/* dpkg still lists packages whose settings are all that is left. */
static bool is_installed(const struct facts_package *p)
{
	size_t len = strlen(p->status);

	return len >= 9 && strcmp(p->status + len - 9, "installed") == 0 &&
	       (len == 9 || p->status[len - 10] == ' ');
}

static int put_packages(struct buf *out, const struct facts *f, bool all, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_packages; i++)
		n += is_installed(&f->packages[i]);
	if (buf_printf(out, e, "packages    %zu (%s)\n", n, inspect_packager_name(f->packager)) < 0)
		return -1;
	for (size_t i = 0; all && i < f->n_packages; i++) {
		const struct facts_package *p = &f->packages[i];

		if (!is_installed(p))
			continue;
		if (buf_puts(out, "  ", e) < 0 || put_column(out, p->name, 36, e) < 0 ||
			put_column(out, p->version, 28, e) < 0 || put_last(out, p->arch, e) < 0)
			return -1;
	}
	return 0;
}

int inspect_write_text(const char *image, const struct guest *g, const struct facts *f,
	bool packages, struct buf *out, struct err *e)
{
	cleanup_free char *os = mem_printf(e, "%s %s", f->id[0] ? f->id : "unknown", f->version_id);

	if (!os || put_setting(out, "image", image, e) < 0 ||
		put_setting(out, "system", os, e) < 0 || put_setting(out, "name", f->name, e) < 0 ||
		put_setting(out, "arch", f->arch, e) < 0 ||
		put_setting(out, "init", inspect_init_name(f->init), e) < 0 ||
		put_setting(out, "hostname", f->hostname, e) < 0)
		return -1;
	if (put_parts(out, g, e) < 0 || put_kernels(out, f, e) < 0 || put_accounts(out, f, e) < 0 ||
		put_services(out, f, e) < 0)
		return -1;
	return put_packages(out, f, packages, e);
}
