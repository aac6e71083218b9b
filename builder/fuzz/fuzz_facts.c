/* The files that facts come from: the first byte says which. What is found must be whole. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "guest/facts_parse.h"
#include "guest/fstab.h"
#include "guest/sysprep_edit.h"

typedef int parser(struct facts *f, const char *text, size_t len, const char *name, struct err *e);

static parser *const parsers[] = {facts_parse_os_release, facts_parse_passwd, facts_parse_group,
	facts_parse_shadow, facts_parse_dpkg, facts_parse_apk};

static void check_facts(const struct facts *f)
{
	for (size_t i = 0; i < f->n_packages; i++) {
		const struct facts_package *p = &f->packages[i];

		if (!p->name || !p->version || !p->arch || !p->source || !p->status)
			abort();
	}
	for (size_t i = 0; i < f->n_users; i++) {
		const struct facts_user *u = &f->users[i];

		if (!u->name || !u->home || !u->shell || !u->password || strchr(u->name, ':'))
			abort();
	}
	for (size_t i = 0; i < f->n_groups; i++) {
		if (!f->groups[i].name || !f->groups[i].members)
			abort();
	}
}

static void parse(parser *parse_text, const char *text, size_t len)
{
	cleanup_facts struct facts *f = mem_zalloc(sizeof(*f), NULL);
	struct err e = {0};

	if (!f)
		abort();
	if (parse_text(f, text, len, "input", &e) == 0)
		check_facts(f);
	else if (e.kind != ERR_FORMAT)
		abort();
}

static void parse_fstab(const char *text, size_t len)
{
	static const struct part part = {.number = 1, .fs_uuid = "0123-ABCD", .fs_label = "x"};
	cleanup_fstab struct fstab f = {0};
	struct err e = {0};

	if (fstab_parse(&f, text, len, "input", &e) < 0) {
		if (e.kind != ERR_FORMAT)
			abort();
		return;
	}
	for (size_t i = 0; i < f.n; i++) {
		if (!f.items[i].source[0] || !f.items[i].dir[0] || !f.items[i].type[0])
			abort();
		fstab_names(f.items[i].source, &part);
	}
}

/* What was edited once must stay as it is. */
static void edit(sysprep_editor *editor, const char *text, size_t len)
{
	cleanup_buf struct buf once = {0}, twice = {0};

	if (editor(text, len, 86400LL * 20000, &once, NULL) < 0 ||
		editor(buf_str(&once), once.len, 86400LL * 20000, &twice, NULL) < 0)
		abort();
	if (once.len != twice.len || memcmp(buf_str(&once), buf_str(&twice), once.len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static sysprep_editor *const editors[] = {sysprep_edit_shadow, sysprep_edit_hwaddr,
		sysprep_edit_dhcp_name, sysprep_edit_cloud_mounts, sysprep_edit_lima_lines};
	enum {
		N_PARSERS = sizeof(parsers) / sizeof(parsers[0]),
		N_EDITORS = sizeof(editors) / sizeof(editors[0]),
	};
	const char *text = (const char *)data + 1;

	if (len == 0)
		return 0;
	len--;
	if (data[0] >= '0' && data[0] < '0' + N_PARSERS)
		parse(parsers[data[0] - '0'], text, len);
	else if (data[0] == 'f')
		parse_fstab(text, len);
	else if (data[0] >= 'A' && data[0] < 'A' + N_EDITORS)
		edit(editors[data[0] - 'A'], text, len);
	return 0;
}
