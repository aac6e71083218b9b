#include "stage_edges.h"

#include <inttypes.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/pack.h"

/* Each file of the recipe that is on the ESP or laid over the root. */
static const struct recipe_file *file_at(const struct image *im, size_t i, bool *on_esp)
{
	*on_esp = i < im->arch->n_esp;
	if (*on_esp)
		return &im->arch->esp[i];
	i -= im->arch->n_esp;
	return i < im->recipe->n_files ? &im->recipe->files[i] : NULL;
}

static int add_version(const struct stages *s, struct edge *ed, const char *name, struct err *e)
{
	const char *version = versions_find(s->versions, name);

	return key_text(ed->key, name, version ? version : "", e);
}

/* "$work/name" as a word. */
static int work_word(struct edge *ed, const char *name, struct err *e)
{
	return edge_wordf(ed, e, "%s/%s", ed->image->work_dir, name);
}

static int image_file_word(struct edge *ed, struct err *e)
{
	return edge_wordf(ed, e, "%s/%s.qcow2", ed->image->image_dir, ed->image->file_name);
}

static int add_image_file(struct strv *to, const struct image *im, struct err *e)
{
	return strv_addf(to, e, "%s/%s.qcow2", im->image_dir, im->file_name);
}

/* The packed disk in the image's folder. */
static int pack_word(struct edge *ed, const char *format, struct err *e)
{
	return edge_wordf(
		ed, e, "%s/%s.raw.%s", ed->image->image_dir, ed->image->file_name, format);
}

static int add_pack_file(struct strv *to, const struct image *im, struct err *e)
{
	return strv_addf(to, e, "%s/%s.raw.%s", im->image_dir, im->file_name, im->pack);
}

static bool is_apk(const struct image *im)
{
	return strcmp(im->recipe->family, "apk") == 0;
}

/* The locked base image in the work folder. */
static char *base_name(const struct image *im, struct err *e)
{
	return mem_printf(e, "base.%s", im->arch->base->format);
}

/* The repository is made anew as a whole; the copy of its index is left alone when it is the same,
 * so that what follows does not run again. Of an apk lock the stamp tells the same. */
static int keep_index(struct edge *ed, struct err *e)
{
	if (is_apk(ed->image))
		return 0;
	if (edge_shell(ed, " && { cmp -s", e) < 0 || work_word(ed, "repo/Packages", e) < 0 ||
		work_word(ed, "packages", e) < 0 || edge_shell(ed, " || cp", e) < 0 ||
		work_word(ed, "repo/Packages", e) < 0 || work_word(ed, "packages", e) < 0 ||
		edge_shell(ed, "; }", e) < 0)
		return -1;
	return edge_output(ed, "repo/Packages", e);
}

/* kiln-source finds the recipe by the repository: its servers, its keys. */
static int root_words(const struct stages *s, struct edge *ed, struct err *e)
{
	if (strcmp(s->paths->root, ".") == 0)
		return 0;
	return edge_words(ed, e, "--root", s->paths->root, NULL);
}

/* kiln-source fetch */
static int fetch_words(const struct stages *s, struct edge *ed, struct err *e)
{
	if (edge_tool(ed, s->paths, "kiln-source", e) < 0 ||
		edge_words(ed, e, "fetch", "--lock", s->image->lock_path, "--stale-list", NULL) <
			0 ||
		work_word(ed, "stale", e) < 0 || root_words(s, ed, e) < 0)
		return -1;
	if (is_apk(s->image) &&
		(edge_word(ed, "--stamp", e) < 0 || work_word(ed, "packages", e) < 0))
		return -1;
	return s->image->base_file ? edge_word(ed, "--without-base", e) : 0;
}

/* The keys that sign apk's archives go into the repository. */
static int key_keys(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct recipe *r = s->image->recipe;

	for (size_t i = 0; i < r->n_archives; i++) {
		const char *keys = r->archives[i].keys;
		cleanup_free char *path = keys ? plan_in_root(s->paths, keys, e) : NULL;

		if (keys && (!path || key_tree(ed->key, keys, path, e) < 0))
			return -1;
	}
	return 0;
}

/* kiln-source repo --base FILE */
static int base_words(struct edge *ed, struct err *e)
{
	const struct image *im = ed->image;
	cleanup_free char *name = NULL;

	if (!im->arch->base || im->base_file)
		return 0;
	name = base_name(im, e);
	if (!name || edge_word(ed, "--base", e) < 0 || work_word(ed, name, e) < 0)
		return -1;
	return edge_output(ed, name, e);
}

