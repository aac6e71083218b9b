/* Where limekiln keeps what it need not fetch or find out again. */
#ifndef KILN_BASE_CACHEDIR_H
#define KILN_BASE_CACHEDIR_H

#include "base/err.h"

/* $LIMEKILN_CACHE, else $XDG_CACHE_HOME/limekiln, else ~/.cache/limekiln, as an absolute path; it
 * need not exist. ERR_USAGE when none of the three is set. The caller frees. */
char *cachedir_base(struct err *e);

#endif
