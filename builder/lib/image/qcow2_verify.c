#include "image/qcow2_verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "image/source_digest.h"

/* One side of a comparison: the windows of its source that have data. */
struct side {
	struct source *source;
	struct source_window *ahead; /* the next one */
	bool more;                   /* there is one */
};

/* A window of the disk. What a side has no data for is zeros. */
struct job {
	uint64_t offset;
	size_t len;
	struct source_window *image, *disk;
	uint32_t image_mask, disk_mask;
};

struct verify {
	const struct qcow2_verify_options *opt;
	struct side image, disk; /* without a disk that source is NULL */
	struct job *jobs;        /* pool_capacity() of them, reused in turn */
	size_t n_jobs;
};

struct worker {
	const struct verify *v;
	struct source_reader *image_reader, *disk_reader;
	unsigned char *image, *disk;
};

static void worker_free(void *state)
{
	struct worker *w = state;

	source_reader_free(w->image_reader);
	source_reader_free(w->disk_reader);
	free(w->image);
	free(w->disk);
	free(w);
}

static int worker_new(const void *ctx, void **state, struct err *e)
{
	struct worker *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	w->v = ctx;
	w->image = mem_zalloc(SOURCE_WINDOW, e);
	w->disk = mem_zalloc(SOURCE_WINDOW, e);
	if (!w->image || !w->disk ||
		source_reader_new(&w->image_reader, w->v->image.source, e) < 0 ||
		(w->v->disk.source &&
			source_reader_new(&w->disk_reader, w->v->disk.source, e) < 0)) {
		worker_free(w);
		return -1;
	}
	*state = w;
	return 0;
}

static int compare_block(const struct worker *w, const struct job *j, size_t block, struct err *e)
{
	static const unsigned char zeros[SOURCE_BLOCK];
	size_t start = block * SOURCE_BLOCK;
	size_t len = j->len - start < SOURCE_BLOCK ? j->len - start : SOURCE_BLOCK;
	const unsigned char *image = j->image_mask >> block & 1 ? w->image + start : zeros;
	const unsigned char *disk = j->disk_mask >> block & 1 ? w->disk + start : zeros;
	size_t at = 0;

	if (memcmp(image, disk, len) == 0)
		return 0;
	while (image[at] == disk[at])
		at++;
	return err_set(e, ERR_CHECK, "%s: differs from %s at byte %llu of the disk",
		w->v->opt->image_path, w->v->opt->raw_path,
		(unsigned long long)(j->offset + start + at));
}

static int compare_window(void *state, void *arg, struct err *e)
{
	struct worker *w = state;
	const struct job *j = arg;

	if (j->image_mask && source_read(w->image_reader, j->image, w->image, e) < 0)
		return -1;
	if (!w->v->disk.source)
		return 0;
	if (j->disk_mask && source_read(w->disk_reader, j->disk, w->disk, e) < 0)
		return -1;
	for (size_t i = 0; i * SOURCE_BLOCK < j->len; i++) {
		if ((j->image_mask | j->disk_mask) >> i & 1 && compare_block(w, j, i, e) < 0)
			return -1;
	}
	return 0;
}

static int advance(struct side *side, struct err *e)
{
	return side->source ? source_next(side->source, side->ahead, &side->more, e) : 0;
}

/* Give the window at offset to a job, if the side has data there, against its old one. */
static int take(
	struct side *side, uint64_t offset, struct source_window **w, uint32_t *mask, struct err *e)
{
	struct source_window *old = *w;

	*mask = 0;
	if (!side->more || side->ahead->offset != offset)
		return 0;
	*w = side->ahead;
	*mask = side->ahead->data_mask;
	side->ahead = old;
	return advance(side, e);
}

/* Fill in the job for the next window in which either side has data. */
static int make_job(struct verify *v, struct job *j, struct err *e)
{
	uint64_t size_bytes = source_size(v->image.source);
	const struct source_window *first = v->image.ahead;

	if (!v->image.more || (v->disk.more && v->disk.ahead->offset < first->offset))
		first = v->disk.ahead;
	j->offset = first->offset;
	j->len = size_bytes - j->offset < SOURCE_WINDOW ? (size_t)(size_bytes - j->offset)
							: SOURCE_WINDOW;
	if (take(&v->image, j->offset, &j->image, &j->image_mask, e) < 0 ||
		take(&v->disk, j->offset, &j->disk, &j->disk_mask, e) < 0)
		return -1;
	return 0;
}

