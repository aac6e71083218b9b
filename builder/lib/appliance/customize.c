#include "appliance/customize.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "appliance/customize_private.h"
#include "base/io.h"
#include "base/mem.h"

bool customize_needs_packages(const struct ops *ops)
{
	for (size_t i = 0; i < ops->n; i++) {
		if (ops->items[i].kind == OP_INSTALL)
			return true;
	}
	return false;
}

/* The host's file or folder must be there and readable. */
static int check_source(const struct op *op, struct err *e)
{
	struct stat st;

	if (!op->source || op->kind == OP_MOVE)
		return 0;
	if (stat(op->source, &st) < 0 || access(op->source, R_OK) < 0)
		return err_set_errno(e, ERR_IO, "%s", op->source);
	if (op->kind == OP_COPY_IN ? !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)
				   : !S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s: is no regular file%s", op->source,
			op->kind == OP_COPY_IN ? " or folder" : "");
	return 0;
}

static int check_arch(const struct op *op, const struct facts *f, struct err *e)
{
	struct utsname host;

	if (op->kind != OP_RUN && op->kind != OP_INSTALL && op->kind != OP_UNINSTALL)
		return 0;
	if (uname(&host) < 0)
		return err_set_errno(e, ERR_INTERNAL, "uname");
	if (strcmp(f->arch, host.machine) == 0)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		"the guest's programs cannot run here: it is of architecture %s, this machine of "
		"%s; do it on a machine of the guest's architecture",
		*f->arch ? f->arch : "unknown", host.machine);
}

static int check_packages(const struct op *op, const struct customize_options *opt, struct err *e)
{
	if (op->kind != OP_INSTALL && op->kind != OP_UNINSTALL)
		return 0;
	if (opt->facts->packager == FACTS_NONE)
		return err_set(e, ERR_UNSUPPORTED,
			"the guest has no package manager that is known: dpkg or apk");
	if (op->kind == OP_UNINSTALL)
		return 0;
	if (!opt->packages_dir)
		return err_set(e, ERR_USAGE,
			"packages are installed from a repository only: make one from a lock with "
			"`kiln-source repo` and name its folder");
	return customize_find_packages(&op->names, opt->packages_dir, opt->facts->packager, e);
}

int customize_check(const struct ops *ops, const struct customize_options *opt, struct err *e)
{
	for (size_t i = 0; i < ops->n; i++) {
		const struct op *op = &ops->items[i];

		if (check_source(op, e) < 0 || check_arch(op, opt->facts, e) < 0 ||
			check_packages(op, opt, e) < 0)
			return op_prefix(op, e);
	}
	return 0;
}

int customize_exists(struct customize *c, const char *path, bool *there, struct err *e)
{
	enum appliance_type type;

	if (appliance_type(c->a, path, &type, e) < 0)
		return -1;
	*there = type != APPLIANCE_ABSENT;
	return 0;
}

int customize_say_missing(const char *path, struct err *e)
{
	return err_set(e, ERR_CHECK, "no such file in the guest: %s", path);
}

int customize_need(struct customize *c, const char *path, struct err *e)
{
	bool there;

	if (customize_exists(c, path, &there, e) < 0)
		return -1;
	return there ? 0 : customize_say_missing(path, e);
}

int customize_make_parent(struct customize *c, const char *path, struct err *e)
{
	cleanup_free char *folder = io_dirname(path, e);

	if (!folder)
		return -1;
	return strcmp(folder, "/") == 0 ? 0 : appliance_mkdir(c->a, folder, e);
}

int customize_put(struct customize *c, const char *path, const void *data, size_t len,
	uint32_t mode, struct err *e)
{
	if (customize_make_parent(c, path, e) < 0 || appliance_write(c->a, path, data, len, e) < 0)
		return -1;
	return appliance_chmod(c->a, path, mode, e);
}

int customize_get(
	struct customize *c, const char *path, struct buf *text, bool *there, struct err *e)
{
	enum appliance_type type;

	if (appliance_type(c->a, path, &type, e) < 0)
		return -1;
	*there = type != APPLIANCE_ABSENT;
	/* Opening a pipe would wait for ever. */
	if (type == APPLIANCE_DIR || type == APPLIANCE_OTHER)
		return err_set(e, ERR_CHECK, "%s is no regular file in the guest", path);
	return *there ? appliance_read(c->a, path, CUSTOMIZE_TEXT_MAX, text, e) : 0;
}

static int apply(struct customize *c, const struct op *op, struct err *e)
{
	switch (op->kind) {
	case OP_WRITE:
	case OP_APPEND_LINE:
	case OP_COPY_IN:
	case OP_TAR_IN:
	case OP_UPLOAD:
	case OP_MKDIR:
	case OP_DELETE:
	case OP_MOVE:
	case OP_LINK:
	case OP_CHMOD:
	case OP_CHOWN:
	case OP_TRUNCATE:
	case OP_EDIT:
		return customize_op_file(c, op, e);
	case OP_HOSTNAME:
	case OP_TIMEZONE:
		return customize_op_system(c, op, e);
	case OP_GROUP:
	case OP_USER:
	case OP_SSH_INJECT:
	case OP_LOCK_PASSWORD:
		return customize_op_account(c, op, e);
	case OP_ENABLE:
	case OP_DISABLE:
		return customize_op_service(c, op, e);
	case OP_INSTALL:
	case OP_UNINSTALL:
		return customize_op_packages(c, op, e);
	case OP_RUN:
		return customize_op_run(c, op, e);
	case OP_FIRSTBOOT:
		return customize_op_firstboot(c, op, e);
	}
	return err_set(e, ERR_INTERNAL, "an operation of no kind");
}

int customize_apply(struct appliance *a, const struct ops *ops, const struct customize_options *opt,
	struct err *e)
{
	struct customize c = {.a = a, .opt = opt};

	for (size_t i = 0; i < ops->n; i++) {
		if (apply(&c, &ops->items[i], e) < 0)
			return op_prefix(&ops->items[i], e);
	}
	return 0;
}
