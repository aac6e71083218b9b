/* Operations that change a guest, in order: from a YAML file and from options. The format is
 * described in kiln-guest(1). */
#ifndef KILN_GUEST_OPS_H
#define KILN_GUEST_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

enum op_kind {
	OP_WRITE,       /* path, content, mode, owner */
	OP_APPEND_LINE, /* path, content: the line; nothing when the file has it */
	OP_COPY_IN,     /* source: host file or folder, path: folder in the guest */
	OP_TAR_IN,      /* source: host archive, path */
	OP_UPLOAD,      /* source: host file, path, mode, owner */
	OP_MKDIR,       /* path, mode, owner; parents too */
	OP_DELETE,      /* path */
	OP_MOVE,        /* source: path in the guest, path */
	OP_LINK,        /* path, target; symbolic */
	OP_CHMOD,       /* path, mode */
	OP_CHOWN,       /* path, owner */
	OP_TRUNCATE,    /* path */
	OP_EDIT,        /* path, match, content: the replacement, count: how often it must match */
	OP_HOSTNAME,    /* name */
	OP_TIMEZONE,    /* name */
	OP_USER,        /* name, id, gid, names: groups, path: home, target: shell, system */
	OP_GROUP,       /* name, id */
	OP_SSH_INJECT,  /* name: user, content: key */
	OP_LOCK_PASSWORD, /* name */
	OP_ENABLE,        /* names: services */
	OP_DISABLE,
	OP_INSTALL, /* names: packages */
	OP_UNINSTALL,
	OP_RUN,       /* content: shell script, timeout_s, names: NAME=value */
	OP_FIRSTBOOT, /* name, content: script */
};

#define OP_NO_ID UINT32_MAX

struct op {
	enum op_kind kind;
	unsigned line; /* in the file; 0: from an option */
	char *path;
	char *source;
	char *content;
	size_t content_len;
	char *target;
	char *match;
	char *name;
	char *owner; /* "user:group", names or numbers; NULL: root:root for what is made */
	struct strv names;
	uint32_t mode; /* OP_NO_ID: the default */
	uint32_t id;   /* OP_NO_ID: the next free one */
	uint32_t gid;
	uint32_t count;
	uint32_t timeout_s; /* 0: the default */
	bool system;
};

struct ops {
	struct op *items;
	size_t n;
};

/* Append the operations in a YAML file. Host paths are relative to its folder. Errors: ERR_FORMAT
 * with file:line:column; ERR_IO. */
int ops_load(struct ops *ops, const char *path, struct err *e);
/* The same for text that was read already. */
int ops_parse(struct ops *ops, const char *data, size_t len, const char *path, struct err *e);
/* Append one from an option: kind is the option's name without dashes, value its argument. Host
 * paths are relative to the working directory. Errors: ERR_USAGE, the option named. */
int ops_add(struct ops *ops, const char *kind, const char *value, struct err *e);
void ops_release(struct ops *ops);

/* "append-line" and so on. */
const char *op_kind_name(enum op_kind kind);

#endif
