#include "image/qcow2_write.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/pool.h"
#include "codec/deflate.h"
#include "image/holes.h"
#include "image/qcow2_alloc.h"
#include "image/qcow2_format.h"

_Static_assert(HOLES_BLOCK == QCOW2_CLUSTER_SIZE, "a block of the raw disk is a cluster");

/* What one worker does at a time: a window of 16 clusters. */
struct job {
	struct holes_window window;
	uint32_t len[HOLES_BLOCKS]; /* 0: zeros; QCOW2_CLUSTER_SIZE: plain; else compressed */
	unsigned char data[HOLES_BLOCKS * QCOW2_CLUSTER_SIZE]; /* one after the other */
};

struct worker {
	int raw_fd;
	struct deflate_encoder *encoder;
	unsigned char cluster[QCOW2_CLUSTER_SIZE];
};

struct writer {
	const struct qcow2_write_options *opt;
	struct qcow2_header header;
	struct qcow2_alloc alloc;
	unsigned char *l1;
	unsigned char *l2; /* of the 512 MiB at hand */
	uint64_t l2_index; /* which those are */
	bool l2_used;
	struct job *jobs; /* pool_capacity() of them, reused in turn */
};

static void worker_free(void *state)
{
	struct worker *w = state;

	deflate_encoder_free(w->encoder);
	free(w);
}

