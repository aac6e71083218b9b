#include "documents.h"

#include <inttypes.h>

#include "base/mem.h"
#include "yaml/ynode.h"

char *document_rendered_path(const struct recipe_file *f, bool on_esp, struct err *e)
{
	return mem_printf(e, "%s%s", on_esp ? "esp" : "files", f->path);
}

/* ", key: text" inside a flow map. */
static int put_member(struct buf *out, const char *key, const char *text, struct err *e)
{
	if (buf_printf(out, e, ", %s: ", key) < 0)
		return -1;
	return ynode_put_scalar(out, text, e);
}

/* What the file is made of. */
static int put_contents(struct buf *out, const struct recipe_file *f, bool on_esp,
	const char *repo_prefix, struct err *e)
{
	cleanup_free char *path = NULL;

	if (f->directory)
		return buf_puts(out, ", directory: true", e);
	if (f->from)
		return put_member(out, "from", f->from, e);
	if (f->symlink)
		return put_member(out, "symlink", f->symlink, e);
	if (f->content)
		return put_member(out, "content", f->content, e);
	path = f->template_path ? document_rendered_path(f, on_esp, e)
				: mem_printf(e, "%s%s", repo_prefix, f->source);
	return path ? put_member(out, "source", path, e) : -1;
}

static int put_file(struct buf *out, const struct recipe_file *f, bool on_esp,
	const char *repo_prefix, struct err *e)
{
	if (buf_puts(out, "    - {path: ", e) < 0 || ynode_put_scalar(out, f->path, e) < 0 ||
		put_contents(out, f, on_esp, repo_prefix, e) < 0)
		return -1;
	if (!on_esp && !f->symlink && buf_printf(out, e, ", mode: \"%04o\"", f->mode) < 0)
		return -1;
	if (!on_esp && buf_printf(out, e, ", uid: %u, gid: %u", f->uid, f->gid) < 0)
		return -1;
	return buf_puts(out, "}\n", e);
}

static int put_esp(struct buf *out, const struct image *im, const char *repo_prefix, struct err *e)
{
	if (buf_printf(out, e, "esp:\n  size: %" PRIu64 "\n%s  files:%s\n",
		    im->recipe->esp_size_bytes, im->recipe->keep ? "  layers: [esp.tar]\n" : "",
		    im->arch->n_esp ? "" : " []") < 0)
		return -1;
	for (size_t i = 0; i < im->arch->n_esp; i++) {
		if (put_file(out, &im->arch->esp[i], true, repo_prefix, e) < 0)
			return -1;
	}
	return 0;
}

static int put_root(struct buf *out, const struct image *im, const char *repo_prefix, struct err *e)
{
	const struct recipe *r = im->recipe;

	if (buf_printf(out, e, "root:\n  layers: [rootfs.tar]\n  files:%s\n",
		    r->n_files ? "" : " []") < 0)
		return -1;
	for (size_t i = 0; i < r->n_files; i++) {
		if (put_file(out, &r->files[i], false, repo_prefix, e) < 0)
			return -1;
	}
	if (buf_printf(out, e, "  delete:%s\n", r->delete_paths.n ? "" : " []") < 0)
		return -1;
	for (size_t i = 0; i < r->delete_paths.n; i++) {
		if (buf_puts(out, "    - ", e) < 0 ||
			ynode_put_scalar(out, r->delete_paths.items[i], e) < 0 ||
			buf_putc(out, '\n', e) < 0)
			return -1;
	}
	return 0;
}

int document_layout(struct buf *out, const struct image *im, const char *repo_prefix, struct err *e)
{
	if (buf_puts(out, "identity: ", e) < 0 || ynode_put_scalar(out, im->identity, e) < 0 ||
		buf_printf(out, e, "\narch: %s\nepoch: %" PRId64 "\nsize: %" PRIu64 "\n",
			im->arch->name, im->lock->epoch_s, im->recipe->disk_size_bytes) < 0 ||
		(im->recipe->keep && buf_puts(out, "keep: identity.json\n", e) < 0) ||
		put_esp(out, im, repo_prefix, e) < 0)
		return -1;
	return put_root(out, im, repo_prefix, e);
}
