#include "image/pack.h"

#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "input.h"
#include "options.h"
#include "json/json.h"

/* xz's own default, and zstd's. */
enum { XZ_LEVEL = 6, ZSTD_LEVEL = 3 };

static int write_report(const struct qcow2_cli *o, const struct pack_options *opt,
	const struct pack_result *r, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	cleanup_buf struct buf text = {0};

	if (!j || json_set_int(j, "block_size", (int64_t)r->block_size, e) < 0 ||
		json_set_text(j, "content_sha256", r->content_sha256, e) < 0 ||
		json_set_int(j, "content_size", (int64_t)r->content_size, e) < 0 ||
		json_set_int(j, "file_size", (int64_t)r->file_size, e) < 0 ||
		json_set_text(j, "format", opt->format == PACK_XZ ? "xz" : "zstd", e) < 0 ||
		json_set_int(j, "level", opt->level, e) < 0 ||
		json_set_text(j, "library", pack_library(opt->format), e) < 0 ||
		json_set_text(j, "sha256", r->sha256, e) < 0 || json_write(j, &text, e) < 0)
		return -1;
	return outfile_write(o->report, 0644, buf_str(&text), text.len, e);
}

static int pack(const struct qcow2_cli *o, struct source *source, struct err *e)
{
	cleanup_outfile struct outfile *out = NULL;
	cleanup_progress struct progress *progress = NULL;
	struct pack_result result;

	if (outfile_open(&out, o->output, 0644, e) < 0)
		return -1;
	progress = progress_new(o->common.progress, "pack", source_size(source));
	const struct pack_options opt = {.source = source,
		.out_fd = outfile_fd(out),
		.out_path = o->output,
		.format = o->zst ? PACK_ZSTD : PACK_XZ,
		.level = o->pack_level != LEVEL_DEFAULT ? (unsigned)o->pack_level
			 : o->zst                       ? ZSTD_LEVEL
							: XZ_LEVEL,
		.hash = o->report != NULL,
		.threads = (unsigned)o->threads,
		.progress = progress};
	if (pack_write(&opt, &result, e) < 0 || outfile_commit(out, e) < 0)
		return -1;
	progress_finish(progress);
	return o->report ? write_report(o, &opt, &result, e) : 0;
}

int pack_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	enum raw_format format = input_format(o, operands[0]);
	cleanup_source struct source *source = NULL;

	(void)n;
	if (!o->output)
		return err_set(e, ERR_USAGE, "pack: name the file to write with -o FILE");
	if (o->snapshot && format == RAW_FORMAT_RAW)
		return err_set(e, ERR_USAGE, "--snapshot: a raw disk has none");
	cleanup_close int fd = input_open(operands[0], format, e);
	if (fd < 0)
		return -1;
	const struct source_options opt = {.fd = fd,
		.path = operands[0],
		.format = format,
		.rule = QCOW2_RULE_ANY,
		.snapshot = o->snapshot};
	return source_open(&source, &opt, e) < 0 ? -1 : pack(o, source, e);
}
