/* A disk image opened to look inside: its partitions, the file trees of the root file system and
 * of the EFI system partition, and the operating system found there. Read with our own code: no
 * kernel, no appliance, any architecture. Everything in it is hostile. */
#ifndef KILN_GUEST_GUEST_H
#define KILN_GUEST_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/parts.h"
#include "image/raw.h"
#include "image/tree.h"

/* A partition beside the root that fstab mounts. */
struct guest_mount {
	unsigned number; /* of the partition */
	char *dir;
};

struct guest {
	int fd; /* the raw disk */
	bool own_fd;
	uint64_t size_bytes;
	struct parts parts;
	const struct part *root_part;
	const struct part *esp_part; /* NULL: none */
	struct tree *root; /* with the trees of further partitions that fstab names, as /boot */
	struct tree *esp;  /* NULL: none */
	int64_t newest_s;  /* newest time of modification in root, before clamping */
	struct guest_mount mounts[PARTS_MAX]; /* parents first; ext4 and FAT only */
	size_t n_mounts;
	int64_t epoch_s; /* what times were clamped to; newest_s when to nothing */
};

/* Open an image; see raw_open(). epoch_s clamps times, INT64_MAX leaves them. Errors, beside those
 * of the readers: ERR_FORMAT when no partition has an operating system, or two have one (each
 * named); ERR_UNSUPPORTED when the root file system is one that cannot be read (its kind named). */
int guest_open(struct guest **out, const struct raw_options *opt, int64_t epoch_s, struct err *e);
/* The same for a raw disk that is open already; fd stays the caller's and must outlive the guest.
 * name is for messages. */
int guest_open_fd(struct guest **out, int fd, const char *name, int64_t epoch_s, struct err *e);
void guest_free(struct guest *g);

MEM_DEFINE_CLEANUP(guest, struct guest *, guest_free)
#define cleanup_guest MEM_CLEANUP(guest)

/* The node at path, symbolic links followed inside the tree (at most 40, never out of it), NULL
 * when there is none. Errors: ERR_FORMAT for loops and bad paths. */
int guest_lookup(struct tree *t, const char *path, struct tree_node **node, struct err *e);
/* The same without following the last component. */
int guest_lookup_nofollow(struct tree *t, const char *path, struct tree_node **node, struct err *e);

/* Append the whole path of a node, with a leading slash. */
int guest_path(const struct tree_node *n, struct buf *out, struct err *e);

/* Read up to len bytes of a regular file at offset; *got is less than len only at its end. Errors:
 * ERR_IO; ERR_FORMAT when the disk ends first. */
int guest_pread_inode(const struct tree_inode *inode, void *data, size_t len, uint64_t offset,
	size_t *got, struct err *e);
/* Append the contents of a regular file of at most max bytes; larger is ERR_FORMAT. */
int guest_read_inode(const struct tree_inode *inode, size_t max, struct buf *out, struct err *e);
/* The same by path, links followed; *found (may be NULL) is false, and 0 returned, when absent or
 * no regular file. */
int guest_read_file(
	struct tree *t, const char *path, size_t max, struct buf *out, bool *found, struct err *e);

#endif
