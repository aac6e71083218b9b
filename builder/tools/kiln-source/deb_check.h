/* Checking cached files against their lock, on any thread. */
#ifndef KILN_SOURCE_DEB_CHECK_H
#define KILN_SOURCE_DEB_CHECK_H

#include "base/buf.h"
#include "base/err.h"
#include "recipe/lock.h"

/* Hash the file at path. ERR_INTEGRITY when it is not the package's: other size (0: any will do) or
 * digest. ERR_IO when it cannot be read; errnum is ENOENT when it is not there. */
int deb_check_file(const char *path, const struct lock_package *p, struct err *e);

/* The name of the package's file in a repository: "bash_5.2.37-2+b5_amd64.deb", without the
 * version's epoch. The caller frees. */
char *deb_file_name(const struct lock_package *p, struct err *e);

/* Check the file as above, and that its control file says what the lock says; append its paragraph
 * for a Packages file to *stanza, with Filename below "pool/". */
int deb_check_stanza(
	const char *path, const struct lock_package *p, struct buf *stanza, struct err *e);

#endif
