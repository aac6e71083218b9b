#include "image/qcow2_verify.h"

#include "base/io.h"
#include "base/mem.h"
#include "options.h"

int verify_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	cleanup_progress struct progress *progress = NULL;
	uint64_t size_bytes;

	(void)n;
	cleanup_close int raw = io_open_read(operands[0], e);
	if (raw < 0)
		return -1;
	cleanup_close int image = io_open_read(operands[1], e);
	if (image < 0)
		return -1;
	if (io_size(raw, &size_bytes, e) < 0)
		return err_prefix(e, "%s", operands[0]);
	progress = progress_new(o->common.progress, "verify", size_bytes);
	const struct qcow2_verify_options opt = {.raw_fd = raw,
		.raw_path = operands[0],
		.image_fd = image,
		.image_path = operands[1],
		.threads = (unsigned)o->threads,
		.progress = progress};
	if (qcow2_verify(&opt, e) < 0)
		return -1;
	progress_finish(progress);
	return 0;
}
