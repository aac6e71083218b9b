#include "image/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/pool.h"
#include "image/pack_codec.h"

/* Jobs a thread: one that it works on, and one that is finished before its turn. */
#define JOBS_PER_THREAD 2

/* Some blocks of zeros, then a block to be read and compressed. */
struct job {
	uint64_t offset;       /* of the block in the disk */
	size_t len;            /* 0: the disk ended with the zeros */
	uint64_t zeros_before; /* whole blocks of zeros that stand before it */
	struct source_window **windows;
	size_t n_windows; /* that hold the block's data */
	unsigned char *data;
	bool is_zeros; /* found to be one more whole block of zeros */
	struct pack_block block;
};

struct worker {
	const struct packer *packer;
	struct source_reader *reader;
	struct pack_encoder *encoder;
};

struct packer {
	const struct pack_options *opt;
	struct pack_codec codec;
	struct pack_frame *frame;
	struct pack_block zeros; /* a whole block of zeros; made when the first is met */
	struct sha256 *content_hash;
	struct sha256 *file_hash;
	uint64_t file_size;

	struct source_window *ahead; /* the next window that has data */
	bool more;                   /* there is one */
	uint64_t next;               /* where the next job begins in the disk */
	struct job *jobs;            /* reused in turn */
	size_t n_jobs;
	size_t windows_per_block;
};

static void worker_free(void *state)
{
	struct worker *w = state;

	source_reader_free(w->reader);
	pack_encoder_free(w->encoder);
	free(w);
}

static int worker_new(const void *ctx, void **state, struct err *e)
{
	const struct packer *p = ctx;
	struct worker *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	w->packer = p;
	if (source_reader_new(&w->reader, p->opt->source, e) < 0 ||
		pack_encoder_new(&w->encoder, &p->codec, e) < 0) {
		worker_free(w);
		return -1;
	}
	*state = w;
	return 0;
}

static bool is_zero(const unsigned char *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

static int pack_block(void *state, void *arg, struct err *e)
{
	struct worker *w = state;
	struct job *j = arg;

	if (j->len == 0)
		return 0;
	memset(j->data, 0, j->len);
	for (size_t i = 0; i < j->n_windows; i++) {
		const struct source_window *win = j->windows[i];

		if (source_read(w->reader, win, j->data + (win->offset - j->offset), e) < 0)
			return -1;
	}
	j->is_zeros = j->len == w->packer->codec.block_size && is_zero(j->data, j->len);
	return j->is_zeros ? 0 : pack_encode(w->encoder, j->data, j->len, &j->block, e);
}

static int next_window(struct packer *p, struct err *e)
{
	return source_next(p->opt->source, p->ahead, &p->more, e);
}

/* Fill in the job for what follows in the disk. */
static int make_job(struct packer *p, struct job *j, struct err *e)
{
	uint64_t size = source_size(p->opt->source);
	uint64_t block_size = p->codec.block_size;
	uint64_t data = p->more ? p->ahead->offset : size;

	j->offset = data / block_size * block_size;
	j->zeros_before = (j->offset - p->next) / block_size;
	j->len = size - j->offset < block_size ? (size_t)(size - j->offset) : (size_t)block_size;
	j->is_zeros = false;
	p->next = j->offset + j->len;
	for (j->n_windows = 0; p->more && p->ahead->offset < p->next; j->n_windows++) {
		struct source_window *filled = p->ahead;

		p->ahead = j->windows[j->n_windows];
		j->windows[j->n_windows] = filled;
		if (next_window(p, e) < 0)
			return -1;
	}
	return 0;
}

static int put(struct packer *p, const void *data, size_t len, struct err *e)
{
	if (p->file_hash && sha256_update(p->file_hash, data, len, e) < 0)
		return -1;
	if (io_write_full(p->opt->out_fd, data, len, e) < 0)
		return err_prefix(e, "%s", p->opt->out_path);
	p->file_size += len;
	return 0;
}

static int put_block(struct packer *p, const struct pack_block *b, struct err *e)
{
	return pack_frame_add(p->frame, b, e) < 0 ? -1 : put(p, b->bytes, b->len, e);
}

static int make_zeros(struct packer *p, struct err *e)
{
	struct pack_encoder *enc = NULL;
	cleanup_free unsigned char *data = mem_zalloc(p->codec.block_size, e);

	p->zeros.bytes = mem_zalloc(p->codec.bound, e);
	if (!data || !p->zeros.bytes || pack_encoder_new(&enc, &p->codec, e) < 0)
		return -1;
	int rc = pack_encode(enc, data, p->codec.block_size, &p->zeros, e);
	pack_encoder_free(enc);
	return rc;
}

static int hash_zeros(struct sha256 *h, uint64_t len, struct err *e)
{
	static const unsigned char zeros[65536];

	for (size_t n; len > 0; len -= n) {
		n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);
		if (sha256_update(h, zeros, n, e) < 0)
			return -1;
	}
	return 0;
}

