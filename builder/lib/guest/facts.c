#include "guest/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "guest/facts_gather.h"
#include "guest/facts_parse.h"

#define SMALL_MAX ((size_t)1024 * 1024)
#define PACKAGES_MAX ((size_t)64 * 1024 * 1024)

static void free_packages(struct facts *f)
{
	for (size_t i = 0; i < f->n_packages; i++) {
		free(f->packages[i].name);
		free(f->packages[i].version);
		free(f->packages[i].arch);
		free(f->packages[i].source);
		free(f->packages[i].status);
	}
	free(f->packages);
}

static void free_accounts(struct facts *f)
{
	for (size_t i = 0; i < f->n_users; i++) {
		free(f->users[i].name);
		free(f->users[i].home);
		free(f->users[i].shell);
		free(f->users[i].password);
	}
	free(f->users);
	for (size_t i = 0; i < f->n_groups; i++) {
		free(f->groups[i].name);
		free(f->groups[i].members);
	}
	free(f->groups);
}

static void free_system(struct facts *f)
{
	for (size_t i = 0; i < f->n_kernels; i++) {
		free(f->kernels[i].version);
		free(f->kernels[i].image);
		free(f->kernels[i].initramfs);
	}
	free(f->kernels);
	for (size_t i = 0; i < f->n_services; i++) {
		free(f->services[i].name);
		free(f->services[i].target);
	}
	free(f->services);
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	free(f->id);
	free(f->version_id);
	free(f->name);
	free(f->arch);
	free(f->hostname);
	free_packages(f);
	free_accounts(f);
	free_system(f);
	free(f);
}

typedef int parser(struct facts *f, const char *text, size_t len, const char *name, struct err *e);

/* Give the file to parse, if it is there. */
static int load_file(struct facts *f, struct tree *t, const char *path, size_t max, parser *parse,
	bool *found, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (guest_read_file(t, path, max, &text, found, e) < 0)
		return -1;
	return *found ? parse(f, buf_str(&text), text.len, path, e) : 0;
}

static int load_os(struct facts *f, struct tree *t, struct err *e)
{
	bool found;

	if (load_file(f, t, "/etc/os-release", SMALL_MAX, facts_parse_os_release, &found, e) < 0 ||
		(!found && load_file(f, t, "/usr/lib/os-release", SMALL_MAX, facts_parse_os_release,
				   &found, e) < 0))
		return -1;
	if ((!f->id && !(f->id = mem_strdup("", e))) ||
		(!f->version_id && !(f->version_id = mem_strdup("", e))) ||
		(!f->name && !(f->name = mem_strdup("", e))))
		return -1;
	return 0;
}

/* The first line, without blanks around it. */
static int parse_hostname(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e)
{
	struct facts_lines l = {.at = text, .end = text + len, .name = name};
	const char *line = "";
	size_t n = 0;

	if (facts_next_line(&l, &line, &n, e) < 0)
		return -1;
	for (; n > 0 && strchr(" \t\r", line[0]); n--)
		line++;
	while (n > 0 && strchr(" \t\r", line[n - 1]))
		n--;
	f->hostname = mem_strndup(line, n, e);
	return f->hostname ? 0 : -1;
}

static int load_accounts(struct facts *f, struct tree *t, struct err *e)
{
	bool found;

	if (load_file(f, t, "/etc/hostname", SMALL_MAX, parse_hostname, &found, e) < 0 ||
		load_file(f, t, "/etc/passwd", SMALL_MAX, facts_parse_passwd, &found, e) < 0 ||
		load_file(f, t, "/etc/shadow", SMALL_MAX, facts_parse_shadow, &found, e) < 0 ||
		load_file(f, t, "/etc/group", SMALL_MAX, facts_parse_group, &found, e) < 0)
		return -1;
	if (!f->hostname && !(f->hostname = mem_strdup("", e)))
		return -1;
	return 0;
}

static int compare_packages(const void *a, const void *b)
{
	const struct facts_package *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->arch, y->arch);
}

static int load_packages(struct facts *f, struct tree *t, struct err *e)
{
	static const struct {
		const char *path;
		enum facts_packager packager;
		parser *parse;
	} databases[] = {
		{"/var/lib/dpkg/status", FACTS_DEB, facts_parse_dpkg},
		{"/lib/apk/db/installed", FACTS_APK, facts_parse_apk},
		{"/usr/lib/apk/db/installed", FACTS_APK, facts_parse_apk},
	};
	size_t n = sizeof(databases) / sizeof(databases[0]);

	for (size_t i = 0; f->packager == FACTS_NONE && i < n; i++) {
		bool found;

		if (load_file(f, t, databases[i].path, PACKAGES_MAX, databases[i].parse, &found,
			    e) < 0)
			return -1;
		if (found)
			f->packager = databases[i].packager;
	}
	if (f->n_packages > 1)
		qsort(f->packages, f->n_packages, sizeof(f->packages[0]), compare_packages);
	return 0;
}

int facts_load(struct facts **out, struct guest *g, struct err *e)
{
	cleanup_facts struct facts *f = mem_zalloc(sizeof(*f), e);
	struct tree *t = g->root;

	*out = NULL;
	if (!f || load_os(f, t, e) < 0 || facts_gather_arch(f, t, e) < 0 ||
		facts_gather_init(f, t, e) < 0 || load_accounts(f, t, e) < 0 ||
		load_packages(f, t, e) < 0 || facts_gather_kernels(f, t, e) < 0 ||
		facts_gather_services(f, t, e) < 0)
		return -1;
	*out = steal_ptr(&f);
	return 0;
}
