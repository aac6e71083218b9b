/* A private folder for temporary files that outlives no run: the next one sweeps what a killed one
 * left. Its owner holds a flock on the file "lock" in it. */
#ifndef KILN_APPLIANCE_TEMPDIR_H
#define KILN_APPLIANCE_TEMPDIR_H

#include "base/err.h"

struct tempdir {
	char *path; /* NULL: none */
	int lock_fd;
};

/* Sweep leftovers of this user, then make kiln-guest-XXXXXX below $TMPDIR or /var/tmp. */
int tempdir_make(struct tempdir *t, struct err *e);
/* Give an open regular file a name in the folder: a link for one without any (made by
 * io_open_temp()), a symbolic link to its name for all others. The caller frees *path. Errors:
 * ERR_IO. */
int tempdir_name(const struct tempdir *t, int fd, const char *name, char **path, struct err *e);
/* Remove it with all that is in it, and the socket folder that was noted. */
void tempdir_remove(struct tempdir *t);

/* Note the folder that libguestfs made for its sockets, which lies elsewhere: it is removed with
 * this one. Safe from another thread. */
void tempdir_note_sockets(const char *tempdir_path, const char *socket_dir);

#endif
