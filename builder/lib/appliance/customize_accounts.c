#include <stdlib.h>
#include <string.h>

#include "appliance/customize_private.h"
#include "base/io.h"
#include "base/mem.h"
#include "guest/ops_word.h"
#include "guest/text_edit.h"

#define KEYS_MAX ((size_t)1 << 20)

int customize_load_accounts(struct customize *c, struct accounts *a, struct err *e)
{
	*a = (struct accounts){0};
	for (unsigned i = 0; i < ACCOUNTS_N_FILES; i++) {
		if (customize_get(c, accounts_path(i), &a->texts[i], &a->there[i], e) < 0)
			return -1;
	}
	if (!a->there[ACCOUNTS_PASSWD] || !a->there[ACCOUNTS_GROUP])
		return err_set(e, ERR_CHECK, "the guest has no /etc/passwd or no /etc/group");
	return 0;
}

static int save(struct customize *c, const struct accounts *a, struct err *e)
{
	for (unsigned i = 0; i < ACCOUNTS_N_FILES; i++) {
		if (a->changed[i] && appliance_write(c->a, accounts_path(i), buf_str(&a->texts[i]),
					     a->texts[i].len, e) < 0)
			return -1;
	}
	return 0;
}

/* The first of the paths that is there; the last one otherwise. */
static int find_first(
	struct customize *c, const char *const *paths, const char **found, struct err *e)
{
	bool there = false;

	for (; *paths && !there; paths++) {
		*found = *paths;
		if (customize_exists(c, *paths, &there, e) < 0)
			return -1;
	}
	return 0;
}

static int choose_shell(struct customize *c, const struct op *op, const char **shell, struct err *e)
{
	static const char *const people[] = {"/bin/bash", "/bin/sh", NULL};
	static const char *const system[] = {
		"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", NULL};

	if (!op->target)
		return find_first(c, op->system ? system : people, shell, e);
	*shell = op->target;
	return customize_need(c, op->target, e);
}

struct owner {
	uint32_t uid, gid;
};

static int copy_folder(struct customize *c, const char *from, const char *to, const struct owner *o,
	unsigned depth, struct err *e);

static int copy_file(
	struct customize *c, const char *from, const char *to, const struct owner *o, struct err *e)
{
	cleanup_buf struct buf data = {0};

	if (appliance_read(c->a, from, CUSTOMIZE_TEXT_MAX, &data, e) < 0 ||
		appliance_write(c->a, to, buf_str(&data), data.len, e) < 0 ||
		appliance_chmod(c->a, to, 0644, e) < 0)
		return -1;
	return appliance_chown(c->a, to, o->uid, o->gid, e);
}

static int copy_entry(struct customize *c, const char *from, const char *to, const struct owner *o,
	unsigned depth, struct err *e)
{
	enum appliance_type type;
	cleanup_buf struct buf target = {0};

	if (appliance_type(c->a, from, &type, e) < 0)
		return -1;
	switch (type) {
	case APPLIANCE_FILE:
		return copy_file(c, from, to, o, e);
	case APPLIANCE_DIR:
		if (appliance_mkdir(c->a, to, e) < 0 || appliance_chmod(c->a, to, 0755, e) < 0 ||
			appliance_chown(c->a, to, o->uid, o->gid, e) < 0)
			return -1;
		return copy_folder(c, from, to, o, depth + 1, e);
	case APPLIANCE_LINK:
		if (appliance_readlink(c->a, from, &target, e) < 0)
			return -1;
		return appliance_symlink(c->a, buf_str(&target), to, e);
	default:
		return 0;
	}
}

/* What is in a folder, as a new home gets it. */
static int copy_folder(struct customize *c, const char *from, const char *to, const struct owner *o,
	unsigned depth, struct err *e)
{
	cleanup_buf struct buf names = {0};

	if (depth > 16)
		return err_set(e, ERR_CHECK, "%s: folders too deep", from);
	if (appliance_list(c->a, from, &names, e) < 0)
		return -1;
	for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1) {
		cleanup_free char *source = mem_printf(e, "%s/%s", from, names.data + at);
		cleanup_free char *target = mem_printf(e, "%s/%s", to, names.data + at);

		if (!source || !target || copy_entry(c, source, target, o, depth, e) < 0)
			return -1;
	}
	return 0;
}

/* A home that is there stays as it is. */
static int make_home(struct customize *c, const char *home, const struct owner *o, struct err *e)
{
	bool there, skel;

	if (customize_exists(c, home, &there, e) < 0)
		return -1;
	if (there)
		return 0;
	if (appliance_mkdir(c->a, home, e) < 0 || customize_exists(c, "/etc/skel", &skel, e) < 0 ||
		(skel && copy_folder(c, "/etc/skel", home, o, 0, e) < 0) ||
		appliance_chmod(c->a, home, 0700, e) < 0)
		return -1;
	return appliance_chown(c->a, home, o->uid, o->gid, e);
}

