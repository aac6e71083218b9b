#include "image/source.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/qcow2_check.h"
#include "image/qcow2_codec.h"
#include "image/qcow2_cursor.h"

_Static_assert(SOURCE_WINDOW == 1u << QCOW2_CLUSTER_BITS_MAX, "a window holds a cluster");
_Static_assert(SOURCE_BLOCKS == 32, "data_mask has a bit for each block");

struct source {
	struct source_options opt;
	uint64_t size_bytes; /* of the disk */
	struct stat opened;  /* the file as it was then */
	struct holes holes;  /* of a raw disk */
	struct qcow2_image img;
	struct qcow2_cursor cursor;
	uint64_t next; /* the qcow2 cluster to look at next */
};

struct source_reader {
	const struct source *s;
	struct qcow2_decoder *decoder;
	unsigned char *packed;
};

static bool is_qcow2(const struct source *s)
{
	return s->opt.format == RAW_FORMAT_QCOW2;
}

static int open_raw(struct source *s, struct err *e)
{
	if (io_size(s->opt.fd, &s->size_bytes, e) < 0)
		return -1;
	if (s->size_bytes == 0)
		return err_set(e, ERR_FORMAT, "empty, so not a disk");
	holes_init(&s->holes, s->opt.fd, s->size_bytes);
	return 0;
}

static int open_qcow2(struct source *s, struct err *e)
{
	if (qcow2_image_open(&s->img, s->opt.fd, s->opt.rule, e) < 0)
		return -1;
	if (s->img.header.snapshots && !s->opt.snapshot)
		return err_set(e, ERR_UNSUPPORTED,
			"snapshots: say which disk with kiln-qcow2's --snapshot=ID or NAME; "
			"--snapshot=current is the disk as it is now");
	if ((s->opt.refcounts ? qcow2_check_refcounts : qcow2_check_owners)(&s->img, e) < 0 ||
		(s->opt.snapshot && qcow2_image_choose(&s->img, s->opt.snapshot, e) < 0))
		return -1;
	s->size_bytes = s->img.header.size_bytes;
	return qcow2_cursor_init(&s->cursor, &s->img, e);
}

int source_open(struct source **out, const struct source_options *opt, struct err *e)
{
	cleanup_source struct source *s = mem_zalloc(sizeof(*s), e);

	if (!s)
		return -1;
	s->opt = *opt;
	if (fstat(opt->fd, &s->opened) < 0)
		return err_set_errno(e, ERR_IO, "%s", opt->path);
	if ((is_qcow2(s) ? open_qcow2 : open_raw)(s, e) < 0)
		return err_prefix(e, "%s", opt->path);
	*out = steal_ptr(&s);
	return 0;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	qcow2_cursor_release(&s->cursor);
	qcow2_image_release(&s->img);
	free(s);
}

uint64_t source_size(const struct source *s)
{
	return s->size_bytes;
}

int source_window_new(struct source_window **out, const struct source *s, struct err *e)
{
	struct source_window *w = mem_zalloc(sizeof(*w), e);

	if (!w)
		return -1;
	if (is_qcow2(s)) {
		w->clusters =
			mem_array(SOURCE_WINDOW / s->img.cluster_size, sizeof(*w->clusters), e);
		if (!w->clusters) {
			free(w);
			return -1;
		}
	}
	*out = w;
	return 0;
}

void source_window_free(struct source_window *w)
{
	if (!w)
		return;
	free(w->clusters);
	free(w);
}

static int next_raw(struct source *s, struct source_window *w, bool *found, struct err *e)
{
	struct holes_window data;

	if (holes_next(&s->holes, &data, found, e) < 0)
		return -1;
	if (*found) {
		w->offset = data.offset;
		w->data_mask = data.data_mask;
	}
	return 0;
}

/* The blocks that cluster i of a window touches. */
static uint32_t blocks_of(size_t i, size_t cluster_size)
{
	size_t first = i * cluster_size / SOURCE_BLOCK;
	size_t last = ((i + 1) * cluster_size - 1) / SOURCE_BLOCK;

	return UINT32_MAX >> (SOURCE_BLOCKS - 1 - (last - first)) << first;
}

/* Look up the clusters of the window that begins with number `first`. data_mask stays 0 when there
 * is no data. The tables of small clusters map less than a window, those of large ones whole
 * windows: a window begins where the next is looked for. */
static int fill_window(struct source *s, struct source_window *w, uint64_t first, struct err *e)
{
	size_t size = s->img.cluster_size;
	size_t n = SOURCE_WINDOW / size;

	w->offset = first * size;
	w->data_mask = 0;
	for (size_t i = 0; i < n; i++) {
		struct qcow2_cluster *c = &w->clusters[i];

		if (qcow2_cursor_get(&s->cursor, first + i, c, e) < 0)
			return -1;
		if (c->kind == QCOW2_KIND_PLAIN || c->kind == QCOW2_KIND_COMPRESSED)
			w->data_mask |= blocks_of(i, size);
	}
	s->next = qcow2_cursor_next(&s->cursor, first + n - 1);
	return 0;
}

