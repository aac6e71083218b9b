#include "guest/ops_field.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define AT(member) offsetof(struct op, member)
#define TEXT(key, word, member)                               \
	{                                                     \
		key, OPS_TEXT, word, AT(member), false, false \
	}
#define NEED(key, word, member)                              \
	{                                                    \
		key, OPS_TEXT, word, AT(member), true, false \
	}
#define ALONE(key, word, member)                            \
	{                                                   \
		key, OPS_TEXT, word, AT(member), true, true \
	}
#define NUMBER(key, word, member)                               \
	{                                                       \
		key, OPS_NUMBER, word, AT(member), false, false \
	}
#define LIST(key, word)                                    \
	{                                                  \
		key, OPS_LIST, word, AT(names), true, true \
	}
#define MODE NUMBER("mode", OPW_MODE, mode)
#define OWNER TEXT("owner", OPW_OWNER, owner)
#define SYSTEM                                                         \
	{                                                              \
		"system", OPS_FLAG, OPW_TEXT, AT(system), false, false \
	}
#define MAX_FIELDS 9

static const struct op_field fields[][MAX_FIELDS + 1] = {
	[OP_WRITE] = {NEED("path", OPW_PATH, path), NEED("content", OPW_TEXT, content), MODE,
		OWNER},
	[OP_APPEND_LINE] = {NEED("path", OPW_PATH, path), NEED("line", OPW_LINE, content)},
	[OP_COPY_IN] = {NEED("source", OPW_SOURCE, source), NEED("path", OPW_DIR, path)},
	[OP_TAR_IN] = {NEED("source", OPW_SOURCE, source), NEED("path", OPW_DIR, path)},
	[OP_UPLOAD] = {NEED("source", OPW_SOURCE, source), NEED("path", OPW_PATH, path), MODE,
		OWNER},
	[OP_MKDIR] = {ALONE("path", OPW_PATH, path), MODE, OWNER},
	[OP_DELETE] = {ALONE("path", OPW_PATH, path)},
	[OP_MOVE] = {NEED("from", OPW_PATH, source), NEED("to", OPW_PATH, path)},
	[OP_LINK] = {NEED("path", OPW_PATH, path), NEED("target", OPW_TARGET, target)},
	[OP_CHMOD] = {NEED("path", OPW_DIR, path),
		{"mode", OPS_NUMBER, OPW_MODE, AT(mode), true, false}},
	[OP_CHOWN] = {NEED("path", OPW_DIR, path), NEED("owner", OPW_OWNER, owner)},
	[OP_TRUNCATE] = {ALONE("path", OPW_PATH, path)},
	[OP_EDIT] = {NEED("path", OPW_PATH, path), NEED("match", OPW_NEEDED, match),
		NEED("replace", OPW_TEXT, content), NUMBER("count", OPW_COUNT, count)},
	[OP_HOSTNAME] = {ALONE("name", OPW_HOSTNAME, name)},
	[OP_TIMEZONE] = {ALONE("name", OPW_ZONE, name)},
	[OP_GROUP] = {ALONE("name", OPW_USER, name), NUMBER("gid", OPW_ID, gid), SYSTEM},
	[OP_USER] = {ALONE("name", OPW_USER, name), NUMBER("uid", OPW_ID, id),
		NUMBER("gid", OPW_ID, gid), {"groups", OPS_LIST, OPW_USER, AT(names), false, false},
		TEXT("home", OPW_PATH, path), TEXT("shell", OPW_PATH, target),
		TEXT("comment", OPW_COMMENT, content), SYSTEM},
	[OP_SSH_INJECT] = {NEED("user", OPW_USER, name), TEXT("key", OPW_KEY, content),
		TEXT("file", OPW_SOURCE, source)},
	[OP_LOCK_PASSWORD] = {ALONE("user", OPW_USER, name)},
	[OP_ENABLE] = {LIST("services", OPW_SERVICE)},
	[OP_DISABLE] = {LIST("services", OPW_SERVICE)},
	[OP_INSTALL] = {LIST("packages", OPW_PACKAGE)},
	[OP_UNINSTALL] = {LIST("packages", OPW_PACKAGE)},
	[OP_RUN] = {ALONE("script", OPW_NEEDED, content), NUMBER("timeout", OPW_TIMEOUT, timeout_s),
		{"env", OPS_MAP, OPW_ENV, AT(names), false, false}},
	[OP_FIRSTBOOT] = {NEED("name", OPW_NAME, name), TEXT("script", OPW_NEEDED, content),
		TEXT("source", OPW_SOURCE, source)},
};

