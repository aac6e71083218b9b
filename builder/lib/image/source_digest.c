#include "image/source_digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"

struct job {
	struct source_window *window;
	unsigned char *data;
};

struct digest {
	const struct source_digest_options *opt;
	struct sha256 *hash;
	uint64_t done; /* bytes of the disk that the hash has */
	struct job *jobs;
	size_t n_jobs;
};

static int reader_new(const void *ctx, void **state, struct err *e)
{
	struct source_reader *r;

	if (source_reader_new(&r, ctx, e) < 0)
		return -1;
	*state = r;
	return 0;
}

static void reader_free(void *state)
{
	source_reader_free(state);
}

static int read_window(void *state, void *arg, struct err *e)
{
	const struct job *j = arg;

	for (size_t i = 0; i < SOURCE_BLOCKS; i++) {
		if (!(j->window->data_mask >> i & 1))
			memset(j->data + i * SOURCE_BLOCK, 0, SOURCE_BLOCK);
	}
	return source_read(state, j->window, j->data, e);
}

static int hash_zeros(struct digest *d, uint64_t end, struct err *e)
{
	static const unsigned char zeros[SOURCE_BLOCK];

	while (d->done < end) {
		size_t n = end - d->done < sizeof(zeros) ? (size_t)(end - d->done) : sizeof(zeros);

		if (sha256_update(d->hash, zeros, n, e) < 0)
			return -1;
		d->done += n;
	}
	return 0;
}

static int hash_window(struct digest *d, const struct job *j, struct err *e)
{
	if (hash_zeros(d, j->window->offset, e) < 0 ||
		sha256_update(d->hash, j->data, j->window->len, e) < 0)
		return -1;
	d->done = j->window->offset + j->window->len;
	progress_update(d->opt->progress, d->done);
	return 0;
}

static int hash_all(struct digest *d, struct pool *pool, struct err *e)
{
	size_t next = 0;
	bool more = true;

	while (more || pool_in_flight(pool)) {
		while (more && pool_in_flight(pool) < d->n_jobs) {
			struct job *j = &d->jobs[next % d->n_jobs];

			if (source_next(d->opt->source, j->window, &more, e) < 0)
				return -1;
			if (more) {
				pool_submit(pool, j);
				next++;
			}
		}
		if (!pool_in_flight(pool))
			break;
		void *done;
		if (pool_take(pool, &done, e) < 0 || hash_window(d, done, e) < 0)
			return -1;
	}
	return hash_zeros(d, source_size(d->opt->source), e);
}

static int make_jobs(struct digest *d, size_t n, struct err *e)
{
	d->jobs = mem_array(n, sizeof(*d->jobs), e);
	if (!d->jobs)
		return -1;
	d->n_jobs = n;
	for (size_t i = 0; i < n; i++) {
		d->jobs[i].data = mem_zalloc(SOURCE_WINDOW, e);
		if (!d->jobs[i].data ||
			source_window_new(&d->jobs[i].window, d->opt->source, e) < 0)
			return -1;
	}
	return 0;
}

int source_sha256(const struct source_digest_options *opt, char hex[SHA256_HEX_SIZE], struct err *e)
{
	static const struct pool_ops ops = {reader_new, reader_free, read_window};
	struct digest d = {.opt = opt};
	struct pool *pool = NULL;
	int rc = -1;

	if (sha256_new(&d.hash, e) == 0 &&
		pool_new(&pool, opt->threads, &ops, opt->source, e) == 0 &&
		make_jobs(&d, pool_capacity(pool), e) == 0 && hash_all(&d, pool, e) == 0)
		rc = sha256_finish_hex(d.hash, hex, e);
	pool_free(pool);
	for (size_t i = 0; i < d.n_jobs; i++) {
		source_window_free(d.jobs[i].window);
		free(d.jobs[i].data);
	}
	free(d.jobs);
	sha256_free(d.hash);
	return rc;
}
