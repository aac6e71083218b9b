#include "image/raw_write.h"

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "options.h"

int extract_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	cleanup_outfile struct outfile *out = NULL;
	cleanup_source struct source *source = NULL;
	cleanup_progress struct progress *progress = NULL;

	(void)n;
	if (!o->output)
		return err_set(e, ERR_USAGE, "extract: name the raw disk to write with -o FILE");
	cleanup_close int image = io_open_read(operands[0], e);
	const struct source_options source_opt = {.fd = image,
		.path = operands[0],
		.format = RAW_FORMAT_QCOW2,
		.snapshot = o->snapshot};
	if (image < 0 || source_open(&source, &source_opt, e) < 0 ||
		outfile_open(&out, o->output, 0644, e) < 0)
		return -1;
	progress = progress_new(o->common.progress, "extract", source_size(source));
	const struct raw_write_options opt = {.source = source,
		.out_fd = outfile_fd(out),
		.threads = (unsigned)o->threads,
		.progress = progress};
	if (raw_write(&opt, e) < 0)
		return err_prefix(e, "%s", o->output);
	if (source_unchanged(source, e) < 0 || outfile_commit(out, e) < 0)
		return -1;
	progress_finish(progress);
	return 0;
}
