#include "image/qcow2_verify.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/pool.h"
#include "codec/deflate.h"
#include "image/holes.h"
#include "image/qcow2_check.h"
#include "image/qcow2_read.h"

/* A window of the disk, and where the image says its clusters are. */
struct job {
	struct holes_window window;
	struct qcow2_cluster clusters[HOLES_BLOCKS];
};

struct worker {
	const struct qcow2_verify_options *opt;
	struct deflate_decoder *decoder;
	unsigned char raw[QCOW2_CLUSTER_SIZE];
	unsigned char guest[QCOW2_CLUSTER_SIZE];
	unsigned char packed[2 * QCOW2_CLUSTER_SIZE];
};

struct verify {
	const struct qcow2_verify_options *opt;
	struct qcow2_image img;
	unsigned char l2[QCOW2_CLUSTER_SIZE];
	struct holes holes;
	struct holes_window data; /* the next window where the raw disk has data */
	bool have_data;
	struct job *jobs; /* pool_capacity() of them, reused in turn */
};

static void worker_free(void *state)
{
	struct worker *w = state;

	deflate_decoder_free(w->decoder);
	free(w);
}

static int worker_new(const void *ctx, void **state, struct err *e)
{
	struct worker *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	w->opt = ctx;
	if (deflate_decoder_new(&w->decoder, e) < 0) {
		worker_free(w);
		return -1;
	}
	*state = w;
	return 0;
}

/* Decompress; the descriptor must not name more sectors than the data takes. */
static int load_compressed(struct worker *w, const struct qcow2_cluster *c, struct err *e)
{
	size_t used;

	if (io_pread_full(w->opt->image_fd, w->packed, c->len, c->offset, e) < 0 ||
		deflate_decode(
			w->decoder, w->packed, c->len, w->guest, QCOW2_CLUSTER_SIZE, &used, e) < 0)
		return -1;
	if (c->len - used >= QCOW2_SECTOR_SIZE)
		return err_set(e, ERR_FORMAT, "compressed data is followed by unused sectors");
	return 0;
}

static int load_guest(struct worker *w, const struct qcow2_cluster *c, struct err *e)
{
	switch (c->kind) {
	case QCOW2_KIND_PLAIN:
		return io_pread_full(w->opt->image_fd, w->guest, QCOW2_CLUSTER_SIZE, c->offset, e);
	case QCOW2_KIND_COMPRESSED:
		return load_compressed(w, c, e);
	case QCOW2_KIND_HOLE:
	case QCOW2_KIND_ZERO:
		break;
	}
	memset(w->guest, 0, QCOW2_CLUSTER_SIZE);
	return 0;
}

static int load_raw(struct worker *w, bool has_data, uint64_t offset, struct err *e)
{
	if (has_data)
		return io_pread_full(w->opt->raw_fd, w->raw, QCOW2_CLUSTER_SIZE, offset, e);
	memset(w->raw, 0, QCOW2_CLUSTER_SIZE);
	return 0;
}

static int compare_window(void *state, void *arg, struct err *e)
{
	struct worker *w = state;
	const struct job *j = arg;

	for (unsigned i = 0; i < HOLES_BLOCKS; i++) {
		const struct qcow2_cluster *c = &j->clusters[i];
		uint64_t offset = j->window.offset + (uint64_t)i * QCOW2_CLUSTER_SIZE;
		bool has_data = j->window.data_mask >> i & 1;

		if (!has_data && (c->kind == QCOW2_KIND_HOLE || c->kind == QCOW2_KIND_ZERO))
			continue;
		if (load_guest(w, c, e) < 0)
			return err_prefix(e, "%s: guest byte %llu", w->opt->image_path,
				(unsigned long long)offset);
		if (load_raw(w, has_data, offset, e) < 0)
			return err_prefix(e, "%s", w->opt->raw_path);
		if (memcmp(w->guest, w->raw, QCOW2_CLUSTER_SIZE) == 0)
			continue;
		size_t at = 0;
		while (w->guest[at] == w->raw[at])
			at++;
		return err_set(e, ERR_CHECK, "%s: differs from %s at byte %llu of the disk",
			w->opt->image_path, w->opt->raw_path, (unsigned long long)offset + at);
	}
	return 0;
}