#define NAME(kind, name, arg, help) [kind] = name,
static const char *const names[] = {OPS_OPTIONS(NAME)};
#define N_KINDS (sizeof(names) / sizeof(names[0]))

const char *op_kind_name(enum op_kind kind)
{
	return names[kind];
}

bool op_kind_find(const char *name, enum op_kind *kind)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (strcmp(names[i], name) == 0) {
			*kind = (enum op_kind)i;
			return true;
		}
	}
	return false;
}

const struct op_field *op_fields(enum op_kind kind)
{
	return fields[kind];
}

const struct op_field *op_field_find(enum op_kind kind, const char *key)
{
	for (const struct op_field *f = fields[kind]; f->key; f++) {
		if (strcmp(f->key, key) == 0)
			return f;
	}
	return NULL;
}

int op_field_set(struct op *op, const struct op_field *f, const char *text, struct err *e)
{
	void *at = (char *)op + f->offset;
	char **slot = at;

	if (f->store == OPS_NUMBER)
		return op_word_number(f->word, f->key, text, at, e);
	if (op_word_check(f->word, f->key, text, e) < 0)
		return -1;
	if (f->store == OPS_TEXT) {
		free(*slot);
		*slot = mem_strdup(text, e);
		return *slot ? 0 : -1;
	}
	if (strv_contains(at, text))
		return err_set(e, ERR_FORMAT, "%s: '%.200s' stands twice", f->key, text);
	return strv_add(at, text, e);
}

void op_init(struct op *op, enum op_kind kind)
{
	*op = (struct op){
		.kind = kind, .mode = OP_NO_ID, .id = OP_NO_ID, .gid = OP_NO_ID, .count = 1};
}

void op_release(struct op *op)
{
	free(op->file);
	free(op->path);
	free(op->source);
	free(op->content);
	free(op->target);
	free(op->match);
	free(op->name);
	free(op->owner);
	strv_release(&op->names);
	*op = (struct op){0};
}

int op_check(const struct op *op, struct err *e)
{
	const char *either = op->kind == OP_SSH_INJECT ? "key and file" : "script and source";

	for (const struct op_field *f = fields[op->kind]; f->key; f++) {
		const struct strv *list = (const void *)((const char *)op + f->offset);

		if (f->needed && f->store == OPS_LIST && list->n == 0)
			return err_set(e, ERR_FORMAT, "%s: none are named", f->key);
	}
	if ((op->kind == OP_SSH_INJECT || op->kind == OP_FIRSTBOOT) && !op->content == !op->source)
		return err_set(e, ERR_FORMAT, "needs exactly one of %s", either);
	if (op->kind == OP_MOVE && strncmp(op->path, op->source, strlen(op->source)) == 0 &&
		strchr("/", op->path[strlen(op->source)]))
		return err_set(e, ERR_FORMAT, "cannot move %.200s into itself", op->source);
	return 0;
}

int ops_take(struct ops *ops, struct op *op, struct err *e)
{
	struct op *items = mem_resize(ops->items, ops->n + 1, sizeof(*items), e);

	if (!items) {
		op_release(op);
		return -1;
	}
	ops->items = items;
	items[ops->n++] = *op;
	*op = (struct op){0};
	return 0;
}

void ops_release(struct ops *ops)
{
	for (size_t i = 0; i < ops->n; i++)
		op_release(&ops->items[i]);
	free(ops->items);
	*ops = (struct ops){0};
}

/* What it works on, for messages. */
static const char *subject(const struct op *op)
{
	if (op->kind == OP_RUN || op->kind == OP_FIRSTBOOT)
		return op->name ? op->name : "";
	if (op->names.n > 0 && op->kind != OP_USER)
		return op->names.items[0];
	return op->name ? op->name : op->kind == OP_MOVE ? op->source : op->path;
}

int op_prefix(const struct op *op, struct err *e)
{
	const char *what = subject(op);

	err_prefix(e, "%s%s%.200s", op_kind_name(op->kind), *what ? " " : "", what);
	if (op->file)
		return err_prefix(e, "%s:%u", op->file, op->line);
	return -1;
}
