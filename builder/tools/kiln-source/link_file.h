/* Giving a cached file a name outside of the cache. */
#ifndef KILN_SOURCE_LINK_FILE_H
#define KILN_SOURCE_LINK_FILE_H

#include "base/err.h"

/* Make to, which must not be there, a hard link to from where that can be, a copy elsewhere. Never
 * a symbolic link: whoever reads it need not be able to read the cache. ERR_IO; ERR_FORMAT when to
 * is there. */
int link_or_copy(const char *from, const char *to, struct err *e);

#endif
