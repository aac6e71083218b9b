#include "resolve.h"

#include <stdlib.h>
#include <string.h>

#include "apt_answer.h"
#include "base/buf.h"
#include "base/io.h"
#include "deb/release.h"
#include "digest/sha256.h"
#include "lock_parts.h"

#define MAX_RELEASE_SIZE ((size_t)16 << 20)

/* Ask the solver what would be installed on an empty system. */
static int ask_solver(struct apt_root *root, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct buf *uris, struct err *e)
{
	cleanup_strv struct strv packages = {0};
	struct err why = {0};

	/* apt counts itself among the essential ones. A base image has them. */
	if (recipe_packages(&packages, r, arch, options, e) < 0 ||
		(!arch->base && strv_add(&packages, "?essential", e) < 0))
		return -1;
	if (apt_root_solve(root, &packages, uris, &why) == 0)
		return 0;
	if (why.kind != ERR_FORMAT)
		return err_set(e, why.kind, "%s", why.msg);
	return err_set(e, ERR_FORMAT,
		"%s: %s for %s; see its reasons above, then correct the packages, suites or "
		"components",
		r->path, why.msg, arch->name);
}

/* Ask for the index records of everything chosen. */
static int ask_records(struct apt_root *root, const struct apt_choices *choices,
	struct buf *records, struct err *e)
{
	cleanup_strv struct strv argv = {0};

	if (choices->n == 0)
		return 0;
	if (strv_add(&argv, "apt-cache", e) < 0 || strv_add(&argv, "show", e) < 0)
		return -1;
	for (size_t i = 0; i < choices->n; i++) {
		const struct apt_choice *c = &choices->items[i];

		if (strv_addf(&argv, e, "%s=%s", c->name, c->version) < 0)
			return -1;
	}
	if (apt_root_run(root, &argv, records, e) < 0)
		return err_prefix(e, "read the index records of the chosen packages");
	return 0;
}

static int ask_version(struct apt_root *root, char **solver, struct err *e)
{
	cleanup_strv struct strv argv = {0};
	cleanup_buf struct buf out = {0};

	if (strv_add(&argv, "apt-get", e) < 0 || strv_add(&argv, "--version", e) < 0 ||
		apt_root_run(root, &argv, &out, e) < 0)
		return -1;
	/* "apt 2.6.1 (amd64)": the host's architecture does not matter. */
	const char *text = buf_str(&out);
	size_t name = strcspn(text, " \n");
	size_t version = text[name] == ' ' ? 1 + strcspn(text + name + 1, " \n") : 0;
	*solver = mem_strndup(text, name + version, e);
	return *solver ? 0 : -1;
}

static int add_release(struct lock_release *r, struct apt_root *root, const struct mirror *m,
	const char *suite, struct err *e)
{
	cleanup_free char *path = apt_root_release_path(root, m, suite, e);
	cleanup_buf struct buf text = {0};
	char hex[SHA256_HEX_SIZE];

	if (!path || io_read_file(path, MAX_RELEASE_SIZE, &text, e) < 0 ||
		release_read_date(buf_str(&text), text.len, path, &r->date_s, e) < 0 ||
		sha256_buffer_hex(buf_str(&text), text.len, hex, e) < 0)
		return -1;
	r->archive = mem_strdup(m->archive, e);
	r->suite = mem_strdup(suite, e);
	r->path = mem_printf(e, "dists/%s/InRelease", suite);
	r->sha256 = mem_strdup(hex, e);
	return r->archive && r->suite && r->path && r->sha256 ? 0 : -1;
}

static int add_releases(struct lock *l, const struct recipe *r, struct apt_root *root,
	const struct mirrors *mirrors, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_archives; i++)
		n += r->archives[i].suites.n;
	l->releases = mem_array(n + 1, sizeof(*l->releases), e);
	if (!l->releases)
		return -1;
	for (size_t i = 0; i < r->n_archives; i++) {
		const struct recipe_archive *a = &r->archives[i];

		for (size_t s = 0; s < a->suites.n; s++) {
			struct lock_release *release = &l->releases[l->n_releases++];

			if (add_release(release, root, mirrors_get(mirrors, a->name),
				    a->suites.items[s], e) < 0)
				return -1;
			if (release->date_s > l->epoch_s)
				l->epoch_s = release->date_s;
		}
	}
	return 0;
}

/* apt also takes virtual packages, patterns and "name-" for names; a recipe means packages. */
static int check_all_there(const struct lock *l, const struct recipe *r,
	const struct recipe_arch *arch, const struct strv *options, struct err *e)
{
	cleanup_strv struct strv packages = {0};

	if (recipe_packages(&packages, r, arch, options, e) < 0)
		return -1;
	for (size_t i = 0, at = 0; i < packages.n; i++) {
		while (at < l->n_packages && strcmp(l->packages[at].name, packages.items[i]) < 0)
			at++;
		if (at == l->n_packages || strcmp(l->packages[at].name, packages.items[i]) != 0)
			return err_set(e, ERR_FORMAT,
				"%s: the archives have no package named '%s' for %s (a virtual "
				"package must be given by the name of what provides it)",
				r->path, packages.items[i], arch->name);
	}
	return 0;
}

int resolve_lock(struct lock **out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct apt_root *root, const struct mirrors *mirrors,
	struct err *e)
{
	cleanup_lock struct lock *l = NULL;
	cleanup_apt_choices struct apt_choices choices = {0};
	cleanup_buf struct buf uris = {0};
	cleanup_buf struct buf records = {0};

	*out = NULL;
	if (lock_parts_new(&l, r, arch, options, e) < 0 || ask_version(root, &l->solver, e) < 0 ||
		ask_solver(root, r, arch, options, &uris, e) < 0 ||
		apt_parse_choices(&choices, uris.data, mirrors, e) < 0 ||
		ask_records(root, &choices, &records, e) < 0 ||
		apt_lock_packages(l, &choices, buf_str(&records), records.len, e) < 0 ||
		add_releases(l, r, root, mirrors, e) < 0)
		return -1;
	lock_parts_sort(l);
	if (check_all_there(l, r, arch, options, e) < 0)
		return -1;
	*out = steal_ptr(&l);
	return 0;
}
