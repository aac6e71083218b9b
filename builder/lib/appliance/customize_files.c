#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "appliance/customize_private.h"
#include "appliance/host_tree.h"
#include "base/io.h"
#include "base/mem.h"
#include "guest/text_edit.h"

static int set_owner(struct customize *c, const char *path, const char *owner, struct err *e)
{
	struct accounts accounts = {0};
	uint32_t uid, gid;
	int rc = customize_load_accounts(c, &accounts, e);

	if (rc == 0)
		rc = accounts_owner(&accounts, owner, &uid, &gid, e);
	if (rc == 0)
		rc = appliance_chown(c->a, path, uid, gid, e);
	accounts_release(&accounts);
	return rc;
}

/* Mode and owner as the operation says; what was there before keeps what it does not say. */
static int set_attributes(struct customize *c, const struct op *op, bool existed,
	uint32_t default_mode, struct err *e)
{
	uint32_t mode = op->mode != OP_NO_ID ? op->mode : default_mode;

	/* A change of owner takes the set-user-ID bit away, so it comes first. */
	if (op->owner && set_owner(c, op->path, op->owner, e) < 0)
		return -1;
	if (existed && op->mode == OP_NO_ID)
		return 0;
	return appliance_chmod(c->a, op->path, mode, e);
}

static int do_write(struct customize *c, const struct op *op, struct err *e)
{
	bool existed;
	int rc;

	if (customize_exists(c, op->path, &existed, e) < 0 ||
		customize_make_parent(c, op->path, e) < 0)
		return -1;
	if (op->kind == OP_WRITE)
		rc = appliance_write(c->a, op->path, op->content, strlen(op->content), e);
	else
		rc = appliance_upload(c->a, op->source, op->path, e);
	return rc < 0 ? -1 : set_attributes(c, op, existed, 0644, e);
}

static int do_mkdir(struct customize *c, const struct op *op, struct err *e)
{
	bool existed;

	if (customize_exists(c, op->path, &existed, e) < 0 ||
		appliance_mkdir(c->a, op->path, e) < 0)
		return -1;
	return set_attributes(c, op, existed, 0755, e);
}

/* Read the file, change it, write it when it has changed. */
static int do_edit(struct customize *c, const struct op *op, struct err *e)
{
	cleanup_buf struct buf text = {0};
	bool changed = true;
	bool there;
	int rc;

	if (customize_get(c, op->path, &text, &there, e) < 0)
		return -1;
	if (!there)
		return customize_say_missing(op->path, e);
	if (op->kind == OP_APPEND_LINE)
		rc = text_append_line(&text, op->content, &changed, e);
	else
		rc = text_replace(&text, op->match, op->content, op->count, e);
	if (rc < 0 || !changed)
		return rc;
	return appliance_write(c->a, op->path, buf_str(&text), text.len, e);
}

/* Put a node of a host tree into the guest; a folder that is there stays as it is. */
static int copy_node(
	struct customize *c, const struct tree_node *n, const char *path, struct err *e)
{
	const struct tree_inode *inode = n->inode;
	enum appliance_type type;

	if (appliance_type(c->a, path, &type, e) < 0)
		return -1;
	if (S_ISLNK(inode->mode))
		return appliance_symlink(c->a, inode->target, path, e);
	if (S_ISDIR(inode->mode) && type != APPLIANCE_ABSENT)
		return 0;
	/* Not through a link that leads elsewhere. */
	if (type == APPLIANCE_LINK && appliance_remove(c->a, path, e) < 0)
		return -1;
	int rc = S_ISDIR(inode->mode) ? appliance_mkdir(c->a, path, e)
				      : appliance_upload(c->a, inode->host_path, path, e);
	if (rc < 0 || appliance_chown(c->a, path, 0, 0, e) < 0)
		return -1;
	return appliance_chmod(c->a, path, inode->mode & 07777, e);
}

