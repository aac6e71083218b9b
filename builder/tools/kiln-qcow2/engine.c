#include "engine.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/strv.h"
#include "image/qcow2_verify.h"
#include "image/raw_write.h"

static int run(const struct strv *argv, struct buf *out, struct err *e)
{
	const struct proc_options opt = {.out = out,
		.hide_stderr = true,
		.remedy = "install qemu-utils, or leave out --engine"};

	if (proc_run(argv->items, &opt, NULL, e) == 0)
		return 0;
	if (e && e->kind == ERR_CHECK)
		e->kind = ERR_IO;
	return -1;
}

/* "qemu-img version 7.2.22 (Debian ...)" gives "qemu-img 7.2.22". */
static int read_version(struct buf *library, struct err *e)
{
	static const char words[] = "qemu-img version ";
	cleanup_strv struct strv argv = {0};
	cleanup_buf struct buf out = {0};

	if (strv_add(&argv, "qemu-img", e) < 0 || strv_add(&argv, "--version", e) < 0 ||
		run(&argv, &out, e) < 0)
		return -1;
	const char *version = buf_str(&out);
	if (strncmp(version, words, strlen(words)) != 0)
		return err_set(e, ERR_UNSUPPORTED, "qemu-img --version says no version");
	version += strlen(words);
	return buf_printf(
		library, e, "qemu-img %.*s", (int)strspn(version, "0123456789."), version);
}

/* The files are named by the descriptors that we hold: the output has no name yet, and no name of
 * an input is taken for one of qemu's protocols. */
static int convert(const struct qcow2_write_options *opt, int raw_fd, struct err *e)
{
	static const char *const words[] = {
		"qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", NULL};
	cleanup_strv struct strv argv = {0};
	cleanup_buf struct buf out = {0};
	int pid = (int)getpid();

	for (const char *const *word = words; *word; word++) {
		if (strv_add(&argv, *word, e) < 0)
			return -1;
	}
	if (strv_addf(&argv, e, "compression_type=%s,cluster_size=%u",
		    opt->type == QCOW2_ZSTD ? "zstd" : "zlib", 1u << opt->cluster_bits) < 0 ||
		strv_addf(&argv, e, "/proc/%d/fd/%d", pid, raw_fd) < 0 ||
		strv_addf(&argv, e, "/proc/%d/fd/%d", pid, opt->out_fd) < 0)
		return -1;
	return run(&argv, &out, e) < 0 ? err_prefix(e, "%s", opt->out_path) : 0;
}

static int verify(const struct qcow2_write_options *opt, const struct engine_input *in, int raw_fd,
	struct err *e)
{
	const struct qcow2_verify_options verify_opt = {.image_fd = opt->out_fd,
		.image_path = opt->out_path,
		.rule = opt->type == QCOW2_ZSTD ? QCOW2_RULE_ANY : QCOW2_RULE_LIMA,
		.raw_fd = raw_fd,
		.raw_path = opt->source_path,
		.threads = opt->threads,
		.progress = in->progress};

	if (qcow2_verify(&verify_opt, e) == 0)
		return 0;
	/* No fault of the input's. */
	if (e && e->kind != ERR_IO && e->kind != ERR_INTERNAL)
		e->kind = ERR_INTEGRITY;
	return err_prefix(e, "what qemu-img wrote");
}

/* The disk of a qcow2 image as a raw one, in a file without a name; the caller closes it. */
static int read_out(const struct qcow2_write_options *opt, const struct engine_input *in,
	int *raw_fd, struct err *e)
{
	cleanup_progress struct progress *progress =
		progress_new(in->progress, "extract", source_size(opt->source));
	cleanup_close int fd = io_open_temp(NULL, e);
	const struct raw_write_options write_opt = {
		.source = opt->source, .out_fd = fd, .threads = opt->threads, .progress = progress};

	if (fd < 0 || raw_write(&write_opt, e) < 0)
		return -1;
	progress_finish(progress);
	*raw_fd = steal_fd(&fd);
	return 0;
}

static int take_digests(const struct qcow2_write_options *opt, int raw_fd,
	struct qcow2_write_result *result, struct err *e)
{
	if (sha256_fd_hex(raw_fd, result->source_sha256, NULL, e) < 0)
		return err_prefix(e, "%s", opt->source_path);
	if (sha256_fd_hex(opt->out_fd, result->sha256, NULL, e) < 0)
		return err_prefix(e, "%s", opt->out_path);
	return 0;
}

int engine_qemu_img(const struct qcow2_write_options *opt, const struct engine_input *in,
	struct qcow2_write_result *result, struct buf *library, struct err *e)
{
	cleanup_close int temp = -1;

	if (qcow2_write_check(opt, e) < 0 || read_version(library, e) < 0 ||
		(in->format == RAW_FORMAT_QCOW2 && read_out(opt, in, &temp, e) < 0))
		return -1;
	int raw_fd = temp >= 0 ? temp : in->fd;
	if (convert(opt, raw_fd, e) < 0 || verify(opt, in, raw_fd, e) < 0 ||
		source_unchanged(opt->source, e) < 0 ||
		(opt->hash && take_digests(opt, raw_fd, result, e) < 0))
		return -1;
	result->virtual_size = source_size(opt->source);
	if (io_size(opt->out_fd, &result->file_size, e) < 0)
		return err_prefix(e, "%s", opt->out_path);
	return 0;
}
