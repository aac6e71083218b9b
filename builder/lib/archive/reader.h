/* Reading archives entry by entry (libarchive): tar in all its forms (ustar, pax, GNU, old) and ar,
 * plain or compressed. Nothing is written to the host.
 *
 * Errors say what is wrong, not in which file: the caller adds that. Unless a function says
 * otherwise: ERR_INTEGRITY for what ends too early, ERR_IO for what cannot be read, ERR_INTERNAL
 * for no memory, ERR_FORMAT for all else. After an error only reader_free() is of use.
 *
 * From opening to freeing, the calling thread's locale for characters is C.UTF-8, so that names are
 * UTF-8 whatever the environment says. One thread a reader, readers freed in the reverse of the
 * order they were opened in. */
#ifndef KILN_ARCHIVE_READER_H
#define KILN_ARCHIVE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

struct reader;

/* What is accepted: formats, and the compressions around them. Plain is always accepted. */
enum reader_accept {
	READER_TAR = 1 << 0,
	READER_AR = 1 << 1,
	READER_GZIP = 1 << 2,
	READER_XZ = 1 << 3,
	READER_ZSTD = 1 << 4,
};

/* A reader for the archive in fd, a regular file or block device, from its first byte, wherever fd
 * is positioned; fd stays the caller's. accept: reader_accept flags; block_bytes: how much to read
 * at once. Nothing is read before the first reader_next(). The caller frees *out. Errors: what
 * io_size() says; ERR_UNSUPPORTED without the locale; ERR_INTERNAL. */
int reader_open_fd(struct reader **out, int fd, unsigned accept, size_t block_bytes, struct err *e);

/* The same for the archive in memory, which must stay until the reader is freed. */
int reader_open_buffer(
	struct reader **out, const void *data, size_t len, unsigned accept, struct err *e);

/* The same for the archive that is the contents of outer's current entry. outer must not be used
 * until the new reader is freed. */
int reader_open_entry(struct reader **out, struct reader *outer, unsigned accept,
	size_t block_bytes, struct err *e);

/* NULL is fine. */
void reader_free(struct reader *r);

MEM_DEFINE_CLEANUP(reader, struct reader *, reader_free)
#define cleanup_reader MEM_CLEANUP(reader)

/* Go to the next entry, over what is unread of the current one. Returns 1, 0 at the end, or -1. */
int reader_next(struct reader *r, struct err *e);

/* What of the current entry's header could not be understood and is missing from the entry, or
 * NULL. The reader's, until the next call. */
const char *reader_warning(struct reader *r);

/* Bytes of the archive taken in so far, after decompression. */
uint64_t reader_bytes(struct reader *r);
/* Of them, those before the header that was read last, or was looked for last and not there: at
 * the end both are equal when no end mark was found. */
uint64_t reader_header_bytes(struct reader *r);

/* The current entry's metadata. Strings are the reader's, until the next reader_next(). */

/* NULL when it has none. */
const char *reader_path(struct reader *r);
/* NULL unless the entry is a hard link: the path of an earlier entry. */
const char *reader_hardlink(struct reader *r);
/* NULL unless the entry is a symbolic link: its target. */
const char *reader_symlink(struct reader *r);
/* Type and permissions as in stat(2); type 0 for what stat does not know. */
mode_t reader_mode(struct reader *r);
/* As the archive has them, possibly negative or out of range. */
int64_t reader_uid(struct reader *r);
int64_t reader_gid(struct reader *r);
int64_t reader_size_bytes(struct reader *r);
/* Seconds since 1970, and the nanoseconds of that second. */
int64_t reader_mtime(struct reader *r);
uint32_t reader_mtime_ns(struct reader *r);
uint64_t reader_device_major(struct reader *r);
uint64_t reader_device_minor(struct reader *r);

/* Lists: _start goes before the first item and says how many there are at most, _next takes one;
 * false at the end. */

/* Access control lists. */
enum reader_acl {
	READER_ACL_ACCESS,
	READER_ACL_DEFAULT,
};

struct reader_acl_entry {
	unsigned tag;  /* as in system.posix_acl_access, linux/posix_acl.h; 0: no POSIX one */
	unsigned perm; /* rwx as 0 to 7 */
	int64_t id;    /* of a named user or group; -1 when the archive does not say */
};

/* Whether there is an access control list of NFSv4's kind, which the functions below pass over. */
bool reader_has_nfs4_acl(struct reader *r);
size_t reader_acl_start(struct reader *r, enum reader_acl list);
bool reader_acl_next(struct reader *r, enum reader_acl list, struct reader_acl_entry *out);

/* Extended attributes; *name may be NULL, *name and *value are the reader's. */
size_t reader_xattr_start(struct reader *r);
bool reader_xattr_next(struct reader *r, const char **name, const void **value, size_t *len);

/* The spans of a sparse file that hold data, as the archive has them, possibly negative, empty or
 * beyond the file's size. None for a file without holes. */
size_t reader_span_start(struct reader *r);
bool reader_span_next(struct reader *r, int64_t *offset, int64_t *length);

/* The current entry's contents, by one of the two. */

/* Read up to len bytes, holes as zeros; *got is less than len only at the end. */
int reader_read(struct reader *r, void *data, size_t len, size_t *got, struct err *e);

/* The next block, *len bytes (perhaps 0) at *offset of the file, holes left out; *data is the
 * reader's, until the next call. Returns 1, 0 at the end, or -1. */
int reader_block(struct reader *r, const void **data, size_t *len, uint64_t *offset, struct err *e);

#endif