static int add_user(struct customize *c, struct accounts *a, const struct op *op, struct err *e)
{
	cleanup_free char *home = op->path     ? mem_strdup(op->path, e)
				  : op->system ? mem_strdup("/nonexistent", e)
					       : mem_printf(e, "/home/%s", op->name);
	struct accounts_user u = {.name = op->name,
		.uid = op->id,
		.gid = op->gid,
		.groups = &op->names,
		.home = home,
		.comment = op->content ? op->content : "",
		.system = op->system,
		.day_s = c->opt->epoch_s};
	struct owner o;

	if (!home || choose_shell(c, op, &u.shell, e) < 0 ||
		accounts_add_user(a, &u, &o.uid, &o.gid, e) < 0 || save(c, a, e) < 0)
		return -1;
	return op->system && !op->path ? 0 : make_home(c, home, &o, e);
}

/* Add the keys in a host file, one a line. */
static int add_keys(struct buf *text, const char *keys, struct err *e)
{
	cleanup_free char *copy = mem_strdup(keys, e);
	char *rest = copy;
	size_t n = 0;
	bool changed;

	if (!copy)
		return -1;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!*line || *line == '#')
			continue;
		if (op_word_check(OPW_KEY, "key", line, e) < 0 ||
			text_append_line(text, line, &changed, e) < 0)
			return -1;
		n++;
	}
	return n > 0 ? 0 : err_set(e, ERR_FORMAT, "there is no key");
}

/* Make ~/.ssh: never through a link, which could lead to another's files. */
static int make_ssh_folder(
	struct customize *c, const char *folder, const struct owner *o, struct err *e)
{
	enum appliance_type type;

	if (appliance_type(c->a, folder, &type, e) < 0)
		return -1;
	if (type != APPLIANCE_DIR && type != APPLIANCE_ABSENT)
		return err_set(e, ERR_CHECK, "%s is no folder", folder);
	if (appliance_mkdir(c->a, folder, e) < 0 || appliance_chmod(c->a, folder, 0700, e) < 0)
		return -1;
	return appliance_chown(c->a, folder, o->uid, o->gid, e);
}

static int put_keys(struct customize *c, const struct op *op, const char *folder,
	const struct owner *o, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/authorized_keys", folder);
	cleanup_buf struct buf keys = {0};
	cleanup_buf struct buf text = {0};
	enum appliance_type type;

	if (!path || appliance_type(c->a, path, &type, e) < 0)
		return -1;
	if (type != APPLIANCE_FILE && type != APPLIANCE_ABSENT)
		return err_set(e, ERR_CHECK, "%s is no regular file", path);
	if (op->source && io_read_file(op->source, KEYS_MAX, &keys, e) < 0)
		return -1;
	if (type == APPLIANCE_FILE && appliance_read(c->a, path, CUSTOMIZE_TEXT_MAX, &text, e) < 0)
		return -1;
	if (add_keys(&text, op->source ? buf_str(&keys) : op->content, e) < 0)
		return op->source ? err_prefix(e, "%s", op->source) : -1;
	if (appliance_write(c->a, path, buf_str(&text), text.len, e) < 0 ||
		appliance_chmod(c->a, path, 0600, e) < 0)
		return -1;
	return appliance_chown(c->a, path, o->uid, o->gid, e);
}

static int inject_key(struct customize *c, struct accounts *a, const struct op *op, struct err *e)
{
	cleanup_free char *home = NULL;
	struct owner o;
	bool there = false;
	int found = accounts_find_user(a, op->name, &o.uid, &o.gid, &home, e);

	if (found <= 0)
		return found < 0 ? -1
				 : err_set(e, ERR_CHECK, "there is no user '%s' in the guest",
					   op->name);
	if (home[0] == '/' && home[1] && customize_exists(c, home, &there, e) < 0)
		return -1;
	if (!there)
		return err_set(e, ERR_CHECK, "the home of '%s', '%s', is not in the guest",
			op->name, home);
	cleanup_free char *folder = mem_printf(e, "%s/.ssh", home);
	if (!folder || make_ssh_folder(c, folder, &o, e) < 0)
		return -1;
	return put_keys(c, op, folder, &o, e);
}

static int apply(struct customize *c, struct accounts *a, const struct op *op, struct err *e)
{
	switch (op->kind) {
	case OP_GROUP:
		if (accounts_add_group(a, op->name, op->gid, op->system, e) < 0)
			return -1;
		return save(c, a, e);
	case OP_USER:
		return add_user(c, a, op, e);
	case OP_LOCK_PASSWORD:
		return accounts_lock(a, op->name, e) < 0 ? -1 : save(c, a, e);
	default:
		return inject_key(c, a, op, e);
	}
}

int customize_op_account(struct customize *c, const struct op *op, struct err *e)
{
	struct accounts a;
	int rc = customize_load_accounts(c, &a, e);

	if (rc == 0)
		rc = apply(c, &a, op, e);
	accounts_release(&a);
	return rc;
}
