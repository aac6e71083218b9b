#include "image/qcow2_extract.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/pool.h"
#include "codec/deflate.h"
#include "codec/zstd_frame.h"
#include "image/qcow2_check.h"
#include "image/qcow2_read.h"

/* What a worker does at a time: this much of the disk, or one cluster if that is more. */
#define WINDOW_MIN (1u << 20)
/* Zeros are left out in pieces of this size, or of a cluster if that is less. */
#define PIECE 4096u

struct job {
	uint64_t offset; /* in the guest */
	size_t len;      /* whole clusters, also at the disk's end */
	struct qcow2_cluster *clusters;
	unsigned char *data;
	bool *used; /* one a piece: holds other bytes than zeros */
};

struct worker {
	const struct qcow2_image *img;
	struct deflate_decoder *deflate;
	struct zstd_decoder *zstd;
	unsigned char *packed;
};

struct extract {
	const struct qcow2_extract_options *opt;
	struct qcow2_image img;
	unsigned char *l2; /* the table at hand */
	uint64_t l2_index; /* which one; UINT64_MAX: none yet */
	bool l2_present;   /* it is in the file */
	size_t window;     /* bytes of the guest in a job, a multiple of clusters */
	size_t piece;      /* bytes */
	struct job *jobs;  /* pool_capacity() of them, reused in turn */
	size_t n_jobs;
};

static void worker_free(void *state)
{
	struct worker *w = state;

	deflate_decoder_free(w->deflate);
	zstd_decoder_free(w->zstd);
	free(w->packed);
	free(w);
}

static int worker_new(const void *ctx, void **state, struct err *e)
{
	struct worker *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	w->img = ctx;
	w->packed = mem_zalloc(2 * w->img->cluster_size, e);
	if (!w->packed || (w->img->header.compression == QCOW2_ZSTD
					  ? zstd_decoder_new(&w->zstd, e)
					  : deflate_decoder_new(&w->deflate, e)) < 0) {
		worker_free(w);
		return -1;
	}
	*state = w;
	return 0;
}

static int load_compressed(
	struct worker *w, const struct qcow2_cluster *c, unsigned char *out, struct err *e)
{
	size_t used;

	if (io_pread_full(w->img->fd, w->packed, c->len, c->offset, e) < 0)
		return -1;
	if (w->zstd)
		return zstd_decode(w->zstd, w->packed, c->len, out, w->img->cluster_size, &used,
			e);
	return deflate_decode(w->deflate, w->packed, c->len, out, w->img->cluster_size, &used, e);
}

/* The number of plain clusters from c on that follow each other in the file. */
static size_t count_run(const struct qcow2_cluster *c, size_t n, size_t cluster_size)
{
	size_t run = 1;

	while (run < n && c[run].kind == QCOW2_KIND_PLAIN &&
		c[run].offset == c->offset + run * cluster_size)
		run++;
	return run;
}

static void note_used(struct job *j, size_t piece)
{
	for (size_t at = 0; at < j->len; at += piece) {
		const unsigned char *p = j->data + at;

		j->used[at / piece] = p[0] || memcmp(p, p + 1, piece - 1) != 0;
	}
}

/* Reading is part of the job: it is const input, and copying out of the page cache is work that
 * is worth sharing. */
static int load_window(void *state, void *arg, struct err *e)
{
	struct worker *w = state;
	struct job *j = arg;
	size_t size = w->img->cluster_size;
	size_t n = j->len / size;

	for (size_t i = 0, run = 1; i < n; i += run) {
		const struct qcow2_cluster *c = &j->clusters[i];
		unsigned char *out = j->data + i * size;
		int rc = 0;

		run = 1;
		if (c->kind == QCOW2_KIND_PLAIN) {
			run = count_run(c, n - i, size);
			rc = io_pread_full(w->img->fd, out, run * size, c->offset, e);
		} else if (c->kind == QCOW2_KIND_COMPRESSED) {
			rc = load_compressed(w, c, out, e);
		} else {
			memset(out, 0, size);
		}
		if (rc < 0)
			return err_prefix(
				e, "guest byte %llu", (unsigned long long)(j->offset + i * size));
	}
	note_used(j, size < PIECE ? size : PIECE);
	return 0;
}

/* Write what is not zeros, neighbours with one call; nothing beyond the disk's end. */
static int write_window(const struct extract *x, const struct job *j, struct err *e)
{
	uint64_t left = x->img.header.size_bytes - j->offset;
	size_t len = left < j->len ? (size_t)left : j->len;
	size_t start, end;

	for (start = 0; start < len; start = end) {
		bool used = j->used[start / x->piece];

		for (end = start + x->piece; end < len && j->used[end / x->piece] == used;)
			end += x->piece;
		if (end > len)
			end = len;
		if (used && io_pwrite_full(x->opt->out_fd, j->data + start, end - start,
				    j->offset + start, e) < 0)
			return err_prefix(e, "write the raw disk");
	}
	return 0;
}

static int load_l2(struct extract *x, uint64_t index, struct err *e)
{
	uint64_t offset;

	if (qcow2_image_l2_offset(&x->img, (uint32_t)index, &offset, e) < 0 ||
		qcow2_image_load_l2(&x->img, (uint32_t)index, x->l2, e) < 0)
		return -1;
	x->l2_index = index;
	x->l2_present = offset != 0;
	return 0;
}

