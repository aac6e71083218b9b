#include "guest/unit_install.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "guest/unit_file.h"

#define MAX_ALIASES 8

/* In the order in which systemd looks. */
static const char *const folders[] = {UNIT_CONFIG_DIR, "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system"};
#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* A unit that was found. */
struct unit {
	char *name; /* as asked for, after aliases */
	char *path; /* of its file */
	struct unit_section section;
};

static void unit_release(struct unit *u)
{
	free(u->name);
	free(u->path);
	unit_section_release(&u->section);
	*u = (struct unit){0};
}
#define cleanup_unit __attribute__((cleanup(unit_release)))

/* Go on with the unit that a link leads to; an instance stays one. */
static int follow(struct unit *u, const char *target, struct err *e)
{
	cleanup_free char *name = NULL;
	const char *base = io_basename(target);

	if (strcmp(target, "/dev/null") == 0)
		return err_set(e, ERR_CHECK, "unit %s is masked", u->name);
	if (!unit_name_is_valid(base))
		return err_set(e, ERR_FORMAT, "%s leads to what is no unit", u->path);
	if (unit_name_is_template(base) && unit_name_is_instance(u->name)) {
		const char *instance = strchr(u->name, '@') + 1;
		cleanup_free char *text =
			mem_strndup(instance, (size_t)(strrchr(instance, '.') - instance), e);

		name = text ? unit_name_instantiate(base, text, e) : NULL;
	} else {
		name = mem_strdup(base, e);
	}
	free(u->name);
	u->name = steal_ptr(&name);
	return u->name ? 0 : -1;
}

/* Look for a file of this name in all folders. Returns 1, 0: there is none, 2: it is a link to
 * another name, which u->name is now; -1. */
static int look_for(struct unit *u, const struct unit_root *root, const char *file, struct err *e)
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		cleanup_buf struct buf text = {0};
		cleanup_buf struct buf target = {0};
		bool found;

		free(u->path);
		u->path = mem_printf(e, "%s/%s", folders[i], file);
		if (!u->path || root->readlink(root->ctx, u->path, &target, &found, e) < 0)
			return -1;
		if (found && strcmp(io_basename(buf_str(&target)), file) != 0)
			return follow(u, buf_str(&target), e) < 0 ? -1 : 2;
		if (root->read(root->ctx, u->path, &text, &found, e) < 0)
			return -1;
		if (found)
			return unit_section_parse(&u->section, buf_str(&text), text.len, e) < 0 ? -1
												: 1;
	}
	return 0;
}

/* Returns 1, 0: there is no such unit, -1. */
static int find_unit(struct unit *u, const struct unit_root *root, const char *name, struct err *e)
{
	u->name = unit_name_complete(name, e);
	if (!u->name)
		return -1;
	if (!unit_name_is_valid(u->name))
		return err_set(e, ERR_FORMAT, "'%s' is no name of a unit", u->name);
	for (unsigned i = 0; i < MAX_ALIASES; i++) {
		int rc = look_for(u, root, u->name, e);

		if (rc == 0 && unit_name_is_instance(u->name)) {
			cleanup_free char *file = unit_name_template(u->name, e);

			rc = file ? look_for(u, root, file, e) : -1;
		}
		if (rc != 2)
			return rc;
	}
	return err_set(e, ERR_FORMAT, "unit %s: too many aliases", name);
}

static int add_link(struct unit_links *links, const char *folder, const char *name,
	const char *target, struct err *e)
{
	struct unit_link link = {0};

	if (!unit_name_is_valid(name))
		return err_set(
			e, ERR_FORMAT, "its [Install] section names '%s', which is no unit", name);
	link.path = mem_printf(e, "%s%s/%s", UNIT_CONFIG_DIR, folder, name);
	link.target = mem_strdup(target, e);
	struct unit_link *items = mem_resize(links->items, links->n + 1, sizeof(*items), e);
	if (items)
		links->items = items;
	if (!items || !link.path || !link.target) {
		free(link.path);
		free(link.target);
		return -1;
	}
	items[links->n++] = link;
	return 0;
}

/* Links to the unit, called name, in the folders of the units in list. */
static int add_dependencies(struct unit_links *links, const struct unit *u, const char *name,
	const struct strv *list, const char *suffix, struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		cleanup_free char *by = unit_name_expand(list->items[i], name, e);

		if (!by)
			return -1;
		if (!unit_name_is_valid(by))
			return err_set(e, ERR_FORMAT,
				"its [Install] section names '%s', which is no unit", by);
		if (unit_name_is_template(name) && !unit_name_is_template(by))
			return err_set(e, ERR_CHECK,
				"it is a template that needs an instance, such as %.*s@x",
				(int)strcspn(name, "@"), name);
		cleanup_free char *folder = mem_printf(e, "/%s.%s", by, suffix);
		if (!folder || add_link(links, folder, name, u->path, e) < 0)
			return -1;
	}
	return 0;
}

