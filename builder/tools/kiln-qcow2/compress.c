#include "base/io.h"
#include "base/outfile.h"
#include "codec/deflate.h"
#include "image/qcow2_format.h"
#include "image/qcow2_write.h"
#include "options.h"
#include "json/json.h"

static int write_report(
	const struct qcow2_cli *o, const struct qcow2_write_result *r, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	cleanup_buf struct buf text = {0};

	if (!j || json_set_int(j, "cluster_size", QCOW2_CLUSTER_SIZE, e) < 0 ||
		json_set_text(j, "compression_type", "deflate", e) < 0 ||
		json_set_int(j, "file_size", (int64_t)r->file_size, e) < 0 ||
		json_set_int(j, "level", (int64_t)o->level, e) < 0 ||
		json_set_text(j, "library", deflate_library(), e) < 0 ||
		json_set_text(j, "sha256", r->sha256, e) < 0 ||
		json_set_int(j, "virtual_size", (int64_t)r->virtual_size, e) < 0 ||
		json_write(j, &text, e) < 0)
		return -1;
	return outfile_write(o->report, 0644, buf_str(&text), text.len, e);
}

int compress_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	cleanup_outfile struct outfile *out = NULL;
	cleanup_progress struct progress *progress = NULL;
	struct qcow2_write_result result;
	uint64_t size_bytes;

	(void)n;
	if (!o->output)
		return err_set(e, ERR_USAGE, "compress: name the image to write with -o FILE");

	cleanup_close int raw = io_open_read(operands[0], e);
	if (raw < 0)
		return -1;
	if (io_size(raw, &size_bytes, e) < 0)
		return err_prefix(e, "%s", operands[0]);
	if (outfile_open(&out, o->output, 0644, e) < 0)
		return -1;
	progress = progress_new(o->common.progress, "compress", size_bytes);
	const struct qcow2_write_options opt = {.raw_fd = raw,
		.raw_path = operands[0],
		.out_fd = outfile_fd(out),
		.out_path = o->output,
		.level = (unsigned)o->level,
		.threads = (unsigned)o->threads,
		.progress = progress};
	if (qcow2_write(&opt, &result, e) < 0 || outfile_commit(out, e) < 0)
		return -1;
	progress_finish(progress);
	return o->report ? write_report(o, &result, e) : 0;
}
