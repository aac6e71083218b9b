/* Users and groups as the texts that hold them: passwd(5), group(5), shadow(5), gshadow(5),
 * subuid(5), subgid(5). Pure functions on texts: reading and writing the files is the caller's
 * business. Lines that are malformed stay as they are and define nobody. */
#ifndef KILN_GUEST_ACCOUNTS_H
#define KILN_GUEST_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#define ACCOUNTS_NO_ID UINT32_MAX

enum accounts_file {
	ACCOUNTS_PASSWD,
	ACCOUNTS_GROUP,
	ACCOUNTS_SHADOW,
	ACCOUNTS_GSHADOW,
	ACCOUNTS_SUBUID,
	ACCOUNTS_SUBGID,
	ACCOUNTS_N_FILES,
};

struct accounts {
	struct buf texts[ACCOUNTS_N_FILES];
	bool there[ACCOUNTS_N_FILES];   /* a file that is not there is not made */
	bool changed[ACCOUNTS_N_FILES]; /* set by the functions below */
};

struct accounts_user {
	const char *name;
	uint32_t uid;              /* ACCOUNTS_NO_ID: the next free one */
	uint32_t gid;              /* ACCOUNTS_NO_ID: a group of the user's name, made if missing */
	const struct strv *groups; /* names of further groups, which must be there */
	const char *home;
	const char *shell;
	const char *comment;
	bool system;   /* an id below 1000, no subordinate ids, no password ageing */
	int64_t day_s; /* when the password was changed: seconds since 1970 */
};

/* "/etc/passwd" and so on. */
const char *accounts_path(enum accounts_file file);
void accounts_release(struct accounts *a);

/* Find a user; home (may be NULL) gets a copy that the caller frees. Returns 1, 0 when there is
 * none, -1 without memory. */
int accounts_find_user(const struct accounts *a, const char *name, uint32_t *uid, uint32_t *gid,
	char **home, struct err *e);
bool accounts_find_group(const struct accounts *a, const char *name, uint32_t *gid);

/* "user[:group]", names or numbers; without a group the user's own, or the number of the user.
 * ERR_CHECK when there is none of that name. */
int accounts_owner(
	const struct accounts *a, const char *owner, uint32_t *uid, uint32_t *gid, struct err *e);

/* Add a group; gid may be ACCOUNTS_NO_ID: from 1000 up, for system groups from 999 down. Errors:
 * ERR_CHECK when the name or number is taken, or none is free. */
int accounts_add_group(
	struct accounts *a, const char *name, uint32_t gid, bool system, struct err *e);

/* Add a user with a locked password. *uid and *gid (may be NULL) are what it got. Errors as above,
 * and for a group that is not there. */
int accounts_add_user(struct accounts *a, const struct accounts_user *u, uint32_t *uid,
	uint32_t *gid, struct err *e);

/* Let no password log the user in: its hash is replaced by "!", unless it is "*" already.
 * ERR_CHECK when there is no such user. */
int accounts_lock(struct accounts *a, const char *name, struct err *e);

#endif
