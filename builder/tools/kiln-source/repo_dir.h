/* A repository's folder that is replaced as a whole: built beside its place, then exchanged. */
#ifndef KILN_SOURCE_REPO_DIR_H
#define KILN_SOURCE_REPO_DIR_H

#include <stddef.h>

#include "base/err.h"

struct repo_dir;

/* Begin a folder that is to stand at path: an empty one, hidden beside path. Waits for another
 * process that builds the same. What stands at path must be nothing, an empty folder or a
 * repository made here before: ERR_IO otherwise. */
int repo_dir_open(struct repo_dir **out, const char *path, struct err *e);

/* Put the file from under name, relative to the folder, whose folders are made: as a hard link
 * where that can be, as a copy elsewhere. ERR_FORMAT when there is one of that name. */
int repo_dir_place(const struct repo_dir *d, const char *from, const char *name, struct err *e);

/* Write a file of that name. */
int repo_dir_write(
	const struct repo_dir *d, const char *name, const void *data, size_t len, struct err *e);

/* Put it into its place; what stood there is removed. */
int repo_dir_commit(struct repo_dir *d, struct err *e);

/* Release; what was not committed is removed. NULL is fine. */
void repo_dir_free(struct repo_dir *d);

static inline void repo_dir_cleanup(struct repo_dir **d)
{
	repo_dir_free(*d);
}
#define cleanup_repo_dir __attribute__((cleanup(repo_dir_cleanup)))

/* First line of the Release file of every repository made here: the mark it is known by. */
#define REPO_DIR_MARK "Origin: limekiln\n"

#endif