static int add_aliases(
	struct unit_links *links, const struct unit *u, const char *name, struct err *e)
{
	for (size_t i = 0; i < u->section.alias.n; i++) {
		cleanup_free char *alias = unit_name_expand(u->section.alias.items[i], name, e);

		if (!alias)
			return -1;
		if (unit_name_is_valid(alias) && unit_name_is_template(alias) &&
			unit_name_is_instance(u->name)) {
			const char *at = strchr(u->name, '@') + 1;
			cleanup_free char *instance =
				mem_strndup(at, (size_t)(strrchr(at, '.') - at), e);
			char *full = instance ? unit_name_instantiate(alias, instance, e) : NULL;

			free(alias);
			alias = full;
			if (!alias)
				return -1;
		}
		if (add_link(links, "", alias, u->path, e) < 0)
			return -1;
	}
	return 0;
}

/* The name that dependencies get: a template's own default instance. */
static char *dependency_name(const struct unit *u, struct err *e)
{
	const struct strv *instance = &u->section.default_instance;

	if (unit_name_is_template(u->name) && instance->n > 0)
		return unit_name_instantiate(u->name, instance->items[0], e);
	return mem_strdup(u->name, e);
}

static int add_unit(struct unit_links *links, const struct unit *u, struct err *e)
{
	const struct unit_section *s = &u->section;
	cleanup_free char *name = dependency_name(u, e);

	if (!name)
		return -1;
	if (add_dependencies(links, u, name, &s->wanted_by, "wants", e) < 0 ||
		add_dependencies(links, u, name, &s->required_by, "requires", e) < 0 ||
		add_dependencies(links, u, name, &s->upheld_by, "upholds", e) < 0 ||
		add_aliases(links, u, name, e) < 0)
		return err_prefix(e, "unit %s", u->name);
	return 0;
}

static int compare_links(const void *a, const void *b)
{
	const struct unit_link *x = a;
	const struct unit_link *y = b;

	return strcmp(x->path, y->path);
}

static void sort_links(struct unit_links *links)
{
	size_t n = 0;

	if (links->n == 0)
		return;
	qsort(links->items, links->n, sizeof(*links->items), compare_links);
	for (size_t i = 0; i < links->n; i++) {
		if (n > 0 && strcmp(links->items[n - 1].path, links->items[i].path) == 0) {
			free(links->items[i].path);
			free(links->items[i].target);
			continue;
		}
		links->items[n++] = links->items[i];
	}
	links->n = n;
}

/* The unit and all that Also= leads to; links may be NULL. names grows as it is gone through. */
static int walk(
	struct unit_links *links, struct strv *names, const struct unit_root *root, struct err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		cleanup_unit struct unit u = {0};
		int rc = find_unit(&u, root, names->items[i], e);

		if (rc < 0)
			return -1;
		if (rc == 0 && i > 0)
			continue;
		if (rc == 0)
			return err_set(e, ERR_CHECK, "there is no unit %s in the guest", u.name);
		if (links && i == 0 && unit_section_is_empty(&u.section))
			return err_set(e, ERR_CHECK,
				"unit %s has no [Install] section that says what starts it",
				u.name);
		if (links && add_unit(links, &u, e) < 0)
			return -1;
		if (i == 0 && strcmp(u.name, names->items[0]) != 0) {
			free(names->items[0]);
			names->items[0] = steal_ptr(&u.name);
		}
		for (size_t k = 0; k < u.section.also.n; k++) {
			const char *also = u.section.also.items[k];

			if (!strv_contains(names, also) && strv_add(names, also, e) < 0)
				return -1;
		}
	}
	return 0;
}

int unit_install_links(
	struct unit_links *out, const struct unit_root *root, const char *name, struct err *e)
{
	cleanup_strv struct strv names = {0};

	*out = (struct unit_links){0};
	if (strv_add(&names, name, e) < 0 || walk(out, &names, root, e) < 0)
		return -1;
	sort_links(out);
	return 0;
}

int unit_install_names(
	struct strv *names, const struct unit_root *root, const char *name, struct err *e)
{
	return strv_add(names, name, e) < 0 ? -1 : walk(NULL, names, root, e);
}

void unit_links_release(struct unit_links *links)
{
	for (size_t i = 0; i < links->n; i++) {
		free(links->items[i].path);
		free(links->items[i].target);
	}
	free(links->items);
	*links = (struct unit_links){0};
}

bool unit_link_enables(const char *link_name, const char *target, const char *unit)
{
	if (strcmp(target, "/dev/null") == 0)
		return false;
	if (strcmp(link_name, unit) == 0)
		return true;
	return !unit_name_is_instance(unit) && strcmp(io_basename(target), unit) == 0;
}
