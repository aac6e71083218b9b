#include "image/qcow2_extract.h"

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "options.h"

int extract_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	cleanup_outfile struct outfile *out = NULL;
	uint64_t size_bytes;

	(void)n;
	if (!o->output)
		return err_set(e, ERR_USAGE, "extract: name the raw disk to write with -o FILE");
	cleanup_close int image = io_open_read(operands[0], e);
	if (image < 0 || outfile_open(&out, o->output, 0644, e) < 0)
		return -1;
	const struct qcow2_extract_options opt = {.image_fd = image,
		.image_path = operands[0],
		.out_fd = outfile_fd(out),
		.threads = (unsigned)o->threads,
		.progress = o->common.progress};
	if (qcow2_extract(&opt, &size_bytes, e) < 0)
		return -1;
	return outfile_commit(out, e);
}
