#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "guest/facts_parse.h"

enum {
	FIELDS_MAX = 10,   /* one more than any line has */
	USERS_MAX = 10000, /* each is looked for by name */
};

/* A line cut at its colons. */
struct fields {
	size_t n;
	const char *text[FIELDS_MAX];
	size_t len[FIELDS_MAX];
};

static void split(const char *line, size_t len, struct fields *f)
{
	const char *end = line + len;

	f->n = 0;
	while (f->n < FIELDS_MAX) {
		const char *colon = memchr(line, ':', (size_t)(end - line));

		/* The last one keeps what is too much. */
		if (f->n == FIELDS_MAX - 1)
			colon = NULL;
		f->text[f->n] = line;
		f->len[f->n++] = (size_t)((colon ? colon : end) - line);
		if (!colon)
			return;
		line = colon + 1;
	}
}

static char *copy_field(const struct fields *f, size_t i, struct err *e)
{
	return mem_strndup(f->text[i], f->len[i], e);
}

static int read_id(const struct fields *f, size_t i, uint32_t *id, struct err *e)
{
	uint64_t value = 0;

	for (size_t n = 0; n < f->len[i]; n++) {
		char c = f->text[i][n];

		value = value * 10 + (uint64_t)(c - '0');
		if (c < '0' || c > '9' || value > UINT32_MAX)
			return err_set(e, ERR_FORMAT, "field %zu is no number of 32 bits", i + 1);
	}
	if (f->len[i] == 0)
		return err_set(e, ERR_FORMAT, "field %zu is empty", i + 1);
	*id = (uint32_t)value;
	return 0;
}

static int add_user(struct facts *f, const struct fields *line, struct err *e)
{
	struct facts_user *users;
	struct facts_user *u;

	if (f->n_users == USERS_MAX)
		return err_set(e, ERR_FORMAT, "more than %d users", USERS_MAX);
	users = mem_resize(f->users, f->n_users + 1, sizeof(*users), e);
	if (!users)
		return -1;
	f->users = users;
	u = &users[f->n_users++];
	*u = (struct facts_user){0};
	if (read_id(line, 2, &u->uid, e) < 0 || read_id(line, 3, &u->gid, e) < 0 ||
		!(u->name = copy_field(line, 0, e)) || !(u->password = copy_field(line, 1, e)) ||
		!(u->home = copy_field(line, 5, e)) || !(u->shell = copy_field(line, 6, e)))
		return -1;
	return 0;
}

static int add_group(struct facts *f, const struct fields *line, struct err *e)
{
	struct facts_group *groups = mem_resize(f->groups, f->n_groups + 1, sizeof(*groups), e);
	struct facts_group *g;

	if (!groups)
		return -1;
	f->groups = groups;
	g = &groups[f->n_groups++];
	*g = (struct facts_group){0};
	if (read_id(line, 2, &g->gid, e) < 0 || !(g->name = copy_field(line, 0, e)) ||
		!(g->members = copy_field(line, 3, e)))
		return -1;
	return 0;
}

static int set_password(struct facts *f, const struct fields *line, struct err *e)
{
	for (size_t i = 0; i < f->n_users; i++) {
		struct facts_user *u = &f->users[i];

		if (strlen(u->name) != line->len[0] ||
			memcmp(u->name, line->text[0], line->len[0]) != 0)
			continue;
		free(u->password);
		u->password = copy_field(line, 1, e);
		if (!u->password)
			return -1;
	}
	return 0;
}

typedef int line_adder(struct facts *f, const struct fields *line, struct err *e);

/* Give each line of n fields to add. */
static int parse_table(
	struct facts *f, struct facts_lines *l, size_t n_fields, line_adder *add, struct err *e)
{
	struct fields fields;
	const char *line;
	size_t len;
	int more;

	while ((more = facts_next_line(l, &line, &len, e)) > 0) {
		if (len == 0 || strchr("#+-", line[0]))
			continue;
		split(line, len, &fields);
		if (fields.n != n_fields)
			return err_set(e, ERR_FORMAT, "%s:%u: %zu fields, not %zu", l->name,
				l->line, fields.n, n_fields);
		if (fields.len[0] == 0)
			return err_set(e, ERR_FORMAT, "%s:%u: no name", l->name, l->line);
		if (add(f, &fields, e) < 0)
			return err_prefix(e, "%s:%u", l->name, l->line);
	}
	return more;
}

int facts_parse_passwd(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e)
{
	struct facts_lines l = {.at = text, .end = text + len, .name = name};

	return parse_table(f, &l, 7, add_user, e);
}

int facts_parse_group(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e)
{
	struct facts_lines l = {.at = text, .end = text + len, .name = name};

	return parse_table(f, &l, 4, add_group, e);
}

int facts_parse_shadow(
	struct facts *f, const char *text, size_t len, const char *name, struct err *e)
{
	struct facts_lines l = {.at = text, .end = text + len, .name = name};

	return parse_table(f, &l, 9, set_password, e);
}