int stage_packages(const struct stages *s, struct edge *ed, struct err *e)
{
	const char *lock = s->image->lock_path;
	cleanup_free char *tool = plan_tool(s->paths, "kiln-source", e);

	/* ninja's own: one at a time, with the terminal for a progress bar. */
	ed->pool = "console";
	if (!tool || edge_output(ed, "packages", e) < 0 || fetch_words(s, ed, e) < 0 ||
		edge_shell(ed, " &&", e) < 0 ||
		edge_words(ed, e, tool, "repo", "--quiet", "--lock", lock, "-o", NULL) < 0 ||
		work_word(ed, "repo", e) < 0 || base_words(ed, e) < 0 ||
		(is_apk(s->image) && root_words(s, ed, e) < 0) || key_keys(s, ed, e) < 0 ||
		key_file(ed->key, "lock", lock, e) < 0)
		return -1;
	return keep_index(ed, e);
}

/* kiln-render TEMPLATE --data vars.yaml */
static int render_words(
	const struct stages *s, struct edge *ed, const char *template_path, struct err *e)
{
	cleanup_free char *path = plan_in_root(s->paths, template_path, e);
	cleanup_free char *folder = path ? io_dirname(path, e) : NULL;
	cleanup_free char *label = io_dirname(template_path, e);

	/* A template may include what lies beside and below it. */
	if (!folder || !label || edge_tool(ed, s->paths, "kiln-render", e) < 0 ||
		edge_words(ed, e, path, "--data", NULL) < 0 || work_word(ed, "vars.yaml", e) < 0)
		return -1;
	return key_tree(ed->key, label, folder, e);
}

int stage_customize(const struct stages *s, struct edge *ed, struct err *e)
{
	if (render_words(s, ed, s->image->recipe->customize, e) < 0 || edge_word(ed, "-o", e) < 0 ||
		work_word(ed, "customize.yaml", e) < 0 ||
		key_text(ed->key, "vars", buf_str(&s->vars), e) < 0)
		return -1;
	return edge_output(ed, "customize.yaml", e);
}

/* The base image as a word; what it is goes into the key. */
static int base_word(struct edge *ed, struct err *e)
{
	const struct image *im = ed->image;
	cleanup_free char *name = base_name(im, e);

	if (!name)
		return -1;
	if (im->base_file)
		return edge_word(ed, im->base_file, e) < 0 ||
				       key_text(ed->key, "base", im->base_sha256, e) < 0
			       ? -1
			       : 0;
	if (work_word(ed, name, e) < 0 || edge_input(ed, name, e) < 0)
		return -1;
	return key_text(ed->key, "base", im->lock->base->sha256, e);
}

static int rootfs_from_base(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct image *im = s->image;

	if (edge_tool(ed, s->paths, "kiln-guest", e) < 0 ||
		edge_words(ed, e, "customize", "--quiet", NULL) < 0 || base_word(ed, e) < 0 ||
		edge_words(ed, e, "--format", im->arch->base->format, "-c", NULL) < 0 ||
		work_word(ed, "customize.yaml", e) < 0 ||
		edge_words(ed, e, "--sysprep", "--packages", NULL) < 0 ||
		work_word(ed, "repo", e) < 0 || edge_word(ed, "--export", e) < 0 ||
		work_word(ed, "rootfs.tar", e) < 0 || edge_word(ed, "--export-esp", e) < 0 ||
		work_word(ed, "esp.tar", e) < 0 || edge_word(ed, "--identity", e) < 0 ||
		work_word(ed, "identity.json", e) < 0 || edge_word(ed, "--epoch", e) < 0 ||
		edge_wordf(ed, e, "%" PRId64, im->lock->epoch_s) < 0)
		return -1;
	if (edge_input(ed, "packages", e) < 0 || edge_input(ed, "customize.yaml", e) < 0 ||
		edge_output(ed, "rootfs.tar", e) < 0 || edge_output(ed, "esp.tar", e) < 0)
		return -1;
	return edge_output(ed, "identity.json", e);
}

