#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "cache.h"
#include "digest/hash.h"

#define BLOCK_SIZE ((size_t)1 << 18)

struct part {
	struct source_file *file;
	char *final_path;
	char *path;
	struct hash *hash; /* of the first offset bytes */
	uint64_t offset;
	int fd;
	bool inherited; /* the first bytes are another process's */
};

/* A process that was killed just before the file got its name leaves it read-only: remove it,
 * unless that process lives. Returns as open_locked(). */
static int remove_read_only(struct part *p, struct err *e)
{
	p->fd = open(p->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (p->fd < 0)
		return errno == ENOENT ? 0 : err_set_errno(e, ERR_IO, "%s", p->path);
	if (flock(p->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 1 : err_set_errno(e, ERR_IO, "lock %s", p->path);
	if (unlink(p->path) < 0 && errno != ENOENT)
		return err_set_errno(e, ERR_IO, "%s", p->path);
	return 0;
}

/* Open and lock the part's file. Another process may give it its final name between the two, so
 * check that the name still is this file's. Returns 0, 1 when another process holds it, -1. */
static int open_locked(struct part *p, struct err *e)
{
	for (;;) {
		struct stat ours, named;

		mem_close_fd(&p->fd);
		p->fd = open(p->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (p->fd < 0 && errno == EACCES && access(p->path, F_OK) == 0) {
			int rc = remove_read_only(p, e);

			if (rc != 0)
				return rc;
			continue;
		}
		if (p->fd < 0)
			return err_set_errno(e, ERR_IO,
				"%s: cannot be written; free or unlock the "
				"cache, or set LIMEKILN_CACHE",
				p->path);
		if (flock(p->fd, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? 1
						    : err_set_errno(e, ERR_IO, "lock %s", p->path);
		if (fstat(p->fd, &ours) == 0 && lstat(p->path, &named) == 0 &&
			ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
			return 0;
	}
}

/* Hash what an earlier process left. */
static int take_over(struct part *p, struct err *e)
{
	cleanup_free char *block = mem_zalloc(BLOCK_SIZE, e);
	uint64_t size;
	size_t got;

	if (!block || io_size(p->fd, &size, e) < 0)
		return -1;
	if (p->file->size_bytes && size > p->file->size_bytes)
		return part_restart(p, e);
	p->inherited = size > 0;
	while (p->offset < size) {
		if (io_pread(p->fd, block, BLOCK_SIZE, p->offset, &got, e) < 0 ||
			hash_update(p->hash, block, got, e) < 0)
			return err_prefix(e, "%s", p->path);
		if (got == 0)
			return err_set(e, ERR_IO, "%s: shrinks while it is read", p->path);
		p->offset += got;
	}
	/* Whole, but not checked: its process was killed just then. */
	return p->file->size_bytes && p->offset == p->file->size_bytes ? part_finish(p, p->path, e)
								       : 0;
}

static int make_paths(struct part *p, const char *base, struct err *e)
{
	p->final_path = cache_digest_path(base, p->file->kind, p->file->digest, e);
	cleanup_free char *folder = p->final_path ? io_dirname(p->final_path, e) : NULL;

	p->path = folder ? mem_printf(e, "%s.part", p->final_path) : NULL;
	return p->path ? io_mkdirs(folder, e) : -1;
}

int part_open(struct part **out, enum part_state *state, const char *base, struct source_file *file,
	struct err *e)
{
	cleanup_part struct part *p = mem_zalloc(sizeof(*p), e);

	*out = NULL;
	if (!p)
		return -1;
	p->fd = -1;
	p->file = file;
	if (make_paths(p, base, e) < 0 || hash_new(&p->hash, p->file->kind, e) < 0)
		return -1;
	int locked = open_locked(p, e);
	if (locked < 0)
		return -1;
	*state = locked > 0 ? PART_BUSY : PART_THERE;
	if (locked > 0)
		return 0;
	if (cache_has(p->final_path, file->size_bytes)) {
		unlink(p->path);
		return 0;
	}
	if (take_over(p, e) < 0)
		return -1;
	if (cache_has(p->final_path, file->size_bytes))
		return 0;
	*state = PART_READY;
	*out = steal_ptr(&p);
	return 0;
}

void part_free(struct part *p)
{
	if (!p)
		return;
	mem_close_fd(&p->fd);
	hash_free(p->hash);
	free(p->final_path);
	free(p->path);
	free(p);
}

struct source_file *part_file(const struct part *p)
{
	return p->file;
}

uint64_t part_offset(const struct part *p)
{
	return p->offset;
}

int part_restart(struct part *p, struct err *e)
{
	hash_free(steal_ptr(&p->hash));
	if (hash_new(&p->hash, p->file->kind, e) < 0)
		return -1;
	if (ftruncate(p->fd, 0) < 0)
		return err_set_errno(e, ERR_IO, "%s", p->path);
	p->offset = 0;
	p->inherited = false;
	return 0;
}

int part_write(struct part *p, const void *data, size_t len, struct err *e)
{
	if (len > (p->file->size_bytes ? p->file->size_bytes : SOURCE_FILE_MAX) - p->offset)
		return err_set(e, ERR_INTEGRITY, "%s: larger than the lock says", p->file->path);
	if (io_pwrite_full(p->fd, data, len, p->offset, e) < 0)
		return err_prefix(e, "%s", p->path);
	p->offset += len;
	return hash_update(p->hash, data, len, e);
}

static int give_name(struct part *p, struct err *e)
{
	if (fchmod(p->fd, 0444) < 0)
		return err_set_errno(e, ERR_IO, "%s: set mode", p->path);
	if (fsync(p->fd) < 0)
		return err_set_errno(e, ERR_IO, "%s: flush to disk", p->path);
	if (rename(p->path, p->final_path) < 0)
		return err_set_errno(e, ERR_IO, "%s: rename", p->path);
	return 0;
}

int part_finish(struct part *p, const char *from, struct err *e)
{
	char hex[HASH_MAX_HEX_SIZE];

	if (hash_finish_hex(p->hash, hex, e) < 0)
		return -1;
	if (strcmp(hex, p->file->digest) == 0)
		return give_name(p, e);
	bool inherited = p->inherited;
	if (part_restart(p, e) < 0)
		return -1;
	if (inherited)
		return 1;
	unlink(p->path);
	return err_set(e, ERR_INTEGRITY,
		"%s: has the SHA-%zu %s, %s wants %s; try another mirror with --mirror", from,
		hash_size(p->file->kind) * 8, hex, p->file->wanted_by, p->file->digest);
}
