/* Moving contents between files on the host, memory, disks and the places that ext4_write() or
 * contents_place() gave to the files of a tree. */
#ifndef KILN_IMAGE_CONTENTS_H
#define KILN_IMAGE_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "image/tree.h"

/* Bytes of all files that have a name, holes left out. Before ext4_write(). */
uint64_t contents_total(const struct tree *t);

/* Give all contents a place in a file that has nothing else, one after the other; returns its
 * size. */
uint64_t contents_place(const struct tree *t);

struct contents_layer {
	int fd;
	const char *name;
};

/* Write the contents of all regular files to their places in fd. progress (may be NULL) is told the
 * bytes done. Errors: as tar_read(); ERR_IO when a host file has changed. */
int contents_write(int fd, const struct tree *t, const struct contents_layer *layers, size_t n,
	struct progress *progress, struct err *e);

/* Read a regular file back from its places in fd into the empty file to_fd. */
int contents_read(int fd, const struct tree_inode *inode, int to_fd, struct err *e);

/* Copy what is not a hole in from_fd to to_fd, offset_bytes further on. */
int contents_copy(int from_fd, int to_fd, uint64_t offset_bytes, struct err *e);

#endif