static int rootfs_from_packages(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct image *im = s->image;
	cleanup_free char *folder = plan_in_root(s->paths, "builder/stages", e);
	cleanup_free char *script = plan_in_root(s->paths, "builder/stages/rootfs-deb", e);

	if (!folder || !script ||
		edge_words(ed, e, script, "--lock", im->lock_path, "--packages-dir", NULL) < 0 ||
		work_word(ed, "repo", e) < 0 ||
		edge_words(ed, e, "--suite", im->recipe->suite, "--arch", im->arch->name, "--epoch",
			NULL) < 0 ||
		edge_wordf(ed, e, "%" PRId64, im->lock->epoch_s) < 0 ||
		edge_word(ed, "--output", e) < 0 || work_word(ed, "rootfs.tar", e) < 0)
		return -1;
	if (key_file(ed->key, "lock", im->lock_path, e) < 0 ||
		key_tree(ed->key, "stages", folder, e) < 0 ||
		key_program(ed->key, "mmdebstrap", e) < 0 || add_version(s, ed, "apt", e) < 0 ||
		add_version(s, ed, "dpkg", e) < 0)
		return -1;
	return edge_input(ed, "packages", e) < 0 ? -1 : edge_output(ed, "rootfs.tar", e);
}

int stage_rootfs(const struct stages *s, struct edge *ed, struct err *e)
{
	return s->image->arch->base ? rootfs_from_base(s, ed, e) : rootfs_from_packages(s, ed, e);
}

int stage_render(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct recipe_file *f;
	bool on_esp;

	/* The stamp stands first: the log names the stage by it. */
	if (edge_output(ed, "render.stamp", e) < 0 ||
		key_text(ed->key, "vars", buf_str(&s->vars), e) < 0)
		return -1;
	for (size_t i = 0; (f = file_at(s->image, i, &on_esp)); i++) {
		if (!f->template_path)
			continue;
		cleanup_free char *name = document_rendered_path(f, on_esp, e);

		if (!name || render_words(s, ed, f->template_path, e) < 0 ||
			edge_word(ed, "-o", e) < 0 || work_word(ed, name, e) < 0 ||
			edge_shell(ed, " &&", e) < 0 || edge_output(ed, name, e) < 0)
			return -1;
	}
	if (edge_shell(ed, " : >", e) < 0)
		return -1;
	return work_word(ed, "render.stamp", e);
}

/* What kiln-disk reads besides the root file system. */
static int disk_files(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct recipe_file *f;
	bool on_esp;

	for (size_t i = 0; (f = file_at(s->image, i, &on_esp)); i++) {
		cleanup_free char *rendered = document_rendered_path(f, on_esp, e);
		cleanup_free char *source = f->source ? plan_in_root(s->paths, f->source, e) : NULL;

		if (!rendered || (f->source && !source) ||
			(f->template_path && edge_input(ed, rendered, e) < 0) ||
			(source && key_file(ed->key, f->source, source, e) < 0))
			return -1;
	}
	return 0;
}

int stage_disk(const struct stages *s, struct edge *ed, struct err *e)
{
	static const char *const writers[] = {
		"libext2fs2", "libext2fs2t64", "libfdisk1", "dosfstools", "mtools"};

	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		if (add_version(s, ed, writers[i], e) < 0)
			return -1;
	}
	if (edge_tool(ed, s->paths, "kiln-disk", e) < 0 ||
		edge_words(ed, e, "build", "--quiet", NULL) < 0 ||
		work_word(ed, "layout.yaml", e) < 0 || edge_word(ed, "-o", e) < 0 ||
		work_word(ed, "disk.raw", e) < 0 || edge_word(ed, "--report", e) < 0 ||
		work_word(ed, "disk.json", e) < 0 ||
		key_text(ed->key, "layout", buf_str(&s->layout_key), e) < 0 ||
		edge_input(ed, "rootfs.tar", e) < 0 || disk_files(s, ed, e) < 0 ||
		edge_output(ed, "disk.raw", e) < 0)
		return -1;
	if (s->image->recipe->keep &&
		(edge_input(ed, "esp.tar", e) < 0 || edge_input(ed, "identity.json", e) < 0))
		return -1;
	return edge_output(ed, "disk.json", e);
}

