#include "image/qcow2_verify.h"

#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "digest/sha256.h"
#include "options.h"

static int check_options(const struct qcow2_cli *o, size_t n, struct err *e)
{
	if (o->sha256 && !sha256_is_hex(o->sha256))
		return err_set(e, ERR_USAGE,
			"--sha256: '%s' is not 64 lower-case hexadecimal digits", o->sha256);
	if (o->sha256 && n == 2)
		return err_set(e, ERR_USAGE, "--sha256: the raw disk is compared already");
	return 0;
}

int verify_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	const char *raw_path = n == 2 ? operands[0] : NULL;
	cleanup_close int raw = -1;

	if (check_options(o, n, e) < 0 || (raw_path && (raw = io_open_read(raw_path, e)) < 0))
		return -1;
	cleanup_close int image = io_open_read(operands[n - 1], e);
	if (image < 0)
		return -1;
	const struct qcow2_verify_options opt = {.image_fd = image,
		.image_path = operands[n - 1],
		.rule = strcmp(o->rule, "qemu") == 0 ? QCOW2_RULE_ANY : QCOW2_RULE_LIMA,
		.snapshot = o->snapshot,
		.raw_fd = raw,
		.raw_path = raw_path,
		.sha256 = o->sha256,
		.threads = (unsigned)o->threads,
		.progress = o->common.progress};
	return qcow2_verify(&opt, e);
}
