/* /etc/fstab: what a guest mounts where. fstab(5). */
#ifndef KILN_GUEST_FSTAB_H
#define KILN_GUEST_FSTAB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "image/parts.h"

struct fstab_entry {
	char *source; /* "UUID=...", "/dev/vda1" */
	char *dir;    /* where; "none" for swap */
	char *type;
};

struct fstab {
	struct fstab_entry *items; /* in the order of the file */
	size_t n;
};

/* Parse len bytes of text, to which name is given in messages. Lines with fewer than three fields
 * are ERR_FORMAT, as are more than 1000. Release in any case. */
int fstab_parse(struct fstab *f, const char *text, size_t len, const char *name, struct err *e);
void fstab_release(struct fstab *f);

static inline void fstab_cleanup(struct fstab *f)
{
	fstab_release(f);
}
#define cleanup_fstab __attribute__((cleanup(fstab_cleanup)))

/* True when source means this partition: UUID=, LABEL=, PARTUUID=, PARTLABEL=, the links to them in
 * /dev/disk, or a partition of a disk's device by number (/dev/sda1, /dev/nvme0n1p1). */
bool fstab_names(const char *source, const struct part *p);

#endif