static int worker_new(const void *ctx, void **state, struct err *e)
{
	const struct qcow2_write_options *opt = ctx;
	struct worker *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	w->raw_fd = opt->raw_fd;
	if (deflate_encoder_new(&w->encoder, opt->level, DEFLATE_WINDOW_DEFAULT, e) < 0) {
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

/* Reading is part of the job: it is const input, and copying out of the page cache is work that
 * is worth sharing. */
static int compress_window(void *state, void *arg, struct err *e)
{
	struct worker *w = state;
	struct job *j = arg;
	unsigned char *out = j->data;

	for (unsigned i = 0; i < HOLES_BLOCKS; i++) {
		uint64_t offset = j->window.offset + (uint64_t)i * QCOW2_CLUSTER_SIZE;
		size_t got;

		j->len[i] = 0;
		if (!(j->window.data_mask >> i & 1))
			continue;
		if (io_pread(w->raw_fd, w->cluster, QCOW2_CLUSTER_SIZE, offset, &got, e) < 0)
			return -1;
		if (got < QCOW2_CLUSTER_SIZE)
			return err_set(e, ERR_INTEGRITY, "was cut short while it was read");
		if (is_zero(w->cluster, QCOW2_CLUSTER_SIZE))
			continue;
		size_t n = deflate_encode(
			w->encoder, w->cluster, QCOW2_CLUSTER_SIZE, out, QCOW2_CLUSTER_SIZE - 1);
		if (n == 0) {
			memcpy(out, w->cluster, QCOW2_CLUSTER_SIZE);
			n = QCOW2_CLUSTER_SIZE;
		}
		j->len[i] = (uint32_t)n;
		out += n;
	}
	return 0;
}

static int put(const struct writer *w, const void *data, size_t len, uint64_t offset, struct err *e)
{
	if (io_pwrite_full(w->opt->out_fd, data, len, offset, e) < 0)
		return err_prefix(e, "%s", w->opt->out_path);
	return 0;
}

static int flush_l2(struct writer *w, struct err *e)
{
	uint64_t offset;

	if (!w->l2_used)
		return 0;
	if (qcow2_alloc_clusters(&w->alloc, 1, &offset, e) < 0 ||
		put(w, w->l2, QCOW2_CLUSTER_SIZE, offset, e) < 0)
		return -1;
	qcow2_put64(w->l1 + w->l2_index * 8, offset | QCOW2_COPIED);
	memset(w->l2, 0, QCOW2_CLUSTER_SIZE);
	w->l2_used = false;
	return 0;
}

/* Find a place for one cluster's data and enter it into the L2 table. */
static int place_cluster(
	struct writer *w, uint64_t guest, uint32_t len, uint64_t *offset, struct err *e)
{
	uint64_t cluster = guest / QCOW2_CLUSTER_SIZE;
	uint64_t entry;

	if (len == QCOW2_CLUSTER_SIZE) {
		if (qcow2_alloc_clusters(&w->alloc, 1, offset, e) < 0)
			return -1;
		entry = *offset | QCOW2_COPIED;
	} else {
		if (qcow2_alloc_bytes(&w->alloc, len, offset, e) < 0)
			return -1;
		entry = qcow2_compressed_entry(*offset, len);
	}
	qcow2_put64(w->l2 + cluster % QCOW2_L2_ENTRIES * 8, entry);
	w->l2_used = true;
	return 0;
}

/* Write a finished window, neighbours in the file with one call. */
static int write_window(struct writer *w, const struct job *j, struct err *e)
{
	const unsigned char *run = j->data;
	uint64_t run_offset = 0;
	size_t run_len = 0;

	if (j->window.offset / QCOW2_L2_SPAN != w->l2_index) {
		if (flush_l2(w, e) < 0)
			return -1;
		w->l2_index = j->window.offset / QCOW2_L2_SPAN;
	}
	for (unsigned i = 0; i < HOLES_BLOCKS; i++) {
		uint64_t guest = j->window.offset + (uint64_t)i * QCOW2_CLUSTER_SIZE;
		uint64_t offset;

		if (j->len[i] == 0)
			continue;
		if (place_cluster(w, guest, j->len[i], &offset, e) < 0)
			return -1;
		if (offset != run_offset + run_len) {
			if (put(w, run, run_len, run_offset, e) < 0)
				return -1;
			run += run_len;
			run_len = 0;
			run_offset = offset;
		}
		run_len += j->len[i];
	}
	return put(w, run, run_len, run_offset, e);
}

static int write_data(struct writer *w, struct holes *holes, struct pool *pool, struct err *e)
{
	size_t capacity = pool_capacity(pool);
	size_t next = 0;
	bool more = true;

	while (more || pool_in_flight(pool)) {
		while (more && pool_in_flight(pool) < capacity) {
			struct job *free_job = &w->jobs[next % capacity];
			if (holes_next(holes, &free_job->window, &more, e) < 0)
				return err_prefix(e, "%s", w->opt->raw_path);
			if (!more)
				break;
			pool_submit(pool, free_job);
			next++;
		}
		if (!pool_in_flight(pool))
			break;
		void *done;
		if (pool_take(pool, &done, e) < 0)
			return err_prefix(e, "%s", w->opt->raw_path);
		const struct job *j = done;
		if (write_window(w, j, e) < 0)
			return -1;
		progress_update(w->opt->progress, j->window.offset + HOLES_WINDOW);
	}
	return flush_l2(w, e);
}

/* The refcount blocks count themselves and the table too: the smallest numbers that agree. */
static void size_refcounts(uint64_t clusters, uint64_t *blocks, uint64_t *table_clusters)
{
	uint64_t total, old_total = 0;

	*blocks = 0;
	*table_clusters = 0;
	while ((total = clusters + *blocks + *table_clusters) != old_total) {
		old_total = total;
		*blocks = (total + QCOW2_REFBLOCK_ENTRIES - 1) / QCOW2_REFBLOCK_ENTRIES;
		*table_clusters = (*blocks + QCOW2_REFTABLE_ENTRIES - 1) / QCOW2_REFTABLE_ENTRIES;
	}
}

static int write_refcounts(struct writer *w, struct err *e)
{
	uint64_t blocks, table_clusters, blocks_offset;

	size_refcounts(w->alloc.clusters, &blocks, &table_clusters);
	if (table_clusters > QCOW2_REFTABLE_MAX / QCOW2_CLUSTER_SIZE)
		return err_set(e, ERR_UNSUPPORTED, "image larger than qcow2's refcounts reach");
	if (qcow2_alloc_clusters(&w->alloc, blocks, &blocks_offset, e) < 0 ||
		qcow2_alloc_clusters(&w->alloc, table_clusters, &w->header.reftable_offset, e) < 0)
		return -1;
	w->header.reftable_clusters = (uint32_t)table_clusters;

	size_t len = (blocks + table_clusters) * QCOW2_CLUSTER_SIZE;
	cleanup_free unsigned char *data = mem_zalloc(len, e);
	if (!data)
		return -1;
	for (uint64_t c = 0; c < w->alloc.clusters; c++)
		qcow2_put16(data + c * 2, w->alloc.refcounts[c]);
	unsigned char *table = data + blocks * QCOW2_CLUSTER_SIZE;
	for (uint64_t b = 0; b < blocks; b++)
		qcow2_put64(table + b * 8, blocks_offset + b * QCOW2_CLUSTER_SIZE);
	return put(w, data, len, blocks_offset, e);
}

static int write_image(struct writer *w, struct holes *holes, struct pool *pool, struct err *e)
{
	unsigned char header[QCOW2_HEADER_SIZE];
	uint64_t l1_clusters = (w->header.l1_entries - 1) / (QCOW2_CLUSTER_SIZE / 8) + 1;
	uint64_t header_offset;

	if (qcow2_alloc_clusters(&w->alloc, 1, &header_offset, e) < 0 ||
		qcow2_alloc_clusters(&w->alloc, l1_clusters, &w->header.l1_offset, e) < 0 ||
		write_data(w, holes, pool, e) < 0 || write_refcounts(w, e) < 0)
		return -1;
	qcow2_header_encode(&w->header, header);
	if (put(w, w->l1, (size_t)w->header.l1_entries * 8, w->header.l1_offset, e) < 0 ||
		put(w, header, sizeof(header), header_offset, e) < 0)
		return -1;
	return 0;
}

static int write_from(struct writer *w, uint64_t size_bytes, struct err *e)
{
	static const struct pool_ops ops = {worker_new, worker_free, compress_window};
	cleanup_pool struct pool *pool = NULL;
	struct holes holes;

	w->header.size_bytes = size_bytes;
	w->header.l1_entries = (uint32_t)((size_bytes - 1) / QCOW2_L2_SPAN + 1);
	w->l1 = mem_array(w->header.l1_entries, 8, e);
	w->l2 = mem_zalloc(QCOW2_CLUSTER_SIZE, e);
	if (!w->l1 || !w->l2 || pool_new(&pool, w->opt->threads, &ops, w->opt, e) < 0)
		return -1;
	w->jobs = mem_array(pool_capacity(pool), sizeof(*w->jobs), e);
	if (!w->jobs)
		return -1;
	holes_init(&holes, w->opt->raw_fd, size_bytes);
	return write_image(w, &holes, pool, e);
}

static int check_size(const char *path, uint64_t size_bytes, struct err *e)
{
	if (size_bytes == 0)
		return err_set(e, ERR_FORMAT, "%s: empty, so not a disk", path);
	if (size_bytes % QCOW2_SIZE_UNIT)
		return err_set(e, ERR_FORMAT,
			"%s: its size (%llu) is not a multiple of 1 MiB; "
			"enlarge it with 'truncate --size=%%1M'",
			path, (unsigned long long)size_bytes);
	if ((size_bytes - 1) / QCOW2_L2_SPAN >= QCOW2_L1_MAX)
		return err_set(e, ERR_UNSUPPORTED, "%s: larger than 2 PiB", path);
	return 0;
}

static int raw_stat(const struct qcow2_write_options *opt, struct stat *st, struct err *e)
{
	return fstat(opt->raw_fd, st) < 0 ? err_set_errno(e, ERR_IO, "%s", opt->raw_path) : 0;
}

int qcow2_write(
	const struct qcow2_write_options *opt, struct qcow2_write_result *result, struct err *e)
{
	struct writer w = {.opt = opt};
	struct stat before, after;
	uint64_t size_bytes;

	if (io_size(opt->raw_fd, &size_bytes, e) < 0)
		return err_prefix(e, "%s", opt->raw_path);
	if (check_size(opt->raw_path, size_bytes, e) < 0 || raw_stat(opt, &before, e) < 0)
		return -1;
	int rc = write_from(&w, size_bytes, e);
	free(w.jobs);
	free(w.l1);
	free(w.l2);
	qcow2_alloc_release(&w.alloc);
	if (rc < 0 || raw_stat(opt, &after, e) < 0)
		return -1;
	if (before.st_size != after.st_size || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
		before.st_mtim.tv_nsec != after.st_mtim.tv_nsec)
		return err_set(e, ERR_INTEGRITY, "%s: changed while it was read; run this again",
			opt->raw_path);

	/* The header is known last and comes first: the digest is taken from the page cache, while
	 * the kernel begins to write (a hint only, errors come with fsync). */
	sync_file_range(opt->out_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	result->virtual_size = size_bytes;
	if (sha256_fd_hex(opt->out_fd, result->sha256, &result->file_size, e) < 0)
		return err_prefix(e, "%s", opt->out_path);
	return 0;
}
