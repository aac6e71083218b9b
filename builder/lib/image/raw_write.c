#include "image/raw_write.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/pool.h"

/* Zeros are left out in pieces of this size: the page of most file systems. */
#define PIECE 4096u

struct worker {
	const struct raw_write_options *opt;
	struct source_reader *reader;
	unsigned char *data;
};

static void worker_free(void *state)
{
	struct worker *w = state;

	source_reader_free(w->reader);
	free(w->data);
	free(w);
}

static int worker_new(const void *ctx, void **state, struct err *e)
{
	struct worker *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	w->opt = ctx;
	w->data = mem_zalloc(SOURCE_WINDOW, e);
	if (!w->data || source_reader_new(&w->reader, w->opt->source, e) < 0) {
		worker_free(w);
		return -1;
	}
	*state = w;
	return 0;
}

static bool piece_used(const struct worker *w, const struct source_window *win, size_t at)
{
	const unsigned char *p = w->data + at;

	return (win->data_mask >> (at / SOURCE_BLOCK) & 1) &&
	       (p[0] || memcmp(p, p + 1, PIECE - 1) != 0);
}

/* Windows are apart in the raw file: each worker writes its own. Neighbours with one call, nothing
 * beyond the disk's end. */
static int write_window(const struct worker *w, const struct source_window *win, struct err *e)
{
	size_t start, end;

	for (start = 0; start < win->len; start = end) {
		end = start + PIECE;
		if (!piece_used(w, win, start))
			continue;
		while (end < win->len && piece_used(w, win, end))
			end += PIECE;
		if (end > win->len)
			end = win->len;
		if (io_pwrite_full(w->opt->out_fd, w->data + start, end - start,
			    win->offset + start, e) < 0)
			return err_prefix(e, "write the raw disk");
	}
	return 0;
}

static int copy_window(void *state, void *arg, struct err *e)
{
	struct worker *w = state;
	const struct source_window *win = arg;

	if (source_read(w->reader, win, w->data, e) < 0)
		return -1;
	return write_window(w, win, e);
}

static int write_all(const struct raw_write_options *opt, struct pool *pool,
	struct source_window **windows, struct err *e)
{
	size_t capacity = pool_capacity(pool);
	size_t next = 0;
	bool more = true;

	while (more || pool_in_flight(pool)) {
		while (more && pool_in_flight(pool) < capacity) {
			struct source_window *w = windows[next % capacity];

			if (source_next(opt->source, w, &more, e) < 0)
				return -1;
			if (more) {
				pool_submit(pool, w);
				next++;
			}
		}
		if (!pool_in_flight(pool))
			break;
		void *done;
		if (pool_take(pool, &done, e) < 0)
			return -1;
		const struct source_window *w = done;
		progress_update(opt->progress, w->offset + w->len);
	}
	return 0;
}

static int write_with(const struct raw_write_options *opt, struct source_window ***windows,
	size_t *n_windows, struct err *e)
{
	static const struct pool_ops ops = {worker_new, worker_free, copy_window};
	cleanup_pool struct pool *pool = NULL;

	if (pool_new(&pool, opt->threads, &ops, opt, e) < 0)
		return -1;
	*windows = mem_array(pool_capacity(pool), sizeof(**windows), e);
	if (!*windows)
		return -1;
	for (; *n_windows < pool_capacity(pool); (*n_windows)++) {
		if (source_window_new(&(*windows)[*n_windows], opt->source, e) < 0)
			return -1;
	}
	return write_all(opt, pool, *windows, e);
}

int raw_write(const struct raw_write_options *opt, struct err *e)
{
	struct source_window **windows = NULL;
	size_t n_windows = 0;
	uint64_t size_bytes = source_size(opt->source);

	if (ftruncate(opt->out_fd, (off_t)size_bytes) < 0)
		return err_set_errno(
			e, ERR_IO, "make a raw disk of %llu bytes", (unsigned long long)size_bytes);
	int rc = write_with(opt, &windows, &n_windows, e);
	for (size_t i = 0; i < n_windows; i++)
		source_window_free(windows[i]);
	free(windows);
	return rc;
}
