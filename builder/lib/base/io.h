/* Reading and writing whole ranges, retrying what the kernel cut short. */
#ifndef KILN_BASE_IO_H
#define KILN_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Open path for reading (O_CLOEXEC). Returns the descriptor, or -1 (ERR_IO, path named). The
 * remedy for a missing file is the caller's to add with err_prefix(). */
int io_open_read(const char *path, struct err *e);

/* An empty temporary file in dir (NULL: $TMPDIR or /var/tmp), open for reading and writing, that
 * has no name and so goes with its descriptor. Returns the descriptor, or -1 (ERR_IO). */
int io_open_temp(const char *dir, struct err *e);

/* Size in bytes of the regular file or block device behind fd. */
int io_size(int fd, uint64_t *size_bytes, struct err *e);

/* Read the whole of path, which may be at most max bytes long (ERR_FORMAT above that), and append
 * it to *out. "-" reads standard input. */
int io_read_file(const char *path, size_t max, struct buf *out, struct err *e);

/* Read up to len bytes at offset; *got is less than len only at the end of the file. */
int io_pread(int fd, void *data, size_t len, uint64_t offset, size_t *got, struct err *e);
/* Read exactly len bytes at offset; an early end of the file is ERR_FORMAT ("truncated"). */
int io_pread_full(int fd, void *data, size_t len, uint64_t offset, struct err *e);

int io_pwrite_full(int fd, const void *data, size_t len, uint64_t offset, struct err *e);
int io_write_full(int fd, const void *data, size_t len, struct err *e);

/* mkdir -p: make path and its missing parents, mode 0777 less the umask. */
int io_mkdirs(const char *path, struct err *e);

/* The folder part of path: "a/b" gives "a", "b" gives ".", "/b" gives "/". The caller frees. */
char *io_dirname(const char *path, struct err *e);
/* The part of path after the last slash; points into path. */
const char *io_basename(const char *path);

#endif
