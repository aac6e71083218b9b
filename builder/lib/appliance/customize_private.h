/* What the themes of operations share. Each function applies one operation; its errors get the
 * operation's name and place put before them by customize_apply(). */
#ifndef KILN_APPLIANCE_CUSTOMIZE_PRIVATE_H
#define KILN_APPLIANCE_CUSTOMIZE_PRIVATE_H

#include "appliance/customize.h"
#include "guest/accounts.h"

#define CUSTOMIZE_TEXT_MAX ((size_t)16 << 20)    /* of a file that is edited */
#define CUSTOMIZE_TIMEOUT_S 600                  /* of a command, when nothing else is said */
#define CUSTOMIZE_PACKAGES "/.limekiln-packages" /* where the packages are mounted */

struct customize {
	struct appliance *a;
	const struct customize_options *opt;
};

int customize_op_file(struct customize *c, const struct op *op, struct err *e);
int customize_op_account(struct customize *c, const struct op *op, struct err *e);
int customize_op_system(struct customize *c, const struct op *op, struct err *e);
int customize_op_service(struct customize *c, const struct op *op, struct err *e);
int customize_op_packages(struct customize *c, const struct op *op, struct err *e);
int customize_op_run(struct customize *c, const struct op *op, struct err *e);
int customize_op_firstboot(struct customize *c, const struct op *op, struct err *e);

/* Check for every name that the repository has such a package: ERR_INTEGRITY. */
int customize_find_packages(
	const struct strv *names, const char *dir, enum facts_packager packager, struct err *e);

/* *there tells whether path is there, links not followed. */
int customize_exists(struct customize *c, const char *path, bool *there, struct err *e);
/* ERR_CHECK: path is not there. Returns -1. */
int customize_say_missing(const char *path, struct err *e);
/* The same when it is not there, else 0. */
int customize_need(struct customize *c, const char *path, struct err *e);
/* Make the folder that path is in. */
int customize_make_parent(struct customize *c, const char *path, struct err *e);
/* Replace or make a file of root's with its parents; mode is set in any case. */
int customize_put(struct customize *c, const char *path, const void *data, size_t len,
	uint32_t mode, struct err *e);
/* Append a text file's contents; nothing when it is not there. ERR_CHECK for folders, devices. */
int customize_get(
	struct customize *c, const char *path, struct buf *text, bool *there, struct err *e);

/* The service manager; ERR_UNSUPPORTED when there is none. */
int customize_init(struct customize *c, enum facts_init *init, struct err *e);
/* Have a service started at boot: the links of systemd or OpenRC. */
int customize_enable(struct customize *c, const char *service, struct err *e);

int customize_load_accounts(struct customize *c, struct accounts *a, struct err *e);

/* Run a script, say its output, and fail with ERR_CHECK when it does. */
int customize_shell(struct customize *c, const char *script, const struct strv *env,
	unsigned timeout_s, struct err *e);

#endif
