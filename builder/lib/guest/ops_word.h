/* What the values in operations must look like. They end up in shell scripts and configuration
 * files of the guest: each is held to what such a thing can be. Pure functions. */
#ifndef KILN_GUEST_OPS_WORD_H
#define KILN_GUEST_OPS_WORD_H

#include <stdint.h>

#include "base/err.h"

enum op_word {
	/* texts */
	OPW_TEXT,     /* anything */
	OPW_NEEDED,   /* anything but nothing */
	OPW_LINE,     /* on one line; tabs are fine */
	OPW_PATH,     /* absolute in the guest, normalised, not the root */
	OPW_DIR,      /* the same, or "/" */
	OPW_SOURCE,   /* a path on the host */
	OPW_TARGET,   /* of a symbolic link */
	OPW_OWNER,    /* "user[:group]", names or numbers */
	OPW_USER,     /* a user's or group's name, useradd(8) */
	OPW_HOSTNAME, /* hostname(7), at most 64 characters */
	OPW_ZONE,     /* "Europe/Berlin" */
	OPW_NAME,     /* lower-case letters, digits, '.', '_', '-' */
	OPW_KEY,      /* a line of authorized_keys, sshd(8) */
	OPW_COMMENT,  /* field 5 of passwd(5) */
	OPW_SERVICE,  /* a unit's name, systemd.unit(5), or SERVICE[:RUNLEVEL] */
	OPW_PACKAGE,
	OPW_ENV, /* NAME=value */
	/* numbers */
	OPW_MODE,    /* three or four octal digits */
	OPW_ID,      /* of a user or group */
	OPW_COUNT,   /* 0 to 1000000 */
	OPW_TIMEOUT, /* 1 to 86400 seconds */
};

/* 0 when text is such a word; otherwise ERR_FORMAT "WHAT 'text' ...". */
int op_word_check(enum op_word word, const char *what, const char *text, struct err *e);

/* The same for the numbers, and its value. */
int op_word_number(
	enum op_word word, const char *what, const char *text, uint32_t *value, struct err *e);

#endif
