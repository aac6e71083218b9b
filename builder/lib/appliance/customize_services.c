#include <string.h>

#include "appliance/customize_private.h"
#include "base/io.h"
#include "base/mem.h"
#include "guest/unit_install.h"

#define RUNLEVELS "/etc/runlevels"

int customize_init(struct customize *c, enum facts_init *init, struct err *e)
{
	bool there;

	*init = c->opt->facts->init;
	if (*init != FACTS_INIT_NONE)
		return 0;
	/* An operation before this one may have installed it. */
	if (customize_exists(c, "/sbin/openrc-run", &there, e) < 0)
		return -1;
	*init = FACTS_INIT_OPENRC;
	if (there)
		return 0;
	if (customize_exists(c, "/usr/lib/systemd/systemd", &there, e) < 0)
		return -1;
	*init = FACTS_INIT_SYSTEMD;
	if (there)
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "the guest has neither systemd nor OpenRC");
}

static int read_unit(void *ctx, const char *path, struct buf *out, bool *found, struct err *e)
{
	struct appliance *a = ctx;
	enum appliance_type type;

	if (appliance_type(a, path, &type, e) < 0)
		return -1;
	*found = type == APPLIANCE_FILE || type == APPLIANCE_LINK;
	return *found ? appliance_read(a, path, UNIT_FILE_MAX, out, e) : 0;
}

static int read_link(void *ctx, const char *path, struct buf *target, bool *found, struct err *e)
{
	struct appliance *a = ctx;
	enum appliance_type type;

	if (appliance_type(a, path, &type, e) < 0)
		return -1;
	*found = type == APPLIANCE_LINK;
	return *found ? appliance_readlink(a, path, target, e) : 0;
}

