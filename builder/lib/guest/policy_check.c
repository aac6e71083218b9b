#include "guest/policy_check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int add_line(struct policy_ctx *c, const char *fmt, va_list ap, struct err *e)
{
	char *text = NULL;
	int len = vasprintf(&text, fmt, ap);

	if (len < 0)
		return err_nomem(e);
	cleanup_free char *owned = text;
	if (c->found.len > 0 && buf_putc(&c->found, '\n', e) < 0)
		return -1;
	return buf_put_escaped(&c->found, owned, (size_t)len, e);
}

int policy_found(struct policy_ctx *c, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int rc = 0;

	if (++c->n_found > POLICY_FOUND_MAX)
		return 0;
	va_start(ap, fmt);
	rc = add_line(c, fmt, ap, e);
	va_end(ap);
	return rc;
}

int policy_say(struct policy_ctx *c, struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int rc = add_line(c, fmt, ap, e);
	va_end(ap);
	return rc;
}

int policy_skip(struct policy_ctx *c, const char *reason)
{
	c->skipped = reason;
	return 0;
}

int policy_lookup(struct policy_ctx *c, const char *path, struct tree_node **node, struct err *e)
{
	return guest_lookup(c->g->root, path, node, e);
}

int policy_exists(struct policy_ctx *c, const char *path, bool *is, struct err *e)
{
	struct tree_node *node;

	if (policy_lookup(c, path, &node, e) < 0)
		return -1;
	*is = node != NULL;
	return 0;
}

int policy_absent(struct policy_ctx *c, const char *path, struct err *e)
{
	struct tree_node *node;

	if (guest_lookup_nofollow(c->g->root, path, &node, e) < 0)
		return -1;
	return node ? policy_found(c, e, "%s", path) : 0;
}

static bool is_named(const char *const *names, const char *name)
{
	for (; names && *names; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

int policy_empty_dir(
	struct policy_ctx *c, const char *path, const char *const *except, struct err *e)
{
	struct tree_node *dir;

	if (policy_lookup(c, path, &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		if (!is_named(except, n->name) && policy_found(c, e, "%s/%s", path, n->name) < 0)
			return -1;
	}
	return 0;
}

int policy_read(struct policy_ctx *c, const char *path, struct buf *out, bool *found, struct err *e)
{
	return guest_read_file(c->g->root, path, POLICY_FILE_MAX, out, found, e);
}

struct tree_node *policy_next_beside(const struct tree_node *top, const struct tree_node *n)
{
	while (n != top && !n->next)
		n = n->parent;
	return n == top ? NULL : n->next;
}

struct tree_node *policy_next(const struct tree_node *top, const struct tree_node *n)
{
	return n->child ? n->child : policy_next_beside(top, n);
}

char *policy_line(char **at)
{
	while (*at && **at) {
		char *line = *at + strspn(*at, " \t\r");
		char *end = line + strcspn(line, "\n");

		*at = *end ? end + 1 : end;
		while (end > line && strchr(" \t\r", end[-1]))
			end--;
		*end = 0;
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

const char *policy_user_name(const struct policy_ctx *c, uint32_t uid)
{
	for (size_t i = 0; i < c->f->n_users; i++) {
		if (c->f->users[i].uid == uid)
			return c->f->users[i].name;
	}
	return NULL;
}

const char *policy_group_name(const struct policy_ctx *c, uint32_t gid)
{
	for (size_t i = 0; i < c->f->n_groups; i++) {
		if (c->f->groups[i].gid == gid)
			return c->f->groups[i].name;
	}
	return NULL;
}

bool policy_has_package(const struct policy_ctx *c, const char *name)
{
	for (size_t i = 0; i < c->f->n_packages; i++) {
		if (strcmp(c->f->packages[i].name, name) == 0)
			return true;
	}
	return false;
}

bool policy_has_service(const struct policy_ctx *c, const char *name)
{
	for (size_t i = 0; i < c->f->n_services; i++) {
		if (strcmp(c->f->services[i].name, name) == 0)
			return true;
	}
	return false;
}