static int copy_below(
	struct customize *c, const struct tree_node *folder, const char *to, struct err *e)
{
	for (const struct tree_node *n = folder->child; n; n = n->next) {
		cleanup_free char *path = mem_printf(e, "%s/%s", to, n->name);

		if (!path || copy_node(c, n, path, e) < 0 || copy_below(c, n, path, e) < 0)
			return -1;
	}
	return 0;
}

static int copy_folder(struct customize *c, const char *source, const char *to, struct err *e)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_free struct tree_node **nodes = NULL;
	size_t n;

	if (tree_new(&t, c->opt->epoch_s, e) < 0 || host_tree_add(t, source, "", e) < 0 ||
		tree_sort(t, &nodes, &n, e) < 0)
		return -1;
	return copy_below(c, tree_root(t), to, e);
}

/* A folder as a whole, under its name; "x/." and "/" copy what is inside. */
static int do_copy_in(struct customize *c, const struct op *op, struct err *e)
{
	cleanup_free char *source = mem_strdup(op->source, e);
	size_t len = source ? strlen(source) : 0;
	struct stat st;

	if (!source)
		return -1;
	while (len > 1 && source[len - 1] == '/')
		source[--len] = 0;
	if (stat(source, &st) < 0)
		return err_set_errno(e, ERR_IO, "%s", source);
	if (appliance_mkdir(c->a, op->path, e) < 0)
		return -1;
	const char *name = io_basename(source);
	bool contents = !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
	cleanup_free char *to = mem_printf(
		e, "%s/%s", strcmp(op->path, "/") == 0 ? "" : op->path, contents ? "" : name);
	if (!to)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		struct op upload = *op;

		upload.kind = OP_UPLOAD;
		upload.path = to;
		upload.mode = st.st_mode & S_IXUSR ? 0755 : 0644;
		return do_write(c, &upload, e);
	}
	if (!contents && appliance_mkdir(c->a, to, e) < 0)
		return -1;
	if (contents)
		to[strlen(to) - 1] = 0;
	return copy_folder(c, source, to, e);
}

static int do_move(struct customize *c, const struct op *op, struct err *e)
{
	if (customize_need(c, op->source, e) < 0 || customize_make_parent(c, op->path, e) < 0)
		return -1;
	return appliance_move(c->a, op->source, op->path, e);
}

static int do_link(struct customize *c, const struct op *op, struct err *e)
{
	if (customize_make_parent(c, op->path, e) < 0)
		return -1;
	return appliance_symlink(c->a, op->target, op->path, e);
}

/* What works on something that must be there. */
static int do_existing(struct customize *c, const struct op *op, struct err *e)
{
	if (customize_need(c, op->path, e) < 0)
		return -1;
	switch (op->kind) {
	case OP_DELETE:
		return appliance_remove(c->a, op->path, e);
	case OP_CHMOD:
		return appliance_chmod(c->a, op->path, op->mode, e);
	case OP_CHOWN:
		return set_owner(c, op->path, op->owner, e);
	default:
		return appliance_write(c->a, op->path, "", 0, e);
	}
}

int customize_op_file(struct customize *c, const struct op *op, struct err *e)
{
	switch (op->kind) {
	case OP_WRITE:
	case OP_UPLOAD:
		return do_write(c, op, e);
	case OP_APPEND_LINE:
	case OP_EDIT:
		return do_edit(c, op, e);
	case OP_COPY_IN:
		return do_copy_in(c, op, e);
	case OP_TAR_IN:
		if (appliance_mkdir(c->a, op->path, e) < 0)
			return -1;
		return appliance_tar_in(c->a, op->source, op->path, e);
	case OP_MKDIR:
		return do_mkdir(c, op, e);
	case OP_MOVE:
		return do_move(c, op, e);
	case OP_LINK:
		return do_link(c, op, e);
	default:
		return do_existing(c, op, e);
	}
}