/* Fill in the job for the window at offset; *needed is false when both sides are holes. */
static int make_job(struct verify *v, uint64_t offset, struct job *j, bool *needed, struct err *e)
{
	j->window = (struct holes_window){.offset = offset};
	*needed = false;
	if (v->have_data && v->data.offset == offset) {
		j->window = v->data;
		*needed = true;
		if (holes_next(&v->holes, &v->data, &v->have_data, e) < 0)
			return err_prefix(e, "%s", v->opt->raw_path);
	}
	uint64_t first = offset / QCOW2_CLUSTER_SIZE;
	if (first % QCOW2_L2_ENTRIES == 0 &&
		qcow2_image_load_l2(&v->img, (uint32_t)(first / QCOW2_L2_ENTRIES), v->l2, e) < 0)
		return err_prefix(e, "%s", v->opt->image_path);
	for (unsigned i = 0; i < HOLES_BLOCKS; i++) {
		uint64_t entry = qcow2_get64(v->l2 + (first + i) % QCOW2_L2_ENTRIES * 8);

		if (qcow2_image_decode(&v->img, entry, offset + (uint64_t)i * QCOW2_CLUSTER_SIZE,
			    &j->clusters[i], e) < 0)
			return err_prefix(e, "%s", v->opt->image_path);
		*needed |= j->clusters[i].kind != QCOW2_KIND_HOLE;
	}
	return 0;
}

static int compare_contents(struct verify *v, struct pool *pool, struct err *e)
{
	size_t capacity = pool_capacity(pool);
	uint64_t size_bytes = v->img.header.size_bytes;
	uint64_t offset = 0;
	size_t next = 0;

	v->jobs = mem_array(capacity, sizeof(*v->jobs), e);
	if (!v->jobs)
		return -1;
	holes_init(&v->holes, v->opt->raw_fd, size_bytes);
	if (holes_next(&v->holes, &v->data, &v->have_data, e) < 0)
		return err_prefix(e, "%s", v->opt->raw_path);
	while (offset < size_bytes || pool_in_flight(pool)) {
		while (offset < size_bytes && pool_in_flight(pool) < capacity) {
			struct job *j = &v->jobs[next % capacity];
			bool needed;

			if (make_job(v, offset, j, &needed, e) < 0)
				return -1;
			offset += HOLES_WINDOW;
			if (needed) {
				pool_submit(pool, j);
				next++;
			}
		}
		void *done;
		if (!pool_in_flight(pool))
			break;
		if (pool_take(pool, &done, e) < 0)
			return -1;
		const struct job *j = done;
		progress_update(v->opt->progress, j->window.offset + HOLES_WINDOW);
	}
	return 0;
}

/* Everything that needs no raw disk but its size. */
static int check_image(struct verify *v, struct err *e)
{
	uint64_t raw_size;

	if (io_size(v->opt->raw_fd, &raw_size, e) < 0)
		return err_prefix(e, "%s", v->opt->raw_path);
	if (qcow2_image_open(&v->img, v->opt->image_fd, QCOW2_RULE_LIMA, e) < 0)
		return err_prefix(e, "%s", v->opt->image_path);
	if (v->img.header.size_bytes != raw_size)
		return err_set(e, ERR_CHECK, "%s: holds a disk of %llu bytes, but %s has %llu",
			v->opt->image_path, (unsigned long long)v->img.header.size_bytes,
			v->opt->raw_path, (unsigned long long)raw_size);
	if (qcow2_check_refcounts(&v->img, e) < 0)
		return err_prefix(e, "%s", v->opt->image_path);
	return 0;
}

int qcow2_verify(const struct qcow2_verify_options *opt, struct err *e)
{
	static const struct pool_ops ops = {worker_new, worker_free, compare_window};
	cleanup_free struct verify *v = mem_zalloc(sizeof(*v), e);
	struct pool *pool = NULL;
	int rc = -1;

	if (!v)
		return -1;
	v->opt = opt;
	if (check_image(v, e) == 0 && pool_new(&pool, opt->threads, &ops, opt, e) == 0)
		rc = compare_contents(v, pool, e);
	pool_free(pool);
	free(v->jobs);
	qcow2_image_release(&v->img);
	return rc;
}