static int next_qcow2(struct source *s, struct source_window *w, bool *found, struct err *e)
{
	*found = false;
	while (!*found && s->next * s->img.cluster_size < s->size_bytes) {
		if (fill_window(s, w, s->next, e) < 0)
			return -1;
		*found = w->data_mask != 0;
	}
	return 0;
}

int source_next(struct source *s, struct source_window *w, bool *found, struct err *e)
{
	if ((is_qcow2(s) ? next_qcow2 : next_raw)(s, w, found, e) < 0)
		return err_prefix(e, "%s", s->opt.path);
	if (*found) {
		uint64_t left = s->size_bytes - w->offset;

		w->len = left < SOURCE_WINDOW ? (size_t)left : SOURCE_WINDOW;
	}
	return 0;
}

int source_reader_new(struct source_reader **out, const struct source *s, struct err *e)
{
	struct source_reader *r = mem_zalloc(sizeof(*r), e);

	if (!r)
		return -1;
	r->s = s;
	if (is_qcow2(s)) {
		r->packed = mem_zalloc(2 * s->img.cluster_size, e);
		if (!r->packed ||
			qcow2_decoder_new(&r->decoder, s->img.header.compression, e) < 0) {
			source_reader_free(r);
			return -1;
		}
	}
	*out = r;
	return 0;
}

void source_reader_free(struct source_reader *r)
{
	if (!r)
		return;
	qcow2_decoder_free(r->decoder);
	free(r->packed);
	free(r);
}

static int read_range(
	const struct source *s, unsigned char *data, size_t len, uint64_t offset, struct err *e)
{
	size_t got;

	if (io_pread(s->opt.fd, data, len, offset, &got, e) < 0)
		return -1;
	if (got < len)
		return err_set(e, ERR_INTEGRITY, "was cut short while it was read");
	return 0;
}

/* Neighbouring blocks with one call. */
static int read_raw(
	struct source_reader *r, const struct source_window *w, unsigned char *data, struct err *e)
{
	for (unsigned i = 0, n; i < SOURCE_BLOCKS; i += n) {
		size_t start = i * SOURCE_BLOCK;

		n = 1;
		if (!(w->data_mask >> i & 1))
			continue;
		while (i + n < SOURCE_BLOCKS && w->data_mask >> (i + n) & 1)
			n++;
		size_t end = start + n * SOURCE_BLOCK;
		if (end > w->len)
			end = w->len;
		if (read_range(r->s, data + start, end - start, w->offset + start, e) < 0)
			return -1;
	}
	return 0;
}

static int read_compressed(
	struct source_reader *r, const struct qcow2_cluster *c, unsigned char *out, struct err *e)
{
	const struct qcow2_image *img = &r->s->img;
	size_t used;

	if (read_range(r->s, r->packed, c->len, c->offset, e) < 0 ||
		qcow2_decode(r->decoder, r->packed, c->len, out, img->cluster_size, &used, e) < 0)
		return -1;
	if (img->rule == QCOW2_RULE_LIMA && c->len - used >= QCOW2_SECTOR_SIZE)
		return err_set(e, ERR_FORMAT, "compressed data is followed by unused sectors");
	return 0;
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

static int read_qcow2(
	struct source_reader *r, const struct source_window *w, unsigned char *data, struct err *e)
{
	size_t size = r->s->img.cluster_size;
	size_t n = SOURCE_WINDOW / size;

	for (size_t i = 0, run; i < n; i += run) {
		const struct qcow2_cluster *c = &w->clusters[i];
		unsigned char *out = data + i * size;
		int rc = 0;

		run = 1;
		if (c->kind == QCOW2_KIND_PLAIN) {
			run = count_run(c, n - i, size);
			rc = read_range(r->s, out, run * size, c->offset, e);
		} else if (c->kind == QCOW2_KIND_COMPRESSED) {
			rc = read_compressed(r, c, out, e);
		} else if (w->data_mask & blocks_of(i, size)) {
			memset(out, 0, size);
		}
		if (rc < 0)
			return err_prefix(
				e, "guest byte %llu", (unsigned long long)(w->offset + i * size));
	}
	return 0;
}

int source_read(
	struct source_reader *r, const struct source_window *w, unsigned char *data, struct err *e)
{
	if ((is_qcow2(r->s) ? read_qcow2 : read_raw)(r, w, data, e) < 0)
		return err_prefix(e, "%s", r->s->opt.path);
	memset(data + w->len, 0, SOURCE_WINDOW - w->len);
	return 0;
}

int source_unchanged(const struct source *s, struct err *e)
{
	struct stat now;

	if (fstat(s->opt.fd, &now) < 0)
		return err_set_errno(e, ERR_IO, "%s", s->opt.path);
	if (now.st_size != s->opened.st_size || now.st_mtim.tv_sec != s->opened.st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != s->opened.st_mtim.tv_nsec)
		return err_set(e, ERR_INTEGRITY, "%s: changed while it was read; run this again",
			s->opt.path);
	return 0;
}
