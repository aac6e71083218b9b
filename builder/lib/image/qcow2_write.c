#include "image/qcow2_write.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/pool.h"
#include "image/qcow2_alloc.h"
#include "image/qcow2_job.h"
#include "image/qcow2_share.h"

/* The kernel is asked to write back what there is whenever this much has come. */
#define WRITE_BACK_STEP (8u << 20)

/* Data that goes to the file with one call. */
struct run {
	const unsigned char *data;
	size_t len;
	uint64_t offset;
};

struct writer {
	const struct qcow2_write_options *opt;
	struct qcow2_write_result *result;
	struct qcow2_header header;
	size_t cluster_size;
	uint64_t l2_span; /* bytes of the disk that one L2 table maps */
	struct qcow2_alloc alloc;
	unsigned char *l1;
	unsigned char *l2; /* of the part of the disk at hand */
	uint64_t l2_index; /* which that is */
	bool l2_used;
	uint64_t written_back; /* what is before that in the file */
	struct qcow2_share *share;
	unsigned char *other; /* with share: a cluster read back */
	struct sha256 *disk_hash;
	uint64_t hashed; /* bytes of the disk */
};

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
		put(w, w->l2, w->cluster_size, offset, e) < 0)
		return -1;
	qcow2_put64(w->l1 + w->l2_index * 8, offset | QCOW2_COPIED);
	memset(w->l2, 0, w->cluster_size);
	w->l2_used = false;
	return 0;
}

static void set_entry(struct writer *w, uint64_t guest, uint64_t entry)
{
	qcow2_put64(w->l2 + guest % w->l2_span / w->cluster_size * 8, entry);
	w->l2_used = true;
}

/* Write the run and begin the next one after it in memory. */
static int flush_run(const struct writer *w, struct run *run, struct err *e)
{
	if (put(w, run->data, run->len, run->offset, e) < 0)
		return -1;
	run->data += run->len;
	run->len = 0;
	return 0;
}

/* Look for the compressed cluster that comes after the run among those in the file. */
static int find_copy(struct writer *w, struct run *run, uint32_t crc, uint32_t len,
	uint64_t *offset, bool *found, struct err *e)
{
	const unsigned char *data = run->data + run->len;

	*found = false;
	if (!w->share || !qcow2_share_find(w->share, crc, len, offset))
		return 0;
	if (flush_run(w, run, e) < 0)
		return -1;
	if (io_pread_full(w->opt->out_fd, w->other, len, *offset, e) < 0)
		return err_prefix(e, "%s", w->opt->out_path);
	*found = memcmp(w->other, data, len) == 0 && qcow2_alloc_share(&w->alloc, *offset, len);
	return 0;
}

static int place_compressed(struct writer *w, struct run *run, uint64_t guest, uint32_t crc,
	uint32_t len, uint64_t *offset, bool *found, struct err *e)
{
	if (find_copy(w, run, crc, len, offset, found, e) < 0 ||
		(!*found && qcow2_alloc_bytes(&w->alloc, len, offset, e) < 0))
		return -1;
	set_entry(w, guest, qcow2_compressed_entry(*offset, len, w->opt->cluster_bits));
	w->result->compressed++;
	w->result->shared += *found;
	if (w->share && !*found)
		qcow2_share_add(
			w->share, (struct qcow2_copy){.offset = *offset, .crc = crc, .len = len});
	return 0;
}

static int place_plain(struct writer *w, uint64_t guest, uint64_t *offset, struct err *e)
{
	if (qcow2_alloc_clusters(&w->alloc, 1, offset, e) < 0)
		return -1;
	set_entry(w, guest, *offset | QCOW2_COPIED);
	w->result->plain++;
	return 0;
}

/* Find a place for cluster i of the job, whose data come after the run, and add them to it. */
static int place_cluster(
	struct writer *w, const struct qcow2_job *j, size_t i, struct run *run, struct err *e)
{
	uint64_t guest = j->window->offset + i * w->cluster_size;
	uint32_t len = j->len[i];
	bool found = false;
	uint64_t offset;

