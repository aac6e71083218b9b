#include "link_file.h"

#include <errno.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"

#define BLOCK_SIZE ((size_t)1 << 20)

static int copy_file(const char *from, const char *to, struct err *e)
{
	cleanup_close int in = io_open_read(from, e);
	cleanup_outfile struct outfile *out = NULL;
	cleanup_free char *block = mem_zalloc(BLOCK_SIZE, e);
	uint64_t offset = 0;
	size_t got;

	if (in < 0 || !block || outfile_open(&out, to, 0444, e) < 0)
		return -1;
	do {
		if (io_pread(in, block, BLOCK_SIZE, offset, &got, e) < 0 ||
			io_pwrite_full(outfile_fd(out), block, got, offset, e) < 0)
			return err_prefix(e, "%s", to);
		offset += got;
	} while (got > 0);
	return outfile_commit(out, e);
}

int link_or_copy(const char *from, const char *to, struct err *e)
{
	if (link(from, to) == 0)
		return 0;
	if (errno == EEXIST)
		return err_set(e, ERR_FORMAT, "%s: two files of the lock have this name", to);
	if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP)
		return err_set_errno(e, ERR_IO, "%s: link to %s", to, from);
	return copy_file(from, to, e);
}
