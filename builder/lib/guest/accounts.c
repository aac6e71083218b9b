#include "guest/accounts.h"

#include <string.h>

#include "base/mem.h"

#define FIRST_ID 1000
#define LAST_ID 59999
#define FIRST_SYSTEM_ID 100
#define FIRST_SUB_ID 100000
#define SUB_IDS 65536

/* Part of a text. */
struct part {
	const char *text;
	size_t len;
};

const char *accounts_path(enum accounts_file file)
{
	static const char *const paths[ACCOUNTS_N_FILES] = {
		"/etc/passwd",
		"/etc/group",
		"/etc/shadow",
		"/etc/gshadow",
		"/etc/subuid",
		"/etc/subgid",
	};

	return paths[file];
}

void accounts_release(struct accounts *a)
{
	for (size_t i = 0; i < ACCOUNTS_N_FILES; i++)
		buf_release(&a->texts[i]);
	*a = (struct accounts){0};
}

/* Take the next line of *rest, without its newline. */
static bool next_line(struct part *rest, struct part *line)
{
	if (rest->len == 0)
		return false;
	const char *end = memchr(rest->text, '\n', rest->len);
	line->text = rest->text;
	line->len = end ? (size_t)(end - rest->text) : rest->len;
	size_t used = line->len + (end != NULL);
	rest->text += used;
	rest->len -= used;
	return true;
}

/* Field i of a line, from 0. */
static bool get_field(struct part line, unsigned i, struct part *field)
{
	for (;; i--) {
		const char *end = memchr(line.text, ':', line.len);

		field->text = line.text;
		field->len = end ? (size_t)(end - line.text) : line.len;
		if (i == 0)
			return true;
		if (!end)
			return false;
		line.text += field->len + 1;
		line.len -= field->len + 1;
	}
}

static bool get_number(struct part line, unsigned i, uint32_t *value)
{
	struct part f;
	uint64_t v = 0;

	if (!get_field(line, i, &f) || f.len == 0 || f.len > 10)
		return false;
	for (size_t k = 0; k < f.len; k++) {
		if (f.text[k] < '0' || f.text[k] > '9')
			return false;
		v = v * 10 + (uint64_t)(f.text[k] - '0');
	}
	*value = (uint32_t)v;
	return v < UINT32_MAX;
}

static bool equals(struct part p, const char *s)
{
	return p.len == strlen(s) && memcmp(p.text, s, p.len) == 0;
}

static struct part all(const struct accounts *a, enum accounts_file file)
{
	return (struct part){buf_str(&a->texts[file]), a->texts[file].len};
}

/* The line whose first field is name. */
static bool find_line(
	const struct accounts *a, enum accounts_file file, const char *name, struct part *line)
{
	struct part rest = all(a, file), f;

	while (next_line(&rest, line)) {
		if (get_field(*line, 0, &f) && equals(f, name))
			return true;
	}
	return false;
}

/* Is the number in field 2 of a line? *line is that one. */
static bool find_id(
	const struct accounts *a, enum accounts_file file, uint32_t id, struct part *line)
{
	struct part rest = all(a, file);
	uint32_t n;

	while (next_line(&rest, line)) {
		if (get_number(*line, 2, &n) && n == id)
			return true;
	}
	return false;
}

int accounts_find_user(const struct accounts *a, const char *name, uint32_t *uid, uint32_t *gid,
	char **home, struct err *e)
{
	struct part line, f;

	if (!find_line(a, ACCOUNTS_PASSWD, name, &line) || !get_number(line, 2, uid) ||
		!get_number(line, 3, gid) || !get_field(line, 5, &f))
		return 0;
	if (!home)
		return 1;
	*home = mem_strndup(f.text, f.len, e);
	return *home ? 1 : -1;
}

bool accounts_find_group(const struct accounts *a, const char *name, uint32_t *gid)
{
	struct part line;

	return find_line(a, ACCOUNTS_GROUP, name, &line) && get_number(line, 2, gid);
}

int accounts_owner(
	const struct accounts *a, const char *owner, uint32_t *uid, uint32_t *gid, struct err *e)
{
	struct part line = {owner, strlen(owner)}, f;
	bool has_group = get_field(line, 1, &f);

	get_field(line, 0, &f);
	cleanup_free char *user = mem_strndup(f.text, f.len, e);
	if (!user)
		return -1;
	int found = accounts_find_user(a, user, uid, gid, NULL, e);
	if (found == 0 && !get_number(line, 0, uid))
		return err_set(e, ERR_CHECK, "there is no user '%s' in the guest", user);
	if (found == 0)
		*gid = *uid;
	const char *group = owner + f.len + 1;
	if (has_group && !accounts_find_group(a, group, gid) && !get_number(line, 1, gid))
		return err_set(e, ERR_CHECK, "there is no group '%s' in the guest", group);
	return 0;
}