int stage_qcow2(const struct stages *s, struct edge *ed, struct err *e)
{
	if (add_version(s, ed, "libdeflate0", e) < 0 ||
		edge_tool(ed, s->paths, "kiln-qcow2", e) < 0 ||
		edge_words(ed, e, "compress", "--quiet", NULL) < 0 ||
		work_word(ed, "disk.raw", e) < 0 || edge_word(ed, "-o", e) < 0 ||
		image_file_word(ed, e) < 0 || edge_word(ed, "--report", e) < 0 ||
		work_word(ed, "qcow2.json", e) < 0 ||
		edge_shell(ed, " ${LIMEKILN_THREADS:+--threads \"$LIMEKILN_THREADS\"}", e) < 0 ||
		edge_input(ed, "disk.raw", e) < 0 || add_image_file(&ed->outputs, s->image, e) < 0)
		return -1;
	return edge_output(ed, "qcow2.json", e);
}

int stage_verify(const struct stages *s, struct edge *ed, struct err *e)
{
	if (edge_tool(ed, s->paths, "kiln-qcow2", e) < 0 ||
		edge_words(ed, e, "verify", "--quiet", NULL) < 0 ||
		work_word(ed, "disk.raw", e) < 0 || image_file_word(ed, e) < 0 ||
		edge_shell(ed, " && qemu-img check -q -f qcow2", e) < 0 ||
		image_file_word(ed, e) < 0 ||
		edge_shell(ed, " && qemu-img compare -q -f raw -F qcow2", e) < 0 ||
		work_word(ed, "disk.raw", e) < 0 || image_file_word(ed, e) < 0 ||
		edge_shell(ed, " && : >", e) < 0 || work_word(ed, "verify.stamp", e) < 0 ||
		edge_input(ed, "disk.raw", e) < 0 || add_image_file(&ed->inputs, s->image, e) < 0)
		return -1;
	return edge_output(ed, "verify.stamp", e);
}

int stage_pack(const struct stages *s, struct edge *ed, struct err *e)
{
	const char *format = s->image->pack;
	bool zst = strcmp(format, "zst") == 0;

	if (key_text(ed->key, "library", pack_library(zst ? PACK_ZSTD : PACK_XZ), e) < 0 ||
		edge_output(ed, "pack.json", e) < 0 ||
		edge_tool(ed, s->paths, "kiln-qcow2", e) < 0 ||
		edge_words(ed, e, "pack", "--quiet", NULL) < 0 ||
		work_word(ed, "disk.raw", e) < 0 || edge_word(ed, "-o", e) < 0 ||
		pack_word(ed, format, e) < 0 || edge_word(ed, "--report", e) < 0 ||
		work_word(ed, "pack.json", e) < 0 || (zst && edge_word(ed, "--zst", e) < 0) ||
		edge_shell(ed, " ${LIMEKILN_THREADS:+--threads \"$LIMEKILN_THREADS\"} &&", e) < 0)
		return -1;
	if (edge_words(ed, e, zst ? "zstd" : "xz", "-qdc", NULL) < 0 ||
		pack_word(ed, format, e) < 0 || edge_shell(ed, " | cmp -", e) < 0 ||
		work_word(ed, "disk.raw", e) < 0 || edge_input(ed, "disk.raw", e) < 0)
		return -1;
	return add_pack_file(&ed->outputs, s->image, e);
}

/* --allow-KIND FILE for each list of the recipe */
static int allow_words(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct strv *allow = &s->image->recipe->allow_files;

	for (size_t i = 0; i < allow->n; i++) {
		const char *equals = strchr(allow->items[i], '=');
		cleanup_free char *path = plan_in_root(s->paths, equals + 1, e);

		if (!path ||
			edge_wordf(ed, e, "--allow-%.*s", (int)(equals - allow->items[i]),
				allow->items[i]) < 0 ||
			edge_word(ed, path, e) < 0 || key_file(ed->key, equals + 1, path, e) < 0)
			return -1;
	}
	return 0;
}

int stage_check(const struct stages *s, struct edge *ed, struct err *e)
{
	if (edge_tool(ed, s->paths, "kiln-guest", e) < 0 ||
		edge_words(ed, e, "check", "--quiet", NULL) < 0 || image_file_word(ed, e) < 0 ||
		allow_words(s, ed, e) < 0 || edge_word(ed, "--json", e) < 0 ||
		work_word(ed, "check.json", e) < 0 || edge_word(ed, "--junit", e) < 0 ||
		work_word(ed, "check.xml", e) < 0 || edge_input(ed, "verify.stamp", e) < 0 ||
		add_image_file(&ed->inputs, s->image, e) < 0 ||
		edge_output(ed, "check.json", e) < 0)
		return -1;
	return edge_output(ed, "check.xml", e);
}