/* Fill in the job for the window at offset; *needed is false when there is nothing but zeros. */
static int make_job(struct extract *x, uint64_t offset, struct job *j, bool *needed, struct err *e)
{
	uint64_t left = x->img.header.size_bytes - offset;
	size_t size = x->img.cluster_size;

	j->offset = offset;
	j->len = left < x->window ? ((size_t)left + size - 1) / size * size : x->window;
	*needed = false;
	for (size_t i = 0; i < j->len / size; i++) {
		uint64_t cluster = offset / size + i;
		struct qcow2_cluster *c = &j->clusters[i];

		if (cluster / x->img.l2_entries != x->l2_index &&
			load_l2(x, cluster / x->img.l2_entries, e) < 0)
			return -1;
		if (qcow2_image_decode(&x->img,
			    qcow2_get64(x->l2 + cluster % x->img.l2_entries * 8), cluster * size, c,
			    e) < 0)
			return -1;
		*needed |= c->kind == QCOW2_KIND_PLAIN || c->kind == QCOW2_KIND_COMPRESSED;
	}
	return 0;
}

/* The next window after offset; over parts of the guest without an L2 table in one step. */
static uint64_t next_window(const struct extract *x, uint64_t offset)
{
	uint64_t next = offset + x->window;
	uint64_t span = x->img.l2_span;

	if (x->l2_present || span < x->window)
		return next;
	uint64_t end = (offset / span + 1) * span;
	return end > next ? end : next;
}

static int extract_all(struct extract *x, struct pool *pool, struct progress *p, struct err *e)
{
	size_t capacity = pool_capacity(pool);
	uint64_t size_bytes = x->img.header.size_bytes;
	uint64_t offset = 0;
	size_t next = 0;

	while (offset < size_bytes || pool_in_flight(pool)) {
		while (offset < size_bytes && pool_in_flight(pool) < capacity) {
			struct job *j = &x->jobs[next % capacity];
			bool needed;

			if (make_job(x, offset, j, &needed, e) < 0)
				return -1;
			offset = next_window(x, offset);
			if (needed) {
				pool_submit(pool, j);
				next++;
			}
		}
		void *done;
		if (!pool_in_flight(pool))
			break;
		if (pool_take(pool, &done, e) < 0 || write_window(x, done, e) < 0)
			return -1;
		progress_update(p, ((const struct job *)done)->offset);
	}
	return 0;
}

static int make_jobs(struct extract *x, size_t n, struct err *e)
{
	x->jobs = mem_array(n, sizeof(*x->jobs), e);
	if (!x->jobs)
		return -1;
	x->n_jobs = n;
	for (size_t i = 0; i < n; i++) {
		struct job *j = &x->jobs[i];

		j->clusters = mem_array(x->window / x->img.cluster_size, sizeof(*j->clusters), e);
		j->data = mem_zalloc(x->window, e);
		j->used = mem_array(x->window / x->piece, sizeof(*j->used), e);
		if (!j->clusters || !j->data || !j->used)
			return -1;
	}
	return 0;
}

static void extract_release(struct extract *x)
{
	for (size_t i = 0; i < x->n_jobs; i++) {
		free(x->jobs[i].clusters);
		free(x->jobs[i].data);
		free(x->jobs[i].used);
	}
	free(x->jobs);
	free(x->l2);
	qcow2_image_release(&x->img);
}

/* Check the image and prepare. */
static int extract_open(struct extract *x, struct err *e)
{
	if (qcow2_image_open(&x->img, x->opt->image_fd, QCOW2_RULE_ANY, e) < 0 ||
		qcow2_check_owners(&x->img, e) < 0)
		return -1;
	size_t size = x->img.cluster_size;
	x->window = size > WINDOW_MIN ? size : WINDOW_MIN;
	x->piece = size < PIECE ? size : PIECE;
	x->l2_index = UINT64_MAX;
	x->l2 = mem_zalloc(size, e);
	if (!x->l2)
		return -1;
	if (ftruncate(x->opt->out_fd, (off_t)x->img.header.size_bytes) < 0)
		return err_set_errno(e, ERR_IO, "make a raw disk of %llu bytes",
			(unsigned long long)x->img.header.size_bytes);
	return 0;
}

static int extract(struct extract *x, struct err *e)
{
	static const struct pool_ops ops = {worker_new, worker_free, load_window};
	cleanup_pool struct pool *pool = NULL;
	cleanup_progress struct progress *progress = NULL;

	if (extract_open(x, e) < 0 || pool_new(&pool, x->opt->threads, &ops, &x->img, e) < 0 ||
		make_jobs(x, pool_capacity(pool), e) < 0)
		return -1;
	progress = progress_new(x->opt->progress, "extract", x->img.header.size_bytes);
	if (extract_all(x, pool, progress, e) < 0)
		return -1;
	progress_finish(progress);
	return 0;
}

int qcow2_extract(const struct qcow2_extract_options *opt, uint64_t *size_bytes, struct err *e)
{
	struct extract x = {.opt = opt};
	int rc = extract(&x, e);

	*size_bytes = x.img.header.size_bytes;
	extract_release(&x);
	return rc < 0 ? err_prefix(e, "%s", opt->image_path) : 0;
}