static int write_zeros(struct packer *p, uint64_t blocks, struct err *e)
{
	if (blocks > 0 && !p->zeros.bytes && make_zeros(p, e) < 0)
		return -1;
	for (uint64_t i = 0; i < blocks; i++) {
		if ((p->content_hash && hash_zeros(p->content_hash, p->codec.block_size, e) < 0) ||
			put_block(p, &p->zeros, e) < 0)
			return -1;
	}
	return 0;
}

static int write_job(struct packer *p, const struct job *j, struct err *e)
{
	if (write_zeros(p, j->zeros_before + j->is_zeros, e) < 0)
		return -1;
	if (j->is_zeros || j->len == 0)
		return 0;
	if (p->content_hash && sha256_update(p->content_hash, j->data, j->len, e) < 0)
		return -1;
	return put_block(p, &j->block, e);
}

static int write_blocks(struct packer *p, struct pool *pool, struct err *e)
{
	uint64_t size = source_size(p->opt->source);
	size_t next = 0;

	if (next_window(p, e) < 0)
		return -1;
	while (p->next < size || pool_in_flight(pool)) {
		while (p->next < size && pool_in_flight(pool) < p->n_jobs) {
			struct job *free_job = &p->jobs[next++ % p->n_jobs];

			if (make_job(p, free_job, e) < 0)
				return -1;
			pool_submit(pool, free_job);
		}
		void *done;
		if (pool_take(pool, &done, e) < 0 || write_job(p, done, e) < 0)
			return -1;
		const struct job *j = done;
		progress_update(p->opt->progress, j->offset + j->len);
	}
	return 0;
}

static int make_jobs(struct packer *p, size_t n, struct err *e)
{
	p->windows_per_block = p->codec.block_size / SOURCE_WINDOW;
	p->jobs = mem_array(n, sizeof(*p->jobs), e);
	if (!p->jobs)
		return -1;
	p->n_jobs = n;
	for (size_t i = 0; i < n; i++) {
		struct job *j = &p->jobs[i];

		j->data = malloc(p->codec.block_size);
		j->block.bytes = malloc(p->codec.bound);
		j->windows = mem_array(p->windows_per_block, sizeof(struct source_window *), e);
		if (!j->windows)
			return -1;
		if (!j->data || !j->block.bytes)
			return err_nomem(e);
		for (size_t w = 0; w < p->windows_per_block; w++) {
			if (source_window_new(&j->windows[w], p->opt->source, e) < 0)
				return -1;
		}
	}
	return source_window_new(&p->ahead, p->opt->source, e);
}

static void packer_release(struct packer *p)
{
	for (size_t i = 0; i < p->n_jobs; i++) {
		struct job *j = &p->jobs[i];

		for (size_t w = 0; j->windows && w < p->windows_per_block; w++)
			source_window_free(j->windows[w]);
		free(j->windows);
		free(j->data);
		free(j->block.bytes);
	}
	free(p->jobs);
	source_window_free(p->ahead);
	free(p->zeros.bytes);
	pack_frame_free(p->frame);
	sha256_free(p->content_hash);
	sha256_free(p->file_hash);
}

static int pack_disk(struct packer *p, struct err *e)
{
	static const struct pool_ops ops = {worker_new, worker_free, pack_block};
	cleanup_pool struct pool *pool = NULL;
	size_t n_jobs = p->opt->threads > 1 ? (size_t)p->opt->threads * JOBS_PER_THREAD : 1;

	if (pool_new(&pool, p->opt->threads, &ops, p, e) < 0 || make_jobs(p, n_jobs, e) < 0)
		return -1;
	return write_blocks(p, pool, e);
}

static int pack_file(struct packer *p, struct err *e)
{
	cleanup_buf struct buf begin = {0};
	cleanup_buf struct buf end = {0};

	if (p->opt->hash &&
		(sha256_new(&p->content_hash, e) < 0 || sha256_new(&p->file_hash, e) < 0))
		return -1;
	if (pack_frame_new(&p->frame, &p->codec, &begin, e) < 0 ||
		put(p, begin.data, begin.len, e) < 0 || pack_disk(p, e) < 0 ||
		pack_frame_finish(p->frame, &end, e) < 0)
		return -1;
	return put(p, end.data, end.len, e);
}

int pack_write(const struct pack_options *opt, struct pack_result *result, struct err *e)
{
	struct packer p = {.opt = opt};

	*result = (struct pack_result){0};
	if (pack_codec_init(&p.codec, opt->format, opt->level, e) < 0)
		return -1;
	int rc = pack_file(&p, e);
	if (rc == 0)
		rc = source_unchanged(opt->source, e);
	if (rc == 0 && opt->hash &&
		(sha256_finish_hex(p.content_hash, result->content_sha256, e) < 0 ||
			sha256_finish_hex(p.file_hash, result->sha256, e) < 0))
		rc = -1;
	result->content_size = source_size(opt->source);
	result->file_size = p.file_size;
	result->block_size = p.codec.block_size;
	packer_release(&p);
	return rc;
}
