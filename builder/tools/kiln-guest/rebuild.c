#include "rebuild.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/epoch.h"
#include "base/io.h"
#include "base/outfile.h"
#include "codec/deflate.h"
#include "guest/facts.h"
#include "image/disk.h"
#include "image/fat.h"
#include "image/gpt.h"
#include "image/qcow2_write.h"

int rebuild_epoch(const struct guest_cli *o, const struct guest *g, int64_t *epoch_s, struct err *e)
{
	if (o->epoch ? epoch_parse(o->epoch, "--epoch", epoch_s, e) < 0
		     : epoch_from_env(g->newest_s, epoch_s, e) < 0)
		return -1;
	if (*epoch_s > UINT32_MAX)
		*epoch_s = UINT32_MAX;
	if (*epoch_s < 1)
		return err_set(e, ERR_USAGE,
			"a file system cannot be made at time 0; give another with --epoch");
	return 0;
}

int rebuild_output(const struct guest_cli *o, const char *image, const char **output, struct err *e)
{
	struct stat from, to;

	if (!o->output == !o->in_place)
		return err_set(e, ERR_USAGE,
			"say where the new image goes: -o FILE or --in-place, one of them");
	if (lstat(image, &from) < 0)
		return err_set_errno(e, ERR_IO, "%s", image);
	if (!o->in_place) {
		*output = o->output;
		if (stat(image, &from) == 0 && stat(o->output, &to) == 0 &&
			from.st_dev == to.st_dev && from.st_ino == to.st_ino)
			return err_set(e, ERR_USAGE,
				"%s: is the image that is read; --in-place replaces it", o->output);
		return 0;
	}
	if (S_ISLNK(from.st_mode))
		return err_set(e, ERR_USAGE,
			"%s: a symbolic link; --in-place needs the name of the file itself", image);
	if (strcmp(o->format, "qcow2") != 0)
		return err_set(e, ERR_USAGE,
			"%s: --in-place writes a qcow2 image, and the format given is %s; use -o",
			image, o->format);
	*output = image;
	return 0;
}

int rebuild_check(const struct guest *g, const char *image, struct err *e)
{
	for (size_t i = 0; i < g->parts.n; i++) {
		const struct part *p = &g->parts.items[i];

		if (p != g->root_part && p != g->esp_part &&
			strcmp(p->type, gpt_type_bios_boot) != 0)
			return err_set(e, ERR_UNSUPPORTED,
				"%s: partition %u (%s): only the root and an EFI system partition "
				"can be built anew; make a recipe with what `kiln-guest export` "
				"writes",
				image, p->number, parts_content_name(p->content));
	}
	if (!g->esp)
		return err_set(e, ERR_UNSUPPORTED,
			"%s: no EFI system partition, and disks that are built anew boot from one "
			"only; make a recipe with what `kiln-guest export` writes",
			image);
	return 0;
}

static uint64_t round_up(uint64_t size_bytes)
{
	return (size_bytes + GPT_ALIGN_BYTES - 1) / GPT_ALIGN_BYTES * GPT_ALIGN_BYTES;
}

/* The old sizes in whole units; a small ESP becomes one that FAT32 fits into. */
static void plan_sizes(const struct guest *g, struct disk_source *s)
{
	uint64_t esp_bytes = round_up(g->esp_part->size_bytes);

	while (fat_cluster_sectors(esp_bytes) == 0)
		esp_bytes += GPT_ALIGN_BYTES;
	s->esp_bytes = esp_bytes;
	s->size_bytes = round_up(g->size_bytes) + esp_bytes - g->esp_part->size_bytes;
	s->size_bytes = round_up(s->size_bytes);
}

static int build_disk(
	const struct guest_cli *o, struct guest *g, struct disk_source *s, int fd, struct err *e)
{
	cleanup_facts struct facts *f = NULL;
	struct disk_keep keep;
	struct disk_report report;

	if (facts_load(&f, g, e) < 0 ||
		keep_from_parts(&keep, &g->parts, g->root_part, g->esp_part, e) < 0)
		return err_prefix(e, "%s", s->name);
	plan_sizes(g, s);
	s->size_name = "disk.size of a recipe made with what `kiln-guest export` writes";
	s->identity = g->root_part->fs_uuid;
	s->arch = f->arch;
	s->keep = &keep;
	s->root = g->root;
	s->esp = g->esp;
	return disk_build_trees(s, fd, o->common.progress, &report, e);
}

int rebuild_disk(const struct guest_cli *o, struct guest *g, const char *image, int64_t epoch_s,
	int *fd, struct err *e)
{
	struct disk_source source = {.name = image, .epoch_s = epoch_s};
	cleanup_close int temp = -1;

	if (rebuild_check(g, image, e) < 0)
		return -1;
	temp = io_open_temp(NULL, e);
	if (temp < 0 || build_disk(o, g, &source, temp, e) < 0)
		return -1;
	*fd = steal_fd(&temp);
	return 0;
}

int rebuild_write(
	const struct guest_cli *o, int fd, const char *image, const char *output, struct err *e)
{
	cleanup_outfile struct outfile *out = NULL;
	cleanup_progress struct progress *progress = NULL;
	cleanup_source struct source *source = NULL;
	const struct source_options source_opt = {
		.fd = fd, .path = image, .format = RAW_FORMAT_RAW};
	struct qcow2_write_result result;

	if (source_open(&source, &source_opt, e) < 0 || outfile_open(&out, output, 0644, e) < 0)
		return -1;
	progress = progress_new(o->common.progress, "compress", source_size(source));
	const struct qcow2_write_options opt = {.source = source,
		.source_path = image,
		.out_fd = outfile_fd(out),
		.out_path = output,
		.type = QCOW2_DEFLATE,
		.level = (unsigned)o->level,
		.window_bits = DEFLATE_WINDOW_DEFAULT,
		.cluster_bits = QCOW2_WRITE_CLUSTER_BITS,
		.threads = (unsigned)o->threads,
		.progress = progress};
	if (qcow2_write(&opt, &result, e) < 0 || outfile_commit(out, e) < 0)
		return -1;
	progress_finish(progress);
	return 0;
}
