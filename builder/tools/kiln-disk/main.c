#include "base/buf.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "image/disk.h"
#include "image/layout.h"
#include "options.h"
#include "json/json.h"

static struct json *describe_fat(const struct disk_report *r, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);

	if (!j || json_set_text(j, "type", "vfat", e) < 0 ||
		json_set_text(j, "uuid", r->fat_serial, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static struct json *describe_ext4(const struct disk_report *r, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	const struct ext4_stats *s = &r->ext4;

	if (!j || json_set_text(j, "type", "ext4", e) < 0 ||
		json_set_text(j, "uuid", r->ext4_uuid, e) < 0 ||
		json_set_int(j, "block_size", 4096, e) < 0 ||
		json_set_int(j, "blocks", (int64_t)s->blocks, e) < 0 ||
		json_set_int(j, "free_blocks", (int64_t)s->free_blocks, e) < 0 ||
		json_set_int(j, "inodes", s->inodes, e) < 0 ||
		json_set_int(j, "free_inodes", s->free_inodes, e) < 0 ||
		json_set_int(j, "files", s->files, e) < 0 ||
		json_set_int(j, "contents_bytes", (int64_t)r->contents_bytes, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

/* filesystem is owned from the call on. */
static struct json *describe_part(const struct disk_part *p, struct json *filesystem, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);

	if (!j) {
		json_free(filesystem);
		return NULL;
	}
	if (json_set(j, "filesystem", filesystem, e) < 0 ||
		json_set_int(j, "number", p->number, e) < 0 ||
		json_set_text(j, "name", p->name, e) < 0 ||
		json_set_text(j, "type", p->type, e) < 0 ||
		json_set_text(j, "uuid", p->uuid, e) < 0 ||
		json_set_int(j, "start", (int64_t)p->start_bytes, e) < 0 ||
		json_set_int(j, "size", (int64_t)p->size_bytes, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static int write_report(
	const char *path, const struct layout *l, const struct disk_report *r, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	cleanup_json struct json *parts = json_new_array(e);
	cleanup_buf struct buf text = {0};

	if (!j || !parts || json_add(parts, describe_part(&r->esp, describe_fat(r, e), e), e) < 0 ||
		json_add(parts, describe_part(&r->root, describe_ext4(r, e), e), e) < 0 ||
		json_set(j, "partitions", steal_ptr(&parts), e) < 0 ||
		json_set_text(j, "identity", l->identity, e) < 0 ||
		json_set_text(j, "arch", l->arch, e) < 0 ||
		json_set_int(j, "epoch", l->epoch_s, e) < 0 ||
		json_set_int(j, "size", (int64_t)l->size_bytes, e) < 0 ||
		json_set_text(j, "uuid", r->disk_uuid, e) < 0 || json_write(j, &text, e) < 0)
		return -1;
	return outfile_write(path, 0644, buf_str(&text), text.len, e);
}

int build_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct disk_cli *o = opts;
	cleanup_layout struct layout *l = NULL;
	cleanup_outfile struct outfile *out = NULL;
	struct disk_report report;

	(void)n;
	if (!o->output)
		return err_set(e, ERR_USAGE, "build: name the disk to write with -o FILE");
	if (layout_load(&l, operands[0], e) < 0 || outfile_open(&out, o->output, 0644, e) < 0)
		return -1;
	if (disk_build(l, outfile_fd(out), o->common.progress, &report, e) < 0 ||
		outfile_commit(out, e) < 0)
		return -1;
	return o->report ? write_report(o->report, l, &report, e) : 0;
}

int main(int argc, char **argv)
{
	return cli_main(&disk_tool, argc, argv);
}