static int append_line(struct accounts *a, enum accounts_file file, const char *line, struct err *e)
{
	struct buf *text = &a->texts[file];

	if (!a->there[file])
		return 0;
	if (text->len > 0 && text->data[text->len - 1] != '\n' && buf_putc(text, '\n', e) < 0)
		return -1;
	a->changed[file] = true;
	return buf_printf(text, e, "%s\n", line);
}

/* Replace del bytes at `at`, which is inside the text. */
static int splice(struct accounts *a, enum accounts_file file, const char *at, size_t del,
	const char *insert, struct err *e)
{
	struct buf *text = &a->texts[file];
	size_t before = (size_t)(at - text->data);
	cleanup_buf struct buf out = {0};

	if (buf_append(&out, text->data, before, e) < 0 || buf_puts(&out, insert, e) < 0 ||
		buf_append(&out, at + del, text->len - before - del, e) < 0)
		return -1;
	struct buf old = *text;
	*text = out;
	out = old;
	a->changed[file] = true;
	return 0;
}

static int choose_id(struct accounts *a, const char *what, bool system, bool of_user, uint32_t *id,
	struct err *e)
{
	struct part line;
	uint32_t n = system ? FIRST_ID - 1 : FIRST_ID;

	for (;; n += system ? -1u : 1u) {
		if (n < FIRST_SYSTEM_ID || n > LAST_ID)
			return err_set(e, ERR_CHECK, "no %s number is free", what);
		if (find_id(a, ACCOUNTS_GROUP, n, &line) ||
			(of_user && find_id(a, ACCOUNTS_PASSWD, n, &line)))
			continue;
		*id = n;
		return 0;
	}
}

int accounts_add_group(
	struct accounts *a, const char *name, uint32_t gid, bool system, struct err *e)
{
	struct part line;

	if (find_line(a, ACCOUNTS_GROUP, name, &line))
		return err_set(e, ERR_CHECK, "group '%s' is there already", name);
	if (gid == ACCOUNTS_NO_ID && choose_id(a, "group", system, false, &gid, e) < 0)
		return -1;
	if (find_id(a, ACCOUNTS_GROUP, gid, &line))
		return err_set(e, ERR_CHECK, "another group has the number %u", gid);
	cleanup_free char *group = mem_printf(e, "%s:x:%u:", name, gid);
	cleanup_free char *gshadow = mem_printf(e, "%s:!::", name);
	if (!group || !gshadow || append_line(a, ACCOUNTS_GROUP, group, e) < 0)
		return -1;
	if (find_line(a, ACCOUNTS_GSHADOW, name, &line))
		return 0;
	return append_line(a, ACCOUNTS_GSHADOW, gshadow, e);
}

/* Put name at the end of a group's line, whose last field is the list of members. */
static int add_member(struct accounts *a, enum accounts_file file, const char *group,
	const char *name, struct err *e)
{
	struct part line, f;

	if (!a->there[file] || !find_line(a, file, group, &line))
		return 0;
	if (!get_field(line, 3, &f))
		return err_set(e, ERR_CHECK, "%s: the line of '%s' is malformed",
			accounts_path(file), group);
	cleanup_free char *text = mem_printf(e, "%s%s", f.len > 0 ? "," : "", name);
	return text ? splice(a, file, f.text + f.len, 0, text, e) : -1;
}

static int join_groups(struct accounts *a, const struct accounts_user *u, struct err *e)
{
	for (size_t i = 0; u->groups && i < u->groups->n; i++) {
		const char *group = u->groups->items[i];

		if (add_member(a, ACCOUNTS_GROUP, group, u->name, e) < 0 ||
			add_member(a, ACCOUNTS_GSHADOW, group, u->name, e) < 0)
			return -1;
	}
	return 0;
}

/* Give out the range behind all that are given out. */
static int add_sub_ids(struct accounts *a, enum accounts_file file, const char *name, struct err *e)
{
	struct part rest = all(a, file), line;
	uint64_t start = FIRST_SUB_ID;
	uint32_t first, n;

	if (!a->there[file] || find_line(a, file, name, &line))
		return 0;
	while (next_line(&rest, &line)) {
		if (get_number(line, 1, &first) && get_number(line, 2, &n) &&
			(uint64_t)first + n > start)
			start = (uint64_t)first + n;
	}
	if (start + SUB_IDS > UINT32_MAX)
		return err_set(e, ERR_CHECK, "%s: no range is free", accounts_path(file));
	cleanup_free char *text =
		mem_printf(e, "%s:%llu:%u", name, (unsigned long long)start, SUB_IDS);
	return text ? append_line(a, file, text, e) : -1;
}

