#include "image/qcow2_verify.h"

#include "base/io.h"
#include "base/mem.h"
#include "options.h"

int verify_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;

	(void)n;
	cleanup_close int raw = io_open_read(operands[0], e);
	if (raw < 0)
		return -1;
	cleanup_close int image = io_open_read(operands[1], e);
	if (image < 0)
		return -1;
	const struct qcow2_verify_options opt = {.image_fd = image,
		.image_path = operands[1],
		.rule = QCOW2_RULE_LIMA,
		.raw_fd = raw,
		.raw_path = operands[0],
		.threads = (unsigned)o->threads,
		.progress = o->common.progress};
	return qcow2_verify(&opt, e);
}
