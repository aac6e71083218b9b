/* tar archives as layers of a file tree: ustar, pax, GNU and old tar, plain or
 * compressed by gzip, xz or zstd. Nothing is written to the host.
 *
 * A layer is read twice: for its entries, then for the contents of those that are still in the
 * tree. Errors: ERR_FORMAT for what is malformed or refused, the entry named; ERR_INTEGRITY for an
 * archive that ends too early; ERR_IO. One thread a layer. */
#ifndef KILN_IMAGE_TAR_H
#define KILN_IMAGE_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/tree.h"

/* Put the entries of the archive in fd (a regular file; name for messages) into the tree.
 *
 * A later entry replaces an earlier one of the same path. Refused are: "..", entries below a
 * symbolic link, hard links to what is not there or to a directory, device nodes outside /dev,
 * access control lists with names instead of numbers, sockets and unknown types, attributes
 * outside user, trusted and security. A leading slash is dropped. Times are clamped, file flags
 * and user names ignored.
 *
 * So that a small archive cannot take hours or all memory, it is refused as soon as a file has
 * more contents than disk_bytes, all files more than 8 times that, or there is more than an entry
 * for each KiB of it (and 65536). */
int tar_scan(int fd, const char *name, uint32_t layer, struct tree *t, uint64_t disk_bytes,
	struct err *e);

/* Takes len bytes at offset of a file. Returns 0, or -1 with *e, which ends the reading. */
typedef int tar_sink(void *ctx, const struct tree_inode *inode, uint64_t offset, const void *data,
	size_t len, struct err *e);

/* Give the contents of all files in the tree that come from this layer to the sink, in the
 * archive's order, holes left out. */
int tar_read(int fd, const char *name, uint32_t layer, const struct tree *t, tar_sink *sink,
	void *ctx, struct err *e);

#endif