/* The user's number and main group; the group is made where it is missing. */
static int choose_ids(struct accounts *a, const struct accounts_user *u, uint32_t *uid,
	uint32_t *gid, struct err *e)
{
	struct part line;

	*uid = u->uid;
	*gid = u->gid;
	if (*uid == ACCOUNTS_NO_ID && choose_id(a, "user", u->system, true, uid, e) < 0)
		return -1;
	if (find_id(a, ACCOUNTS_PASSWD, *uid, &line))
		return err_set(e, ERR_CHECK, "another user has the number %u", *uid);
	if (*gid != ACCOUNTS_NO_ID) {
		if (!find_id(a, ACCOUNTS_GROUP, *gid, &line))
			return err_set(e, ERR_CHECK, "there is no group with the number %u", *gid);
		return 0;
	}
	if (accounts_find_group(a, u->name, gid))
		return 0;
	*gid = find_id(a, ACCOUNTS_GROUP, *uid, &line) ? ACCOUNTS_NO_ID : *uid;
	if (accounts_add_group(a, u->name, *gid, u->system, e) < 0)
		return -1;
	accounts_find_group(a, u->name, gid);
	return 0;
}

static int check_user(const struct accounts *a, const struct accounts_user *u, struct err *e)
{
	struct part line;

	if (find_line(a, ACCOUNTS_PASSWD, u->name, &line))
		return err_set(e, ERR_CHECK, "user '%s' is there already", u->name);
	for (size_t i = 0; u->groups && i < u->groups->n; i++) {
		if (!find_line(a, ACCOUNTS_GROUP, u->groups->items[i], &line))
			return err_set(e, ERR_CHECK, "there is no group '%s' in the guest",
				u->groups->items[i]);
	}
	return 0;
}

/* Lock field 1 of the user's line; "x" in passwd means that shadow has it. */
static int lock_in(struct accounts *a, enum accounts_file file, const char *name, struct err *e)
{
	struct part line, f;

	if (!find_line(a, file, name, &line) || !get_field(line, 1, &f) || equals(f, "!") ||
		equals(f, "*") || (file == ACCOUNTS_PASSWD && equals(f, "x")))
		return 0;
	return splice(a, file, f.text, f.len, "!", e);
}

/* A line that an earlier user of that name left must not bring a password back. */
static int add_shadow(struct accounts *a, const struct accounts_user *u, struct err *e)
{
	struct part line;

	if (find_line(a, ACCOUNTS_SHADOW, u->name, &line))
		return lock_in(a, ACCOUNTS_SHADOW, u->name, e);
	cleanup_free char *shadow = mem_printf(e, "%s:!:%lld:%s:::", u->name,
		(long long)(u->day_s / 86400), u->system ? "::" : "0:99999:7");
	return shadow ? append_line(a, ACCOUNTS_SHADOW, shadow, e) : -1;
}

int accounts_add_user(struct accounts *a, const struct accounts_user *u, uint32_t *uid,
	uint32_t *gid, struct err *e)
{
	uint32_t ids[2];

	if (check_user(a, u, e) < 0 || choose_ids(a, u, &ids[0], &ids[1], e) < 0)
		return -1;
	cleanup_free char *passwd = mem_printf(e, "%s:%s:%u:%u:%s:%s:%s", u->name,
		a->there[ACCOUNTS_SHADOW] ? "x" : "!", ids[0], ids[1], u->comment, u->home,
		u->shell);
	if (!passwd || append_line(a, ACCOUNTS_PASSWD, passwd, e) < 0 || add_shadow(a, u, e) < 0 ||
		join_groups(a, u, e) < 0)
		return -1;
	if (uid)
		*uid = ids[0];
	if (gid)
		*gid = ids[1];
	if (u->system)
		return 0;
	if (add_sub_ids(a, ACCOUNTS_SUBUID, u->name, e) < 0)
		return -1;
	return add_sub_ids(a, ACCOUNTS_SUBGID, u->name, e);
}

int accounts_lock(struct accounts *a, const char *name, struct err *e)
{
	struct part line;

	if (!find_line(a, ACCOUNTS_PASSWD, name, &line))
		return err_set(e, ERR_CHECK, "there is no user '%s' in the guest", name);
	if (lock_in(a, ACCOUNTS_PASSWD, name, e) < 0)
		return -1;
	return lock_in(a, ACCOUNTS_SHADOW, name, e);
}
