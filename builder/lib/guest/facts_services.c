#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "guest/facts_gather.h"

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int add_service(struct facts *f, const char *name, const char *target, struct err *e)
{
	struct facts_service *services =
		mem_resize(f->services, f->n_services + 1, sizeof(*services), e);
	struct facts_service *s;

	if (!services)
		return -1;
	f->services = services;
	s = &services[f->n_services++];
	*s = (struct facts_service){0};
	s->name = mem_strdup(name, e);
	s->target = mem_strdup(target, e);
	return s->name && s->target ? 0 : -1;
}

static bool is_null_link(const struct tree_node *n)
{
	return S_ISLNK(n->inode->mode) && strcmp(n->inode->target, "/dev/null") == 0;
}

/* A unit that /etc links to /dev/null is never started. */
static int is_masked(struct tree *t, const struct tree_node *n, bool *masked, struct err *e)
{
	struct tree_node *dir, *unit = NULL;

	if (guest_lookup(t, "/etc/systemd/system", &dir, e) < 0)
		return -1;
	if (dir && S_ISDIR(dir->inode->mode))
		unit = tree_child(t, dir, n->name, n->name_len);
	*masked = is_null_link(n) || (unit && is_null_link(unit));
	return 0;
}

/* What the directory starts: all of it, or only names that end with suffix. */
static int add_dir(struct facts *f, struct tree *t, const struct tree_node *dir, const char *suffix,
	struct err *e)
{
	for (const struct tree_node *n = dir->child; n; n = n->next) {
		bool masked;

		if (S_ISDIR(n->inode->mode) || !ends_with(n->name, suffix))
			continue;
		if (is_masked(t, n, &masked, e) < 0 ||
			(!masked && add_service(f, n->name, dir->name, e) < 0))
			return -1;
	}
	return 0;
}

/* *dir is NULL when path is no directory. */
static int find_dir(struct tree *t, const char *path, struct tree_node **dir, struct err *e)
{
	if (guest_lookup(t, path, dir, e) < 0)
		return err_prefix(e, "%s", path);
	if (*dir && !S_ISDIR((*dir)->inode->mode))
		*dir = NULL;
	return 0;
}

static int add_enabled(struct facts *f, struct tree *t, struct err *e)
{
	struct tree_node *dir;

	if (find_dir(t, "/etc/systemd/system", &dir, e) < 0)
		return -1;
	for (const struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		if (S_ISDIR(n->inode->mode) &&
			(ends_with(n->name, ".wants") || ends_with(n->name, ".requires") ||
				ends_with(n->name, ".upholds")) &&
			add_dir(f, t, n, "", e) < 0)
			return -1;
	}
	return 0;
}

/* Sockets and timers open something or run something without anybody having enabled them. */
static int add_vendor(struct facts *f, struct tree *t, struct err *e)
{
	static const struct {
		const char *path;
		const char *suffix;
	} dirs[] = {
		{"/usr/lib/systemd/system/sockets.target.wants", ".socket"},
		{"/usr/lib/systemd/system/timers.target.wants", ".timer"},
		{"/lib/systemd/system/sockets.target.wants", ".socket"},
		{"/lib/systemd/system/timers.target.wants", ".timer"},
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		struct tree_node *dir;

		if (find_dir(t, dirs[i].path, &dir, e) < 0 ||
			(dir && add_dir(f, t, dir, dirs[i].suffix, e) < 0))
			return -1;
	}
	return 0;
}

static int add_runlevels(struct facts *f, struct tree *t, struct err *e)
{
	struct tree_node *dir;

	if (find_dir(t, "/etc/runlevels", &dir, e) < 0)
		return -1;
	for (const struct tree_node *level = dir ? dir->child : NULL; level; level = level->next) {
		if (!S_ISDIR(level->inode->mode))
			continue;
		for (const struct tree_node *n = level->child; n; n = n->next) {
			if (add_service(f, n->name, level->name, e) < 0)
				return -1;
		}
	}
	return 0;
}

static int compare_services(const void *a, const void *b)
{
	const struct facts_service *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->target, y->target);
}

/* /lib may be /usr/lib, and /etc may repeat what a package enables. */
static void drop_repeated(struct facts *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n_services; i++) {
		if (kept > 0 && compare_services(&f->services[kept - 1], &f->services[i]) == 0) {
			free(f->services[i].name);
			free(f->services[i].target);
			continue;
		}
		f->services[kept++] = f->services[i];
	}
	f->n_services = kept;
}

int facts_gather_services(struct facts *f, struct tree *t, struct err *e)
{
	if (add_enabled(f, t, e) < 0 || add_vendor(f, t, e) < 0 || add_runlevels(f, t, e) < 0)
		return -1;
	if (f->n_services > 1)
		qsort(f->services, f->n_services, sizeof(f->services[0]), compare_services);
	drop_repeated(f);
	return 0;
}
