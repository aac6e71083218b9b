/* File capabilities as text, as getcap(8) writes them. */
#ifndef KILN_GUEST_FILE_CAPS_H
#define KILN_GUEST_FILE_CAPS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Append the capabilities in the value of a security.capability attribute (struct vfs_cap_data,
 * linux/capability.h): "cap_net_raw=ep". ERR_FORMAT when it is malformed. */
int file_caps_text(const unsigned char *value, size_t len, struct buf *out, struct err *e);

#endif
