#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "codec/deflate.h"
#include "codec/zstd_frame.h"
#include "engine.h"
#include "image/qcow2_codec.h"
#include "image/qcow2_write.h"
#include "input.h"
#include "options.h"
#include "json/json.h"

/* What the options ask for. */
struct plan {
	bool qemu_img;
	enum raw_format format;
	enum qcow2_compression type;
	unsigned level;
	unsigned window_bits;
	unsigned cluster_bits;
};

/* What our own writer knows. */
static int add_own(
	struct json *j, const struct plan *p, const struct qcow2_write_result *r, struct err *e)
{
	if (json_set_int(j, "clusters_compressed", (int64_t)r->compressed, e) < 0 ||
		json_set_int(j, "clusters_plain", (int64_t)r->plain, e) < 0 ||
		json_set_int(j, "clusters_shared", (int64_t)r->shared, e) < 0)
		return -1;
	return json_set_int(j, "level", p->level, e);
}

static int write_report(const struct qcow2_cli *o, const struct plan *p, const char *library,
	const struct qcow2_write_result *r, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	cleanup_buf struct buf text = {0};

	if (!j || json_set_int(j, "cluster_size", (int64_t)1 << p->cluster_bits, e) < 0 ||
		json_set_text(j, "compression_type", qcow2_compression_name(p->type), e) < 0 ||
		json_set_int(j, "file_size", (int64_t)r->file_size, e) < 0 ||
		json_set_text(j, "library", library, e) < 0 ||
		(!p->qemu_img && add_own(j, p, r, e) < 0) ||
		json_set_text(j, "sha256", r->sha256, e) < 0 ||
		json_set_text(j, "source_sha256", r->source_sha256, e) < 0 ||
		json_set_int(j, "virtual_size", (int64_t)r->virtual_size, e) < 0 ||
		json_write(j, &text, e) < 0)
		return -1;
	return outfile_write(o->report, 0644, buf_str(&text), text.len, e);
}

/* 0 for a size that is no power of two within bounds. */
static unsigned bits_of_size(uint64_t size_bytes, unsigned min, unsigned max)
{
	for (unsigned bits = min; bits <= max; bits++) {
		if (size_bytes == (uint64_t)1 << bits)
			return bits;
	}
	return 0;
}

/* Larger clusters are asked for to save space, and with them zstd has more to find. */
static unsigned default_level(const struct plan *p)
{
	return p->type == QCOW2_ZSTD && p->cluster_bits == QCOW2_WRITE_CLUSTER_BITS
		       ? ZSTD_LEVEL_DEFAULT
		       : DEFLATE_LEVEL_DEFAULT;
}

static int plan_clusters(const struct qcow2_cli *o, struct plan *p, struct err *e)
{
	p->cluster_bits =
		bits_of_size(o->cluster_size, QCOW2_WRITE_CLUSTER_BITS, QCOW2_CLUSTER_BITS_MAX);
	if (!p->cluster_bits)
		return err_set(e, ERR_USAGE,
			"--cluster-size: %llu is none of 64KiB, 128KiB, 256KiB, 512KiB, 1MiB, 2MiB",
			(unsigned long long)o->cluster_size);
	if (p->type == QCOW2_DEFLATE && p->cluster_bits != QCOW2_WRITE_CLUSTER_BITS)
		return err_set(e, ERR_USAGE,
			"--cluster-size: clusters that every reader takes have 64 KiB; "
			"others need --type=zstd");
	p->level = o->level ? (unsigned)o->level : default_level(p);
	return 0;
}

/* qemu-img chooses for itself. */
static int check_engine(const struct qcow2_cli *o, struct err *e)
{
	const char *given = o->level    ? "--level"
			    : o->window ? "--window"
			    : o->share  ? "--share"
					: NULL;

	if (given)
		return err_set(e, ERR_USAGE,
			"%s: qemu-img has no such choice; leave it or "
			"--engine=qemu-img out",
			given);
	return 0;
}

static int make_plan(const struct qcow2_cli *o, const char *input, struct plan *p, struct err *e)
{
	p->qemu_img = strcmp(o->engine, "qemu-img") == 0;
	p->format = input_format(o, input);
	p->type = strcmp(o->type, "zstd") == 0 ? QCOW2_ZSTD : QCOW2_DEFLATE;
	p->window_bits = o->window && strcmp(o->window, "12") == 0 ? 12 : 15;
	if (!o->output)
		return err_set(e, ERR_USAGE, "compress: name the image to write with -o FILE");
	if (o->snapshot && p->format == RAW_FORMAT_RAW)
		return err_set(e, ERR_USAGE, "--snapshot: a raw disk has none");
	if (o->window && p->type == QCOW2_ZSTD)
		return err_set(e, ERR_USAGE, "--window: only deflate has a window to choose");
	if (p->qemu_img && check_engine(o, e) < 0)
		return -1;
	return plan_clusters(o, p, e);
}

/* Write the disk of a source whose file is fd. */
static int write_image(const struct qcow2_cli *o, const struct plan *p, const char *input, int fd,
	struct source *source, struct err *e)
{
	cleanup_outfile struct outfile *out = NULL;
	cleanup_progress struct progress *progress = NULL;
	cleanup_buf struct buf library = {0};
	const struct engine_input in = {fd, p->format, o->common.progress};
	struct qcow2_write_result result = {0};

	if (outfile_open(&out, o->output, 0644, e) < 0)
		return -1;
	if (!p->qemu_img)
		progress = progress_new(o->common.progress, "compress", source_size(source));
	const struct qcow2_write_options opt = {.source = source,
		.source_path = input,
		.out_fd = outfile_fd(out),
		.out_path = o->output,
		.type = p->type,
		.level = p->level,
		.window_bits = p->window_bits,
		.cluster_bits = p->cluster_bits,
		.share = o->share,
		.hash = o->report,
		.threads = (unsigned)o->threads,
		.progress = progress};
	if (p->qemu_img ? engine_qemu_img(&opt, &in, &result, &library, e) < 0
			: qcow2_write(&opt, &result, e) < 0 ||
				  buf_puts(&library,
					  qcow2_codec_library(p->type, p->level, p->window_bits),
					  e) < 0)
		return -1;
	if (outfile_commit(out, e) < 0)
		return -1;
	progress_finish(progress);
	return o->report ? write_report(o, p, buf_str(&library), &result, e) : 0;
}

int compress_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	cleanup_source struct source *source = NULL;
	struct plan plan = {0};

	(void)n;
	if (make_plan(o, operands[0], &plan, e) < 0)
		return -1;
	if (plan.type == QCOW2_ZSTD)
		log_warn("--type=zstd: only QEMU reads such an image; Lima on a Mac that has no "
			 "qemu-img does not");
	cleanup_close int fd = input_open(operands[0], plan.format, e);
	const struct source_options from = {
		.fd = fd, .path = operands[0], .format = plan.format, .snapshot = o->snapshot};
	if (fd < 0 || source_open(&source, &from, e) < 0)
		return -1;
	return write_image(o, &plan, operands[0], fd, source, e);
}
