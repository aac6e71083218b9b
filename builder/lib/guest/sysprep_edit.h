/* Changing a few lines of a guest's file. */
#ifndef KILN_GUEST_SYSPREP_EDIT_H
#define KILN_GUEST_SYSPREP_EDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Append what len bytes of text become to *out. */
typedef int sysprep_editor(
	const char *text, size_t len, int64_t epoch_s, struct buf *out, struct err *e);

sysprep_editor sysprep_edit_shadow;       /* dates of the last change: the epoch's day */
sysprep_editor sysprep_edit_hostname;     /* "localhost" */
sysprep_editor sysprep_edit_at_sequence;  /* at's number of the last job: 0 */
sysprep_editor sysprep_edit_hwaddr;       /* without HWADDR= */
sysprep_editor sysprep_edit_dhcp_name;    /* without HOSTNAME= and DHCP_HOSTNAME= */
sysprep_editor sysprep_edit_cloud_mounts; /* without what cloud-init added to fstab */
sysprep_editor sysprep_edit_lima_lines;   /* without what is between Lima's marks */

#endif
