#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "guest/ops_field.h"

/* Which fields an option's argument fills, and what stands between the two. */
enum split {
	SPLIT_NONE,       /* FIRST */
	SPLIT_COLON,      /* FIRST:SECOND */
	SPLIT_PATH,       /* FIRST:/SECOND: the last ":/" */
	SPLIT_FIRST_PATH, /* FIRST:/SECOND: the first ":/" */
	SPLIT_OPTIONAL,   /* FIRST[:SECOND] */
	SPLIT_COMMAS,     /* FIRST[,FIRST...] */
	SPLIT_EDIT,       /* FIRST:SECOND:THIRD */
	SPLIT_KEY,        /* FIRST:string:SECOND or FIRST:file:THIRD */
};

static const struct {
	enum split split;
	const char *first, *second, *third;
} syntax[] = {
	[OP_WRITE] = {SPLIT_COLON, "path", "content", NULL},
	[OP_APPEND_LINE] = {SPLIT_COLON, "path", "line", NULL},
	[OP_COPY_IN] = {SPLIT_PATH, "source", "path", NULL},
	[OP_TAR_IN] = {SPLIT_PATH, "source", "path", NULL},
	[OP_UPLOAD] = {SPLIT_PATH, "source", "path", NULL},
	[OP_MKDIR] = {SPLIT_NONE, "path", NULL, NULL},
	[OP_DELETE] = {SPLIT_NONE, "path", NULL, NULL},
	[OP_MOVE] = {SPLIT_PATH, "from", "to", NULL},
	[OP_LINK] = {SPLIT_PATH, "target", "path", NULL},
	[OP_CHMOD] = {SPLIT_COLON, "mode", "path", NULL},
	[OP_CHOWN] = {SPLIT_FIRST_PATH, "owner", "path", NULL},
	[OP_TRUNCATE] = {SPLIT_NONE, "path", NULL, NULL},
	[OP_EDIT] = {SPLIT_EDIT, "path", "match", "replace"},
	[OP_HOSTNAME] = {SPLIT_NONE, "name", NULL, NULL},
	[OP_TIMEZONE] = {SPLIT_NONE, "name", NULL, NULL},
	[OP_GROUP] = {SPLIT_OPTIONAL, "name", "gid", NULL},
	[OP_USER] = {SPLIT_OPTIONAL, "name", "uid", NULL},
	[OP_SSH_INJECT] = {SPLIT_KEY, "user", "key", "file"},
	[OP_LOCK_PASSWORD] = {SPLIT_NONE, "user", NULL, NULL},
	[OP_ENABLE] = {SPLIT_COMMAS, "services", NULL, NULL},
	[OP_DISABLE] = {SPLIT_COMMAS, "services", NULL, NULL},
	[OP_INSTALL] = {SPLIT_COMMAS, "packages", NULL, NULL},
	[OP_UNINSTALL] = {SPLIT_COMMAS, "packages", NULL, NULL},
	[OP_RUN] = {SPLIT_NONE, "script", NULL, NULL},
	[OP_FIRSTBOOT] = {SPLIT_COLON, "name", "source", NULL},
};

#define ARGUMENT(kind, name, arg, help) [kind] = arg,
static const char *const arguments[] = {OPS_OPTIONS(ARGUMENT)};

static int set_key(struct op *op, const char *key, const char *text, struct err *e)
{
	return op_field_set(op, op_field_find(op->kind, key), text, e);
}

static int set_commas(struct op *op, const char *key, char *text, struct err *e)
{
	for (char *end; (end = strchr(text, ',')); text = end + 1) {
		*end = 0;
		if (set_key(op, key, text, e) < 0)
			return -1;
	}
	return set_key(op, key, text, e);
}

/* Where the colon between the first two parts stands; NULL: nowhere. */
static char *find_colon(enum split split, char *text)
{
	char *at = strchr(text, ':');

	if (split == SPLIT_FIRST_PATH)
		return strstr(text, ":/");
	for (char *next; split == SPLIT_PATH && at && (next = strstr(at + 1, ":/"));)
		at = next;
	return at;
}

/* End the text at the first colon without a backslash, and drop the backslashes of the others.
 * Returns what follows; NULL: there is no such colon. */
static char *cut_escaped(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		if (from[0] == '\\' && (from[1] == ':' || from[1] == '\\')) {
			from++;
		} else if (*from == ':') {
			*to = 0;
			return from + 1;
		}
		*to++ = *from;
	}
	*to = 0;
	return NULL;
}

static int bad_syntax(enum op_kind kind, struct err *e)
{
	return err_set(e, ERR_FORMAT, "the argument must be %s", arguments[kind]);
}

static int set_edit(struct op *op, char *text, struct err *e)
{
	char *match = cut_escaped(text);
	char *new = match ? cut_escaped(match) : NULL;

	if (!new)
		return bad_syntax(op->kind, e);
	cut_escaped(new);
	if (set_key(op, "path", text, e) < 0 || set_key(op, "match", match, e) < 0)
		return -1;
	return set_key(op, "replace", new, e);
}

static int set_ssh_key(struct op *op, const char *how, struct err *e)
{
	if (strncmp(how, "string:", 7) == 0)
		return set_key(op, "key", how + 7, e);
	if (strncmp(how, "file:", 5) == 0)
		return set_key(op, "file", how + 5, e);
	return err_set(e, ERR_FORMAT, "the argument must be USER:string:KEY or USER:file:FILE");
}

static int set_value(struct op *op, char *text, struct err *e)
{
	enum split split = syntax[op->kind].split;
	const char *first = syntax[op->kind].first;

	if (split == SPLIT_NONE)
		return set_key(op, first, text, e);
	if (split == SPLIT_COMMAS)
		return set_commas(op, first, text, e);
	if (split == SPLIT_EDIT)
		return set_edit(op, text, e);
	char *colon = find_colon(split, text);
	if (!colon && split != SPLIT_OPTIONAL)
		return bad_syntax(op->kind, e);
	if (colon)
		*colon = 0;
	if (set_key(op, first, text, e) < 0)
		return -1;
	if (split == SPLIT_KEY)
		return set_ssh_key(op, colon + 1, e);
	return colon ? set_key(op, syntax[op->kind].second, colon + 1, e) : 0;
}

int ops_add(struct ops *ops, const char *kind, const char *value, struct err *e)
{
	cleanup_free char *text = mem_strdup(value, e);
	enum op_kind number;
	struct op op;

	if (!text)
		return -1;
	if (!op_kind_find(kind, &number))
		return err_set(e, ERR_USAGE, "there is no operation '%s'", kind);
	op_init(&op, number);
	if (set_value(&op, text, e) < 0 || op_check(&op, e) < 0) {
		op_release(&op);
		if (e && e->kind == ERR_FORMAT)
			e->kind = ERR_USAGE;
		return err_prefix(e, "--%s", kind);
	}
	return ops_take(ops, &op, e);
}

int ops_add_options(struct ops *ops, const struct strv *options, struct err *e)
{
	for (size_t i = 0; i < options->n; i++) {
		const char *option = options->items[i];
		size_t len = strcspn(option, "=");
		cleanup_free char *kind = mem_strndup(option, len, e);

		if (!kind || ops_add(ops, kind, option[len] ? option + len + 1 : "", e) < 0)
			return -1;
	}
	return 0;
}