int stage_lima(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct image *im = s->image;

	if (render_words(s, ed, im->recipe->lima, e) < 0 || edge_word(ed, "--data", e) < 0 ||
		work_word(ed, "qcow2.json", e) < 0 || edge_word(ed, "--set", e) < 0 ||
		edge_wordf(ed, e, "file=%s.qcow2", im->file_name) < 0 ||
		edge_word(ed, "-o", e) < 0 ||
		edge_wordf(ed, e, "%s/lima.yaml", im->image_dir) < 0 ||
		key_text(ed->key, "vars", buf_str(&s->vars), e) < 0 ||
		edge_input(ed, "qcow2.json", e) < 0)
		return -1;
	return strv_addf(&ed->outputs, e, "%s/lima.yaml", im->image_dir);
}

/* --config PATH=FILE for every file that is laid over the root or put on the ESP. */
static int config_words(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct recipe_file *f;
	bool on_esp;

	for (size_t i = 0; (f = file_at(s->image, i, &on_esp)); i++) {
		cleanup_free char *rendered = document_rendered_path(f, on_esp, e);

		if (!rendered)
			return -1;
		if (!f->template_path || on_esp)
			continue;
		if (edge_word(ed, "--config", e) < 0 ||
			edge_wordf(ed, e, "%s=%s/%s", f->path, s->image->work_dir, rendered) < 0 ||
			edge_input(ed, rendered, e) < 0)
			return -1;
	}
	return 0;
}

/* A file that an earlier build packed, and that this one does not, must not stay: nobody would
 * vouch for it. */
static int remove_other_packs(struct edge *ed, struct err *e)
{
	static const char *const formats[] = {"xz", "zst"};

	if (edge_words(ed, e, "rm", "-f", NULL) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if ((!ed->image->pack || strcmp(formats[i], ed->image->pack) != 0) &&
			pack_word(ed, formats[i], e) < 0)
			return -1;
	}
	return edge_shell(ed, " &&", e);
}

/* The packed disk as an operand, and its report. */
static int packed_words(struct edge *ed, struct err *e)
{
	const struct image *im = ed->image;

	if (!im->pack)
		return 0;
	if (edge_wordf(ed, e, "%s.raw.%s", im->file_name, im->pack) < 0 ||
		edge_word(ed, "--info", e) < 0 ||
		edge_wordf(ed, e, "pack=%s/pack.json", im->work_dir) < 0 ||
		edge_input(ed, "pack.json", e) < 0)
		return -1;
	return add_pack_file(&ed->inputs, im, e);
}

int stage_manifest(const struct stages *s, struct edge *ed, struct err *e)
{
	const struct image *im = s->image;

	if (remove_other_packs(ed, e) < 0 || edge_tool(ed, s->paths, "kiln-manifest", e) < 0 ||
		edge_words(ed, e, "create", im->image_dir, NULL) < 0 ||
		edge_wordf(ed, e, "%s.qcow2", im->file_name) < 0 || packed_words(ed, e) < 0 ||
		edge_word(ed, "lima.yaml", e) < 0 || edge_word(ed, "--info", e) < 0 ||
		edge_wordf(ed, e, "image=%s/image.json", im->work_dir) < 0 ||
		edge_word(ed, "--info", e) < 0 ||
		edge_wordf(ed, e, "disk=%s/disk.json", im->work_dir) < 0 ||
		edge_word(ed, "--info", e) < 0 ||
		edge_wordf(ed, e, "qcow2=%s/qcow2.json", im->work_dir) < 0 ||
		edge_word(ed, "--check", e) < 0 || work_word(ed, "check.json", e) < 0 ||
		config_words(s, ed, e) < 0 ||
		key_text(ed->key, "image", buf_str(&s->image_json), e) < 0)
		return -1;
	if (edge_input(ed, "disk.json", e) < 0 || edge_input(ed, "qcow2.json", e) < 0 ||
		edge_input(ed, "verify.stamp", e) < 0 || edge_input(ed, "check.json", e) < 0 ||
		add_image_file(&ed->inputs, im, e) < 0 ||
		strv_addf(&ed->inputs, e, "%s/lima.yaml", im->image_dir) < 0 ||
		strv_addf(&ed->outputs, e, "%s/SHA256SUMS", im->image_dir) < 0)
		return -1;
	return strv_addf(&ed->outputs, e, "%s/manifest.json", im->image_dir);
}
