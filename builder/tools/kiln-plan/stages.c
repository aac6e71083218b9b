#include "stages.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "stage_edges.h"

/* How the layout in the work folder names the repository: by an absolute path, since the work
 * folder may be anywhere. */
static char *repo_prefix(const struct plan_paths *paths, struct err *e)
{
	cleanup_free char *real = realpath(paths->root, NULL);

	if (!real) {
		err_set_errno(e, ERR_IO, "%s", paths->root);
		return NULL;
	}
	return mem_printf(e, "%s/", real);
}

int stages_open(struct stages *s, struct err *e)
{
	cleanup_free char *prefix = repo_prefix(s->paths, e);

	if (!prefix || document_vars(&s->vars, s->image, e) < 0 ||
		document_layout(&s->layout, s->image, prefix, e) < 0 ||
		document_layout(&s->layout_key, s->image, "", e) < 0)
		return -1;
	return document_image(&s->image_json, s->image, s->paths, s->versions, e);
}

void stages_release(struct stages *s)
{
	buf_release(&s->vars);
	buf_release(&s->layout);
	buf_release(&s->layout_key);
	buf_release(&s->image_json);
}

static int write_document(
	const struct stages *s, const char *name, const struct buf *text, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/%s", s->image->work_dir, name);

	if (!path)
		return -1;
	return outfile_write_if_changed(path, 0644, buf_str(text), text->len, NULL, e);
}

int stages_write_documents(const struct stages *s, struct err *e)
{
	if (io_mkdirs(s->image->work_dir, e) < 0 || io_mkdirs(s->image->image_dir, e) < 0 ||
		write_document(s, "vars.yaml", &s->vars, e) < 0 ||
		write_document(s, "layout.yaml", &s->layout, e) < 0)
		return -1;
	return write_document(s, "image.json", &s->image_json, e);
}

static const struct {
	const char *name;
	const char *file; /* by which ninja's log names it; NULL: the image itself */
	bool in_image_dir;
	bool needs_base;
	bool needs_pack;
	int (*make)(const struct stages *s, struct edge *ed, struct err *e);
} table[] = {
	{"packages", "packages", false, false, false, stage_packages},
	{"customize", "customize.yaml", false, true, false, stage_customize},
	{"rootfs", "rootfs.tar", false, false, false, stage_rootfs},
	{"render", "render.stamp", false, false, false, stage_render},
	{"disk", "disk.raw", false, false, false, stage_disk},
	{"qcow2", NULL, true, false, false, stage_qcow2},
	{"verify", "verify.stamp", false, false, false, stage_verify},
	{"pack", "pack.json", false, false, true, stage_pack},
	{"check", "check.json", false, false, false, stage_check},
	{"lima", "lima.yaml", true, false, false, stage_lima},
	{"manifest", "SHA256SUMS", true, false, false, stage_manifest},
};
#define N_STAGES (sizeof(table) / sizeof(table[0]))

int stages_put_edges(
	const struct stages *s, struct strv *last, struct strv *packages, struct err *e)
{
	for (size_t i = 0; i < N_STAGES; i++) {
		cleanup_edge struct edge ed = {0};

		if ((table[i].needs_base && !s->image->arch->base) ||
			(table[i].needs_pack && !s->image->pack))
			continue;
		if (edge_open(&ed, s->image, table[i].name, e) < 0 ||
			table[i].make(s, &ed, e) < 0 || ninja_put_edge(s->ninja, &ed, e) < 0)
			return err_prefix(e, "%s", s->image->recipe->path);
		struct strv *list = i == 0 ? packages : i == N_STAGES - 1 ? last : NULL;
		if (list && strv_add(list, ed.outputs.items[0], e) < 0)
			return -1;
	}
	return 0;
}

const char *stages_name(size_t i)
{
	return i < N_STAGES ? table[i].name : NULL;
}

char *stages_log_file(const struct image *im, size_t i, struct err *e)
{
	if (!table[i].file)
		return mem_printf(e, "%s/%s.qcow2", im->image_dir, im->file_name);
	return mem_printf(
		e, "%s/%s", table[i].in_image_dir ? im->image_dir : im->work_dir, table[i].file);
}
