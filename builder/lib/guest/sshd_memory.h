/* What sshd -T said before of a guest with the same sshd, configuration, accounts and packages: an
 * appliance takes seconds to start, and the answer is a function of these. It is kept in the cache
 * folder (base/cachedir.h) by the SHA-256 of what it depends on. */
#ifndef KILN_GUEST_SSHD_MEMORY_H
#define KILN_GUEST_SSHD_MEMORY_H

#include <stdbool.h>

#include "base/err.h"
#include "digest/sha256.h"
#include "guest/guest.h"

/* The digest. *known is false when the answer may depend on more: a configuration that includes
 * files outside /etc/ssh. Errors: those of guest_read_file(). */
int sshd_memory_key(struct guest *g, char hex[SHA256_HEX_SIZE], bool *known, struct err *e);

/* The settings that are remembered; NULL: none are. The caller frees. */
char *sshd_memory_recall(const char *hex);

/* Remember. A cache that cannot be written costs time later, nothing else. */
void sshd_memory_keep(const char *hex, const char *settings);

#endif
