#include "image/qcow2_job.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/deflate.h"
#include "image/qcow2_codec.h"

struct worker {
	const struct qcow2_write_options *opt;
	struct source_reader *reader;
	struct qcow2_encoder *encoder;
	unsigned char *disk; /* a window, where the job does not keep it */
};

static void worker_free(void *state)
{
	struct worker *w = state;

	source_reader_free(w->reader);
	qcow2_encoder_free(w->encoder);
	free(w->disk);
	free(w);
}

static int worker_new(const void *ctx, void **state, struct err *e)
{
	const struct qcow2_write_options *opt = ctx;
	struct worker *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	w->opt = opt;
	if (!opt->hash)
		w->disk = mem_zalloc(SOURCE_WINDOW, e);
	if ((!opt->hash && !w->disk) || source_reader_new(&w->reader, opt->source, e) < 0 ||
		qcow2_encoder_new(&w->encoder, opt->type, opt->level, opt->window_bits, e) < 0) {
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

/* What source_read() leaves alone. */
static void clear_holes(const struct source_window *window, unsigned char *disk)
{
	for (unsigned i = 0; i < SOURCE_BLOCKS; i++) {
		if (!(window->data_mask >> i & 1))
			memset(disk + (size_t)i * SOURCE_BLOCK, 0, SOURCE_BLOCK);
	}
}

/* Compress what shrinks, one cluster after the other, then append the others as they are. */
static void compress_clusters(struct worker *w, struct qcow2_job *j, const unsigned char *disk)
{
	size_t size = (size_t)1 << w->opt->cluster_bits;
	size_t blocks = size / SOURCE_BLOCK;
	uint64_t cluster_mask = ((uint64_t)1 << blocks) - 1;
	unsigned char *out = j->data;

	for (size_t i = 0; i < SOURCE_BLOCKS / blocks; i++) {
		const unsigned char *cluster = disk + i * size;

		j->len[i] = 0;
		if (!(j->window->data_mask >> i * blocks & cluster_mask) || is_zero(cluster, size))
			continue;
		size_t n = qcow2_encode(w->encoder, cluster, size, out, size - 1);
		j->len[i] = n ? (uint32_t)n : (uint32_t)size;
		if (n && w->opt->share)
			j->crc[i] = deflate_crc32(out, n);
		out += n;
	}
	for (size_t i = 0; i < SOURCE_BLOCKS / blocks; i++) {
		if (j->len[i] < size)
			continue;
		memcpy(out, disk + i * size, size);
		out += size;
	}
}

/* Reading is part of the job: it is const input, and copying out of the page cache is work that
 * is worth sharing. */
static int compress_window(void *state, void *arg, struct err *e)
{
	struct worker *w = state;
	struct qcow2_job *j = arg;
	unsigned char *disk = j->disk ? j->disk : w->disk;

	if (source_read(w->reader, j->window, disk, e) < 0)
		return -1;
	if (j->disk || w->opt->cluster_bits > QCOW2_WRITE_CLUSTER_BITS)
		clear_holes(j->window, disk);
	compress_clusters(w, j, disk);
	return 0;
}

const struct pool_ops qcow2_job_ops = {worker_new, worker_free, compress_window};

int qcow2_jobs_new(
	struct qcow2_job **out, size_t n, const struct qcow2_write_options *opt, struct err *e)
{
	struct qcow2_job *jobs = mem_array(n, sizeof(*jobs), e);
	bool ok = jobs;

	for (size_t i = 0; ok && i < n; i++) {
		struct qcow2_job *j = &jobs[i];

		j->data = mem_zalloc(SOURCE_WINDOW, e);
		j->disk = opt->hash ? mem_zalloc(SOURCE_WINDOW, e) : NULL;
		ok = j->data && (j->disk || !opt->hash) &&
		     source_window_new(&j->window, opt->source, e) == 0;
	}
	if (!ok) {
		qcow2_jobs_free(jobs, n);
		return -1;
	}
	*out = jobs;
	return 0;
}

void qcow2_jobs_free(struct qcow2_job *jobs, size_t n)
{
	for (size_t i = 0; jobs && i < n; i++) {
		source_window_free(jobs[i].window);
		free(jobs[i].data);
		free(jobs[i].disk);
	}
	free(jobs);
}