static int enable_unit(struct customize *c, const char *name, struct err *e)
{
	const struct unit_root root = {.read = read_unit, .readlink = read_link, .ctx = c->a};
	struct unit_links links;
	int rc = unit_install_links(&links, &root, name, e);

	for (size_t i = 0; rc == 0 && i < links.n; i++) {
		rc = customize_make_parent(c, links.items[i].path, e);
		if (rc == 0)
			rc = appliance_symlink(c->a, links.items[i].target, links.items[i].path, e);
	}
	unit_links_release(&links);
	return rc;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

/* Remove path when it is a link that enables one of the units. */
static int remove_link(struct customize *c, const char *path, const struct strv *names,
	bool *removed, struct err *e)
{
	cleanup_buf struct buf target = {0};

	*removed = false;
	if (appliance_readlink(c->a, path, &target, e) < 0)
		return -1;
	for (size_t i = 0; i < names->n && !*removed; i++)
		*removed = unit_link_enables(io_basename(path), buf_str(&target), names->items[i]);
	return *removed ? appliance_remove(c->a, path, e) : 0;
}

/* Go through the folder of links; one that loses its last is removed. */
static int remove_links(
	struct customize *c, const char *folder, const struct strv *names, bool top, struct err *e)
{
	cleanup_buf struct buf list = {0};
	size_t left = 0, gone = 0;

	if (appliance_list(c->a, folder, &list, e) < 0)
		return -1;
	for (size_t at = 0; at < list.len; at += strlen(list.data + at) + 1) {
		const char *name = list.data + at;
		cleanup_free char *path = mem_printf(e, "%s/%s", folder, name);
		enum appliance_type type;
		bool removed = false;

		if (!path || appliance_type(c->a, path, &type, e) < 0)
			return -1;
		if (type == APPLIANCE_LINK && remove_link(c, path, names, &removed, e) < 0)
			return -1;
		if (top && type == APPLIANCE_DIR &&
			(ends_with(name, ".wants") || ends_with(name, ".requires") ||
				ends_with(name, ".upholds")) &&
			remove_links(c, path, names, false, e) < 0)
			return -1;
		*(removed ? &gone : &left) += 1;
	}
	return !top && gone > 0 && left == 0 ? appliance_remove(c->a, folder, e) : 0;
}

static int disable_unit(struct customize *c, const char *name, struct err *e)
{
	const struct unit_root root = {.read = read_unit, .readlink = read_link, .ctx = c->a};
	cleanup_strv struct strv names = {0};
	bool there;

	if (unit_install_names(&names, &root, name, e) < 0 ||
		customize_exists(c, UNIT_CONFIG_DIR, &there, e) < 0)
		return -1;
	return there ? remove_links(c, UNIT_CONFIG_DIR, &names, true, e) : 0;
}

/* SERVICE[:RUNLEVEL] of OpenRC. */
struct rc_service {
	char *name;
	char *script;
	const char *level; /* NULL: none was named */
};

static int rc_parse(struct customize *c, const char *text, struct rc_service *s, struct err *e)
{
	size_t len = strcspn(text, ":");

	s->name = mem_strndup(text, len, e);
	s->script = s->name ? mem_printf(e, "/etc/init.d/%s", s->name) : NULL;
	s->level = text[len] ? text + len + 1 : NULL;
	if (!s->script)
		return -1;
	if (s->level && (!*s->level || strchr(".:", *s->level)))
		return err_set(e, ERR_CHECK, "'%s' is no runlevel", s->level);
	if (customize_need(c, s->script, e) < 0)
		return err_prefix(e, "there is no service '%s'", s->name);
	return 0;
}

static int rc_enable(struct customize *c, const struct rc_service *s, struct err *e)
{
	const char *level = s->level ? s->level : "default";
	cleanup_free char *path = mem_printf(e, "%s/%s/%s", RUNLEVELS, level, s->name);

	if (!path || customize_make_parent(c, path, e) < 0)
		return -1;
	return appliance_symlink(c->a, s->script, path, e);
}

/* From one runlevel, or from all. */
static int rc_disable(struct customize *c, const struct rc_service *s, struct err *e)
{
	cleanup_buf struct buf levels = {0};
	bool there;

	if (customize_exists(c, RUNLEVELS, &there, e) < 0 ||
		(there && appliance_list(c->a, RUNLEVELS, &levels, e) < 0))
		return -1;
	for (size_t at = 0; at < levels.len; at += strlen(levels.data + at) + 1) {
		const char *level = levels.data + at;
		cleanup_free char *path = mem_printf(e, "%s/%s/%s", RUNLEVELS, level, s->name);

		if (!path)
			return -1;
		if (s->level && strcmp(level, s->level) != 0)
			continue;
		if (customize_exists(c, path, &there, e) < 0 ||
			(there && appliance_remove(c->a, path, e) < 0))
			return -1;
	}
	return 0;
}

static int set_rc_service(struct customize *c, const char *text, bool enabled, struct err *e)
{
	struct rc_service s = {0};
	int rc = rc_parse(c, text, &s, e);

	if (rc == 0)
		rc = enabled ? rc_enable(c, &s, e) : rc_disable(c, &s, e);
	mem_free_ptr(&s.name);
	mem_free_ptr(&s.script);
	return rc;
}

static int set_service(struct customize *c, const char *name, bool enabled, struct err *e)
{
	enum facts_init init;

	if (customize_init(c, &init, e) < 0)
		return -1;
	if (init == FACTS_INIT_OPENRC)
		return set_rc_service(c, name, enabled, e);
	return enabled ? enable_unit(c, name, e) : disable_unit(c, name, e);
}

int customize_enable(struct customize *c, const char *service, struct err *e)
{
	return set_service(c, service, true, e);
}

int customize_op_service(struct customize *c, const struct op *op, struct err *e)
{
	for (size_t i = 0; i < op->names.n; i++) {
		if (set_service(c, op->names.items[i], op->kind == OP_ENABLE, e) < 0)
			return -1;
	}
	return 0;
}
