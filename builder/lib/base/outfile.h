/* Output files that appear whole or not at all.
 *
 * The bytes go to an unnamed file (O_TMPFILE) in the target's folder, or to a hidden, locked one
 * where the file system has no unnamed files. Commit gives it the final name atomically. Until
 * then the old file, if any, stays as it is, also when the process is killed. */
#ifndef KILN_BASE_OUTFILE_H
#define KILN_BASE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct outfile;

/* Start writing path, whose folder must exist. The file gets exactly mode, whatever the umask.
 * A symbolic link at path is replaced, not followed. Errors: ERR_IO, path named. */
int outfile_open(struct outfile **out, const char *path, mode_t mode, struct err *e);

/* The descriptor (read-write) to write to; stays the object's. */
int outfile_fd(const struct outfile *o);

/* Flush to disk, check, give the final name, flush the folder. After -1 nothing stands under the
 * final name that was not there before, unless flushing the folder is what failed: then the new
 * file is there, whole. In both cases only outfile_free() may follow. */
int outfile_commit(struct outfile *o, struct err *e);

/* Release; what was not committed is gone. NULL is fine. */
void outfile_free(struct outfile *o);

static inline void outfile_cleanup(struct outfile **o)
{
	outfile_free(*o);
}
#define cleanup_outfile __attribute__((cleanup(outfile_cleanup)))

/* Write path in one go. */
int outfile_write(const char *path, mode_t mode, const void *data, size_t len, struct err *e);

/* The same, but leave the file alone (times too) when it has these contents and mode already;
 * *changed (may be NULL) tells. */
int outfile_write_if_changed(
	const char *path, mode_t mode, const void *data, size_t len, bool *changed, struct err *e);

#endif
