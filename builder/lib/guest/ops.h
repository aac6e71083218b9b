/* Operations that change a guest, in order: from a YAML file and from options. The format is
 * described in kiln-guest-ops(5). */
#ifndef KILN_GUEST_OPS_H
#define KILN_GUEST_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

enum op_kind {
	OP_WRITE,         /* path, content, mode, owner */
	OP_APPEND_LINE,   /* path, content: the line; nothing when the file has it */
	OP_COPY_IN,       /* source: host file or folder, path: folder in the guest */
	OP_TAR_IN,        /* source: host archive, path */
	OP_UPLOAD,        /* source: host file, path, mode, owner */
	OP_MKDIR,         /* path, mode, owner; parents too */
	OP_DELETE,        /* path */
	OP_MOVE,          /* source: path in the guest, path */
	OP_LINK,          /* path, target; symbolic */
	OP_CHMOD,         /* path, mode */
	OP_CHOWN,         /* path, owner */
	OP_TRUNCATE,      /* path */
	OP_EDIT,          /* path, match, content: the replacement, count: how often it must match,
			     0: at least once */
	OP_HOSTNAME,      /* name */
	OP_TIMEZONE,      /* name */
	OP_GROUP,         /* name, gid, system */
	OP_USER,          /* name, id, gid, names: groups, path: home, target: shell, system,
			     content: comment */
	OP_SSH_INJECT,    /* name: user; content: key, or source: host file with keys */
	OP_LOCK_PASSWORD, /* name */
	OP_ENABLE,        /* names: services */
	OP_DISABLE,       /* names: services */
	OP_INSTALL,       /* names: packages */
	OP_UNINSTALL,     /* names: packages */
	OP_RUN,           /* content: shell script, timeout_s, names: NAME=value */
	OP_FIRSTBOOT,     /* name; content: script, or source: host file */
};

/* The options of the same names: X(kind, name, argument, help), in the order of enum op_kind. An
 * option's fields are those that the argument shows; all others have their defaults. */
#define OPS_OPTIONS(X)                                                                             \
	X(OP_WRITE, "write", "PATH:CONTENT", "write a file")                                       \
	X(OP_APPEND_LINE, "append-line", "PATH:LINE", "append a line that a file does not have")   \
	X(OP_COPY_IN, "copy-in", "SOURCE:DIR", "copy a host file or folder into a folder")         \
	X(OP_TAR_IN, "tar-in", "TAR:DIR", "unpack a host archive into a folder")                   \
	X(OP_UPLOAD, "upload", "SOURCE:PATH", "copy a host file")                                  \
	X(OP_MKDIR, "mkdir", "PATH", "make a folder and its parents")                              \
	X(OP_DELETE, "delete", "PATH", "remove a file, or a folder with all in it")                \
	X(OP_MOVE, "move", "FROM:TO", "rename a file or folder")                                   \
	X(OP_LINK, "link", "TARGET:PATH", "make a symbolic link at PATH")                          \
	X(OP_CHMOD, "chmod", "MODE:PATH", "set permissions (octal)")                               \
	X(OP_CHOWN, "chown", "OWNER:PATH", "set the owner, USER or USER:GROUP")                    \
	X(OP_TRUNCATE, "truncate", "PATH", "make a file empty")                                    \
	X(OP_EDIT, "edit", "PATH:TEXT:NEW", "replace TEXT, which must stand once; \\: is a colon") \
	X(OP_HOSTNAME, "hostname", "NAME", "set the host name")                                    \
	X(OP_TIMEZONE, "timezone", "ZONE", "set the time zone")                                    \
	X(OP_GROUP, "group", "NAME[:GID]", "make a group")                                         \
	X(OP_USER, "user", "NAME[:UID]", "make a user with a locked password")                     \
	X(OP_SSH_INJECT, "ssh-inject", "USER:HOW", "add a key: USER:string:KEY, USER:file:FILE")   \
	X(OP_LOCK_PASSWORD, "lock-password", "USER", "let no password log USER in")                \
	X(OP_ENABLE, "enable", "SERVICE[,...]", "have services started at boot")                   \
	X(OP_DISABLE, "disable", "SERVICE[,...]", "have services not started at boot")             \
	X(OP_INSTALL, "install", "PACKAGE[,...]", "install packages from the lock")                \
	X(OP_UNINSTALL, "uninstall", "PACKAGE[,...]", "remove packages")                           \
	X(OP_RUN, "run", "COMMAND", "run a shell command in the guest")                            \
	X(OP_FIRSTBOOT, "firstboot", "NAME:FILE", "run a host file's script at the first boot")

#define OP_NO_ID UINT32_MAX

struct op {
	enum op_kind kind;
	unsigned line; /* in the file; 0: from an option */
	char *file;    /* that it stands in; NULL: from an option */
	char *path;
	char *source;
	char *content;
	char *target;
	char *match;
	char *name;
	char *owner; /* "user[:group]", names or numbers; NULL: root:root for what is made */
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
/* The same for all of a CLI_ORDERED option list: "kind=value". */
int ops_add_options(struct ops *ops, const struct strv *options, struct err *e);
void ops_release(struct ops *ops);

/* "append-line" and so on. */
const char *op_kind_name(enum op_kind kind);

/* Put the operation in front of e's message: "ops.yaml:3: append-line /etc/x: ...". Returns -1. */
int op_prefix(const struct op *op, struct err *e);

#endif
