/* Debian packages: the control file of a .deb. deb(5), deb-control(5). */
#ifndef KILN_DEB_DEB_H
#define KILN_DEB_DEB_H

#include "base/buf.h"
#include "base/err.h"

/* Append the control file of the package that fd (positioned anywhere) holds to *control: one
 * paragraph, its lines checked, ending with a newline, at most 1 MiB. name stands for the file in
 * messages. ERR_FORMAT for what is no package. Any thread, one file each. */
int deb_read_control(int fd, const char *name, struct buf *control, struct err *e);

#endif