	if ((len == w->cluster_size ? place_plain(w, guest, &offset, e)
				    : place_compressed(w, run, guest, j->crc[i], len, &offset,
					      &found, e)) < 0)
		return -1;
	if (found) {
		run->data += len;
		return 0;
	}
	if (offset != run->offset + run->len) {
		if (flush_run(w, run, e) < 0)
			return -1;
		run->offset = offset;
	}
	run->len += len;
	return 0;
}

/* A hint only: errors come with fsync. The compressors work on while the kernel does this. */
static void begin_write_back(struct writer *w)
{
	uint64_t end = w->alloc.clusters * w->cluster_size;

	if (end - w->written_back < WRITE_BACK_STEP)
		return;
	sync_file_range(w->opt->out_fd, (off_t)w->written_back, (off_t)(end - w->written_back),
		SYNC_FILE_RANGE_WRITE);
	w->written_back = end;
}

/* Write a finished window, neighbours in the file with one call. What is plain comes last, so that
 * compressed data is broken off once at most. */
static int write_window(struct writer *w, const struct qcow2_job *j, struct err *e)
{
	size_t n = SOURCE_WINDOW / w->cluster_size;
	struct run run = {.data = j->data};

	if (j->window->offset / w->l2_span != w->l2_index) {
		if (flush_l2(w, e) < 0)
			return -1;
		w->l2_index = j->window->offset / w->l2_span;
	}
	for (size_t i = 0; i < n; i++) {
		if (j->len[i] && j->len[i] < w->cluster_size && place_cluster(w, j, i, &run, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (j->len[i] == w->cluster_size && place_cluster(w, j, i, &run, e) < 0)
			return -1;
	}
	if (flush_run(w, &run, e) < 0)
		return -1;
	begin_write_back(w);
	return 0;
}

/* Hash zeros up to byte `end` of the disk. */
static int hash_zeros(struct writer *w, uint64_t end, struct err *e)
{
	static const unsigned char zeros[SOURCE_BLOCK];

	while (w->hashed < end) {
		uint64_t left = end - w->hashed;
		size_t n = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

		if (sha256_update(w->disk_hash, zeros, n, e) < 0)
			return -1;
		w->hashed += n;
	}
	return 0;
}

static int hash_window(struct writer *w, const struct qcow2_job *j, struct err *e)
{
	if (!w->disk_hash)
		return 0;
	if (hash_zeros(w, j->window->offset, e) < 0 ||
		sha256_update(w->disk_hash, j->disk, j->window->len, e) < 0)
		return -1;
	w->hashed += j->window->len;
	return 0;
}

static int write_data(
	struct writer *w, struct pool *pool, struct qcow2_job *jobs, size_t n_jobs, struct err *e)
{
	size_t next = 0;
	bool more = true;

	while (more || pool_in_flight(pool)) {
		while (more && pool_in_flight(pool) < n_jobs) {
			struct qcow2_job *free_job = &jobs[next % n_jobs];

			if (source_next(w->opt->source, free_job->window, &more, e) < 0)
				return -1;
			if (!more)
				break;
			pool_submit(pool, free_job);
			next++;
		}
		if (!pool_in_flight(pool))
			break;
		void *done;
		if (pool_take(pool, &done, e) < 0)
			return -1;
		const struct qcow2_job *j = done;
		if (write_window(w, j, e) < 0 || hash_window(w, j, e) < 0)
			return -1;
		progress_update(w->opt->progress, j->window->offset + j->window->len);
	}
	return flush_l2(w, e);
}

static int write_with_pool(struct writer *w, struct err *e)
{
	cleanup_pool struct pool *pool = NULL;
	struct qcow2_job *jobs = NULL;

	if (pool_new(&pool, w->opt->threads, &qcow2_job_ops, w->opt, e) < 0)
		return -1;
	size_t n_jobs = pool_capacity(pool);
	if (qcow2_jobs_new(&jobs, n_jobs, w->opt, e) < 0)
		return -1;
	int rc = write_data(w, pool, jobs, n_jobs, e);
	pool_free(steal_ptr(&pool)); /* before what it works on */
	qcow2_jobs_free(jobs, n_jobs);
	return rc;
}

static uint64_t l1_clusters(const struct writer *w)
{
	return ((uint64_t)w->header.l1_entries * 8 - 1) / w->cluster_size + 1;
}

/* The refcount blocks count themselves and the table too: the smallest numbers that agree. */
static void size_refcounts(const struct writer *w, uint64_t *blocks, uint64_t *table_clusters)
{
	uint64_t clusters = w->alloc.clusters + l1_clusters(w);
	uint64_t block_entries = w->cluster_size / 2, table_entries = w->cluster_size / 8;
	uint64_t total, old_total = 0;

	*blocks = 0;
	*table_clusters = 0;
	while ((total = clusters + *blocks + *table_clusters) != old_total) {
		old_total = total;
		*blocks = (total + block_entries - 1) / block_entries;
		*table_clusters = (*blocks + table_entries - 1) / table_entries;
	}
}

/* Write what the allocator counted, block by block, and the table of the blocks. */
static int put_refcounts(
	const struct writer *w, uint64_t blocks_offset, uint64_t blocks, struct err *e)
{
	size_t table_len = w->header.reftable_clusters * w->cluster_size;
	cleanup_free unsigned char *block = mem_zalloc(w->cluster_size, e);
	cleanup_free unsigned char *table = mem_zalloc(table_len, e);
	uint64_t c = 0;

	if (!block || !table)
		return -1;
	for (uint64_t b = 0; b < blocks; b++) {
		uint64_t offset = blocks_offset + b * w->cluster_size;

		memset(block, 0, w->cluster_size);
		for (size_t i = 0; i < w->cluster_size / 2 && c < w->alloc.clusters; i++, c++)
			qcow2_put16(block + i * 2, w->alloc.refcounts[c]);
		if (put(w, block, w->cluster_size, offset, e) < 0)
			return -1;
		qcow2_put64(table + b * 8, offset);
	}
	return put(w, table, table_len, w->header.reftable_offset, e);
}

static int write_tables(struct writer *w, struct err *e)
{
	uint64_t blocks, table_clusters, blocks_offset;

	size_refcounts(w, &blocks, &table_clusters);
	if (table_clusters > QCOW2_REFTABLE_MAX / w->cluster_size)
		return err_set(e, ERR_UNSUPPORTED, "%s: larger than qcow2's refcounts reach",
			w->opt->out_path);
	if (qcow2_alloc_clusters(&w->alloc, blocks, &blocks_offset, e) < 0 ||
		qcow2_alloc_clusters(&w->alloc, table_clusters, &w->header.reftable_offset, e) <
			0 ||
		qcow2_alloc_clusters(&w->alloc, l1_clusters(w), &w->header.l1_offset, e) < 0)
		return -1;
	w->header.reftable_clusters = (uint32_t)table_clusters;
	if (put_refcounts(w, blocks_offset, blocks, e) < 0)
		return -1;
	return put(w, w->l1, (size_t)w->header.l1_entries * 8, w->header.l1_offset, e);
}

static int write_image(struct writer *w, struct err *e)
{
	unsigned char header[QCOW2_HEADER_SIZE];
	uint64_t header_offset;

	if (qcow2_alloc_clusters(&w->alloc, 1, &header_offset, e) < 0 ||
		write_with_pool(w, e) < 0 || write_tables(w, e) < 0)
		return -1;
	qcow2_header_encode(&w->header, header);
	return put(w, header, sizeof(header), header_offset, e);
}

int qcow2_write_check(const struct qcow2_write_options *opt, struct err *e)
{
	unsigned long long size_bytes = source_size(opt->source);
	unsigned bits = opt->cluster_bits;
	uint64_t reach = (uint64_t)QCOW2_L1_MAX << (bits - 3 + bits);

	if (bits < QCOW2_WRITE_CLUSTER_BITS || bits > QCOW2_CLUSTER_BITS_MAX)
		return err_set(
			e, ERR_USAGE, "clusters of 2^%u bytes: not between 64 KiB and 2 MiB", bits);
	if (opt->type == QCOW2_DEFLATE && bits != QCOW2_WRITE_CLUSTER_BITS)
		return err_set(e, ERR_USAGE,
			"clusters of another size than 64 KiB are for zstd: Lima's readers of "
			"deflate "
			"take no other");
	if (size_bytes % QCOW2_SIZE_UNIT)
		return err_set(e, ERR_FORMAT,
			"%s: its size (%llu) is not a multiple of 1 MiB; "
			"enlarge it with 'truncate --size=%%1M'",
			opt->source_path, size_bytes);
	/* The offset of compressed data must fit into its entry, also when nothing shrinks. */
	if (reach > 1ull << (QCOW2_CSIZE_SHIFT(bits) - 1))
		reach = 1ull << (QCOW2_CSIZE_SHIFT(bits) - 1);
	if (size_bytes > reach)
		return err_set(e, ERR_UNSUPPORTED, "%s: larger than %llu TiB", opt->source_path,
			(unsigned long long)reach >> 40);
	return 0;
}

static int writer_init(struct writer *w, struct err *e)
{
	const struct qcow2_write_options *opt = w->opt;

	w->cluster_size = (size_t)1 << opt->cluster_bits;
	w->l2_span = w->cluster_size / 8 * w->cluster_size;
	w->alloc.cluster_size = w->cluster_size;
	w->header.cluster_bits = opt->cluster_bits;
	w->header.compression = opt->type;
	w->header.size_bytes = source_size(opt->source);
	w->header.l1_entries = (uint32_t)((w->header.size_bytes - 1) / w->l2_span + 1);
	w->l1 = mem_array(w->header.l1_entries, 8, e);
	w->l2 = mem_zalloc(w->cluster_size, e);
	if (!w->l1 || !w->l2 || (opt->hash && sha256_new(&w->disk_hash, e) < 0))
		return -1;
	if (!opt->share)
		return 0;
	w->other = mem_zalloc(w->cluster_size, e);
	return w->other ? qcow2_share_new(&w->share, e) : -1;
}

static void writer_release(struct writer *w)
{
	qcow2_alloc_release(&w->alloc);
	free(w->l1);
	free(w->l2);
	free(w->other);
	qcow2_share_free(w->share);
	sha256_free(w->disk_hash);
}

/* The header is known last and comes first, so the file is read again, from the page cache, while
 * the kernel writes it back. */
static int finish_hashes(struct writer *w, struct err *e)
{
	if (!w->opt->hash)
		return 0;
	if (hash_zeros(w, w->header.size_bytes, e) < 0 ||
		sha256_finish_hex(w->disk_hash, w->result->source_sha256, e) < 0)
		return -1;
	if (sha256_fd_hex(w->opt->out_fd, w->result->sha256, NULL, e) < 0)
		return err_prefix(e, "%s", w->opt->out_path);
	return 0;
}

int qcow2_write(
	const struct qcow2_write_options *opt, struct qcow2_write_result *result, struct err *e)
{
	struct writer w = {.opt = opt, .result = result};

	*result = (struct qcow2_write_result){.virtual_size = source_size(opt->source)};
	if (qcow2_write_check(opt, e) < 0)
		return -1;
	int rc = writer_init(&w, e);
	if (rc == 0)
		rc = write_image(&w, e);
	if (rc == 0)
		rc = source_unchanged(opt->source, e);
	if (rc == 0) {
		sync_file_range(opt->out_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		rc = finish_hashes(&w, e);
	}
	writer_release(&w);
	if (rc == 0 && io_size(opt->out_fd, &result->file_size, e) < 0)
		return err_prefix(e, "%s", opt->out_path);
	return rc;
}
