/* What sshd makes of its configuration, as sshd_config(5) says: the first value of a keyword
 * counts, Include takes patterns below /etc/ssh, and what stands in a Match block replaces what
 * stands outside for the connections that it matches. */
#ifndef KILN_GUEST_SSHD_CONFIG_H
#define KILN_GUEST_SSHD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "image/tree.h"

struct sshd_setting {
	char *keyword; /* lower case, by its newest name: "kbdinteractiveauthentication" */
	char *value;   /* arguments without quotes, a blank between them */
	char *file;    /* path in the guest; NULL: sshd's default */
	unsigned line;
	unsigned block; /* number of the Match block, 0 outside of them */
	bool always;    /* the block is `Match all` */
};

struct sshd_config;

/* Read the configuration at path in the guest's tree, and all that it includes. Errors:
 * ERR_FORMAT "file:line: ..." where sshd would not start: no argument, open quotes, a value or
 * number of arguments that a known keyword cannot have, files that include each other, no file. */
int sshd_config_load(struct sshd_config **out, struct tree *root, const char *path, struct err *e);
void sshd_config_free(struct sshd_config *c);

MEM_DEFINE_CLEANUP(sshd_config, struct sshd_config *, sshd_config_free)
#define cleanup_sshd_config MEM_CLEANUP(sshd_config)

/* All settings in the order they are read; NULL past the end. */
const struct sshd_setting *sshd_config_at(const struct sshd_config *c, size_t i);

/* The value in force for a connection that no Match block but `Match all` matches: what `sshd -T`
 * prints. NULL when there is none and sshd has no default that this module knows. */
const struct sshd_setting *sshd_config_get(const struct sshd_config *c, const char *keyword);

/* The values that can be in force for some connection: start with *at = 0; NULL when there are no
 * more. A conditional block may match any connection. */
const struct sshd_setting *sshd_config_possible(
	const struct sshd_config *c, const char *keyword, size_t *at);

/* The i-th keyword that takes one of a few words, NULL past the end. */
const char *sshd_config_choice(size_t i);

/* The value of keyword in what `sshd -T` printed, one name for values that mean the same. Returns
 * a copy that the caller frees; NULL with *e clear when it is not there. */
char *sshd_config_printed(const char *settings, const char *keyword, struct err *e);

#endif
