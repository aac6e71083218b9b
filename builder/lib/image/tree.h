/* The merged file tree of a root file system: what the tar layers and the layout's files come to,
 * before it is written. Names and attributes only; contents stay where they are.
 *
 * Memory: about 200 bytes an entry and its name. One thread at a time. */
#ifndef KILN_IMAGE_TREE_H
#define KILN_IMAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define TREE_NAME_MAX 255  /* bytes in a name: what ext4 holds */
#define TREE_PATH_MAX 4095 /* bytes in a path: what the kernel takes */

enum tree_origin {
	TREE_NOWHERE, /* no contents */
	TREE_LAYER,   /* entry seq of tar layer number layer */
	TREE_MEMORY,  /* bytes */
	TREE_HOST,    /* host_path */
	TREE_DISK,    /* the spans' source_offset in source_fd */
	TREE_SAME,    /* those of inode same, which was written to same_fd before */
};

struct tree_xattr {
	struct tree_xattr *next; /* sorted by name */
	const char *name;        /* with its namespace: "user.x" */
	const unsigned char *value;
	size_t value_len;
};

/* Bytes of a file that are not a hole. The file system writer makes them the places on disk where
 * the contents go, and leaves what they were in an inode's sources. */
struct tree_span {
	uint64_t offset; /* in the file */
	uint64_t length;
	uint64_t disk_offset;   /* in the output file; set by the file system writer */
	uint64_t source_offset; /* TREE_DISK: in source_fd */
};

struct tree_inode {
	mode_t mode; /* type and permissions */
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink; /* names; directories: 2 and one for each directory inside */
	uint32_t mtime_ns;
	uint32_t ino;       /* set by the file system writer; 0: not yet */
	int64_t mtime_s;    /* 0 to the tree's epoch */
	uint64_t size;      /* regular files and links: bytes */
	uint32_t device[2]; /* device nodes: major, minor */
	const char *target; /* symbolic links */
	struct tree_xattr *xattrs;
	struct tree_span *spans; /* regular files: n_spans ranges, ascending, apart */
	size_t n_spans;
	union {
		const char *bytes;     /* TREE_MEMORY */
		const char *host_path; /* TREE_HOST */
		struct {               /* TREE_DISK */
			int source_fd;
			size_t n_sources;
			const struct tree_span *sources; /* NULL: spans are still the sources */
		};
		struct { /* TREE_SAME */
			int same_fd;
			const struct tree_inode *same;
		};
		struct {
			uint32_t seq; /* number of the entry in its layer, from 0 */
			uint32_t layer;
		} entry; /* TREE_LAYER */
	};
	enum tree_origin origin;
	struct tree_inode *next; /* in the order of tree_inode_new() */
};

struct tree_node {
	struct tree_inode *inode;
	struct tree_node *parent; /* NULL: the root */
	struct tree_node *child;  /* directories: the first one inside */
	struct tree_node *next;   /* in the same directory */
	struct tree_node *chain;  /* the tree's own */
	uint8_t name_len;
	char name[];
};

struct tree;

/* An empty root directory, 0755 root:root, of time epoch_s. */
int tree_new(struct tree **out, int64_t epoch_s, struct err *e);
void tree_free(struct tree *t);

static inline void tree_cleanup(struct tree **t)
{
	tree_free(*t);
}
#define cleanup_tree __attribute__((cleanup(tree_cleanup)))

/* A zeroed inode with the epoch as its time; the tree's. */
struct tree_inode *tree_inode_new(struct tree *t, struct err *e);
/* Set the time: at most the epoch, not before 1970. */
void tree_set_mtime(const struct tree *t, struct tree_inode *inode, int64_t s, uint32_t ns);
/* Zeroed memory, or a copy of bytes with a 0 after them, that lives as long as the tree. */
void *tree_zalloc(struct tree *t, size_t size, struct err *e);
char *tree_strndup(struct tree *t, const char *s, size_t len, struct err *e);
/* Add an extended attribute or replace the one of that name; copies. */
int tree_set_xattr(struct tree *t, struct tree_inode *inode, const char *name, const void *value,
	size_t len, struct err *e);

/* Paths are taken relative to the root: leading slashes, "." and empty components are dropped.
 * Errors of all functions that take one: ERR_FORMAT, the path named, for "..", names and paths
 * that are too long, and a parent that is not a directory (a symbolic link is not followed). */

/* Put inode at path. Missing parents are made, 0755 root:root. What was there is replaced, but a
 * directory takes the attributes of the new directory and keeps its entries; ERR_FORMAT when a
 * directory with entries would be replaced by something else, or a symbolic link by a directory. */
int tree_put(struct tree *t, const char *path, struct tree_inode *inode, struct err *e);
/* Add a name that is not there yet to a directory; *node (may be NULL) is the new node. ERR_FORMAT
 * for a name that is there, that no directory can have (empty, ".", "..", with '/' or 0) or is too
 * long. The path of the directory is the caller's to hold to TREE_PATH_MAX. */
int tree_add(struct tree *t, struct tree_node *dir, const char *name, size_t len,
	struct tree_inode *inode, struct tree_node **node, struct err *e);
/* Make path another name of target, which must be there and no directory. */
int tree_link(struct tree *t, const char *path, const char *target, struct err *e);
/* Remove path and what is below it; nothing happens when it is absent. The root stays. */
int tree_remove(struct tree *t, const char *path, struct err *e);
/* The node at path in *node, NULL when there is none. */
int tree_find(struct tree *t, const char *path, struct tree_node **node, struct err *e);

/* The entry of directory dir with the name of len bytes, NULL when there is none. */
struct tree_node *tree_child(
	const struct tree *t, const struct tree_node *dir, const char *name, size_t len);

struct tree_node *tree_root(struct tree *t);
/* The first inode made; follow next. Those without names (nlink 0) were replaced or removed. */
struct tree_inode *tree_inodes(const struct tree *t);

/* Sort every directory bytewise by name and list all nodes, each directory before its entries and
 * those before what follows the directory. The caller frees *nodes. */
int tree_sort(struct tree *t, struct tree_node ***nodes, size_t *n, struct err *e);

/* Append the whole path of a node, relative to the root. */
int tree_put_path(const struct tree_node *n, struct buf *path, struct err *e);

/* The path of a node in text (cut to fit), with a leading slash; returns text. For messages. */
#define TREE_PATH_TEXT 512
const char *tree_node_path(const struct tree_node *n, char text[TREE_PATH_TEXT]);

#endif
