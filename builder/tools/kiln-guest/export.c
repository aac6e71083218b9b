#include "export.h"

#include "base/io.h"
#include "base/outfile.h"
#include "image.h"
#include "image/contents.h"
#include "image/keep.h"
#include "image/tar_write.h"
#include "options.h"

static int write_tar(struct outfile **out, const char *path, struct tree *t, const char *stage,
	enum progress_mode mode, struct err *e)
{
	cleanup_progress struct progress *progress = NULL;

	if (outfile_open(out, path, 0644, e) < 0)
		return -1;
	progress = progress_new(mode, stage, contents_total(t));
	if (tar_write(outfile_fd(*out), t, progress, e) < 0)
		return err_prefix(e, "%s", path);
	progress_finish(progress);
	return 0;
}

static int write_identity(
	struct outfile **out, const char *path, const struct guest *g, struct err *e)
{
	cleanup_buf struct buf text = {0};
	struct disk_keep keep;

	if (keep_from_parts(&keep, &g->parts, g->root_part, g->esp_part, e) < 0 ||
		keep_format(&keep, &text, e) < 0 || outfile_open(out, path, 0644, e) < 0)
		return -1;
	if (io_write_full(outfile_fd(*out), buf_str(&text), text.len, e) < 0)
		return err_prefix(e, "%s", path);
	return 0;
}

int export_guest(const struct guest *g, const char *root_path, const char *esp_path,
	const char *identity_path, enum progress_mode progress, struct err *e)
{
	cleanup_outfile struct outfile *root = NULL;
	cleanup_outfile struct outfile *esp = NULL;
	cleanup_outfile struct outfile *identity = NULL;

	if (esp_path && !g->esp)
		return err_set(e, ERR_FORMAT, "no EFI system partition, which --esp is to write");
	if (identity_path && write_identity(&identity, identity_path, g, e) < 0)
		return -1;
	if (esp_path &&
		write_tar(&esp, esp_path, g->esp, "export EFI system partition", progress, e) < 0)
		return -1;
	if (write_tar(&root, root_path, g->root, "export root file system", progress, e) < 0)
		return -1;
	if ((identity && outfile_commit(identity, e) < 0) || (esp && outfile_commit(esp, e) < 0))
		return -1;
	return outfile_commit(root, e);
}

int export_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct guest_cli *o = opts;
	cleanup_guest struct guest *g = NULL;

	(void)n;
	if (!o->output)
		return err_set(e, ERR_USAGE, "export: name the archive to write with -o FILE");
	if (image_open(o, operands[0], &g, e) < 0)
		return -1;
	if (export_guest(g, o->output, o->esp, o->identity, o->common.progress, e) < 0)
		return err_prefix(e, "%s", operands[0]);
	return 0;
}