static int verify_all(struct verify *v, struct pool *pool, struct progress *progress, struct err *e)
{
	size_t next = 0;

	if (advance(&v->image, e) < 0 || advance(&v->disk, e) < 0)
		return -1;
	while (v->image.more || v->disk.more || pool_in_flight(pool)) {
		while ((v->image.more || v->disk.more) && pool_in_flight(pool) < v->n_jobs) {
			struct job *j = &v->jobs[next++ % v->n_jobs];

			if (make_job(v, j, e) < 0)
				return -1;
			pool_submit(pool, j);
		}
		void *done;
		if (pool_take(pool, &done, e) < 0)
			return -1;
		const struct job *j = done;
		progress_update(progress, j->offset + j->len);
	}
	return 0;
}

static int side_window(const struct side *side, struct source_window **w, struct err *e)
{
	return side->source ? source_window_new(w, side->source, e) : 0;
}

static int make_jobs(struct verify *v, size_t n, struct err *e)
{
	v->jobs = mem_array(n, sizeof(*v->jobs), e);
	if (!v->jobs || side_window(&v->image, &v->image.ahead, e) < 0 ||
		side_window(&v->disk, &v->disk.ahead, e) < 0)
		return -1;
	v->n_jobs = n;
	for (size_t i = 0; i < n; i++) {
		if (side_window(&v->image, &v->jobs[i].image, e) < 0 ||
			side_window(&v->disk, &v->jobs[i].disk, e) < 0)
			return -1;
	}
	return 0;
}

static void release(struct verify *v)
{
	for (size_t i = 0; i < v->n_jobs; i++) {
		source_window_free(v->jobs[i].image);
		source_window_free(v->jobs[i].disk);
	}
	source_window_free(v->image.ahead);
	source_window_free(v->disk.ahead);
	free(v->jobs);
	source_free(v->image.source);
	source_free(v->disk.source);
}

static int compare(struct verify *v, struct progress *progress, struct err *e)
{
	static const struct pool_ops ops = {worker_new, worker_free, compare_window};
	cleanup_pool struct pool *pool = NULL;

	if (pool_new(&pool, v->opt->threads, &ops, v, e) < 0 ||
		make_jobs(v, pool_capacity(pool), e) < 0)
		return -1;
	return verify_all(v, pool, progress, e);
}

static int compare_digest(struct verify *v, struct progress *progress, struct err *e)
{
	const struct source_digest_options opt = {
		.source = v->image.source, .threads = v->opt->threads, .progress = progress};
	char hex[SHA256_HEX_SIZE];

	if (source_sha256(&opt, hex, e) < 0)
		return -1;
	if (strcmp(hex, v->opt->sha256) != 0)
		return err_set(e, ERR_CHECK, "%s: the disk's SHA-256 is %s, not %s",
			v->opt->image_path, hex, v->opt->sha256);
	return 0;
}

static int open_both(struct verify *v, struct err *e)
{
	const struct qcow2_verify_options *opt = v->opt;
	const struct source_options image = {.fd = opt->image_fd,
		.path = opt->image_path,
		.format = RAW_FORMAT_QCOW2,
		.rule = opt->rule,
		.snapshot = opt->snapshot,
		.refcounts = true};
	const struct source_options disk = {
		.fd = opt->raw_fd, .path = opt->raw_path, .format = RAW_FORMAT_RAW};

	if (opt->raw_path && source_open(&v->disk.source, &disk, e) < 0)
		return -1;
	if (source_open(&v->image.source, &image, e) < 0)
		return -1;
	uint64_t image_size = source_size(v->image.source);
	if (!opt->raw_path || source_size(v->disk.source) == image_size)
		return 0;
	return err_set(e, ERR_CHECK, "%s: holds a disk of %llu bytes, but %s has %llu",
		opt->image_path, (unsigned long long)image_size, opt->raw_path,
		(unsigned long long)source_size(v->disk.source));
}

static int check_unchanged(const struct verify *v, struct err *e)
{
	if (v->disk.source && source_unchanged(v->disk.source, e) < 0)
		return -1;
	return source_unchanged(v->image.source, e);
}

int qcow2_verify(const struct qcow2_verify_options *opt, struct err *e)
{
	struct verify v = {.opt = opt};
	int rc = open_both(&v, e);

	if (rc == 0) {
		cleanup_progress struct progress *progress =
			progress_new(opt->progress, "verify", source_size(v.image.source));

		rc = (opt->sha256 ? compare_digest : compare)(&v, progress, e);
		if (rc == 0)
			rc = check_unchanged(&v, e);
		if (rc == 0)
			progress_finish(progress);
	}
	release(&v);
	return rc;
}
