#include "image/disk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/esp.h"
#include "image/gpt.h"

#define ESP_LABEL "ESP"

struct build {
	const struct disk_source *s;
	const struct disk_keep *keep; /* empty when nothing is kept */
	int fd;
	enum progress_mode progress;
	struct disk_report *report;
};

/* The kept UUID, or else that of this role. */
static int choose_uuid(const struct build *b, const char *kept, enum ident_role role,
	char text[UUID_TEXT_SIZE], struct err *e)
{
	unsigned char uuid[UUID_SIZE];

	if (!*kept)
		return ident_uuid_text(b->s->identity, role, text, e);
	if (ident_parse_uuid(kept, uuid, e) < 0)
		return -1;
	uuid5_format(uuid, text);
	return 0;
}

static void choose_text(const char *kept, const char *otherwise, char *text, size_t size)
{
	snprintf(text, size, "%s", *kept ? kept : otherwise);
}

/* The kept number, or else the usual one, or the next if the other partition has it. */
static unsigned choose_number(unsigned kept, unsigned usual, unsigned other)
{
	if (kept)
		return kept;
	return usual == other ? usual + 1 : usual;
}

static int plan_sizes(struct build *b, struct err *e)
{
	const struct disk_source *s = b->s;
	struct disk_report *r = b->report;
	/* One unit before for the table, one behind for its backup. */
	uint64_t used = GPT_ALIGN_BYTES + s->esp_bytes + GPT_ALIGN_BYTES;

	if (s->size_bytes <= used)
		return err_set(e, ERR_FORMAT,
			"%s: size leaves no room for the root file system; set %s to more than "
			"%llu MiB",
			s->name, s->size_name, (unsigned long long)(used >> 20));
	r->esp.start_bytes = GPT_ALIGN_BYTES;
	r->esp.size_bytes = s->esp_bytes;
	r->root.start_bytes = GPT_ALIGN_BYTES + s->esp_bytes;
	r->root.size_bytes = s->size_bytes - used;
	return 0;
}

static int plan_partitions(struct build *b, struct err *e)
{
	const struct disk_keep *k = b->keep;
	struct disk_report *r = b->report;
	const char *root_type = gpt_type_root(b->s->arch);

	if (!root_type)
		return err_set(e, ERR_UNSUPPORTED,
			"%s: architecture '%s' is not known; there are x86_64 and aarch64",
			b->s->name, b->s->arch);
	r->esp.number = choose_number(k->esp.number, 1, k->root.number);
	r->root.number = choose_number(k->root.number, 2, r->esp.number);
	choose_text("", gpt_type_esp, r->esp.type, sizeof(r->esp.type));
	choose_text(k->root.type, root_type, r->root.type, sizeof(r->root.type));
	choose_text(k->esp.name, "esp", r->esp.name, sizeof(r->esp.name));
	choose_text(k->root.name, "root", r->root.name, sizeof(r->root.name));
	if (choose_uuid(b, k->disk_uuid, IDENT_GPT_DISK, r->disk_uuid, e) < 0 ||
		choose_uuid(b, k->esp.uuid, IDENT_GPT_ESP, r->esp.uuid, e) < 0)
		return -1;
	return choose_uuid(b, k->root.uuid, IDENT_GPT_ROOT, r->root.uuid, e);
}

static int write_table(struct build *b, struct err *e)
{
	const struct disk_part *parts[] = {&b->report->esp, &b->report->root};
	struct gpt_partition table[2];
	size_t n = 0;

	for (size_t i = b->s->esp ? 0 : 1; i < 2; i++) {
		const struct disk_part *p = parts[i];

		table[n++] = (struct gpt_partition){
			p->number, p->start_bytes, p->size_bytes, p->type, p->uuid, p->name};
	}
	if (ftruncate(b->fd, (off_t)b->s->size_bytes) < 0)
		return err_set_errno(e, ERR_IO, "set the size of the disk");
	return gpt_write(b->fd, b->report->disk_uuid, table, n, e);
}

static int does_not_fit(const struct build *b, uint64_t needed_bytes, struct err *e)
{
	const struct disk_source *s = b->s;
	uint64_t size_bytes = s->size_bytes - b->report->root.size_bytes + needed_bytes;

	return err_set(e, ERR_FORMAT,
		"%s: the contents do not fit into %llu MiB; set %s to %llu MiB or more", s->name,
		(unsigned long long)(s->size_bytes >> 20), s->size_name,
		(unsigned long long)(size_bytes >> 20));
}

static int write_root(struct build *b, struct err *e)
{
	const struct disk_source *s = b->s;
	struct disk_report *r = b->report;
	const char *kept = b->keep->root.fs_uuid;
	struct ext4_options opt = {.offset_bytes = r->root.start_bytes,
		.size_bytes = r->root.size_bytes,
		.epoch_s = s->epoch_s,
		.label = b->keep->root.fs_label};
	uint64_t needed;

	if (choose_uuid(b, kept, IDENT_EXT4_UUID, r->ext4_uuid, e) < 0 ||
		ident_parse_uuid(r->ext4_uuid, opt.uuid, e) < 0 ||
		ident_uuid(*kept ? r->ext4_uuid : s->identity, IDENT_EXT4_HASH_SEED, opt.hash_seed,
			e) < 0)
		return -1;
	r->contents_bytes = contents_total(s->root);
	if (ext4_write(b->fd, &opt, s->root, &r->ext4, &needed, e) < 0)
		return needed == 0 ? err_prefix(e, "%s", s->name) : does_not_fit(b, needed, e);
	cleanup_progress struct progress *p =
		progress_new(b->progress, "write root file system", r->contents_bytes);
	if (contents_write(b->fd, s->root, s->layers, s->n_layers, p, e) < 0)
		return -1;
	progress_finish(p);
	return 0;
}

static int write_esp(struct build *b, struct err *e)
{
	const struct disk_source *s = b->s;
	const struct keep_esp *k = &b->keep->esp;
	struct fat_options opt = {.size_bytes = b->report->esp.size_bytes,
		.offset_bytes = b->report->esp.start_bytes,
		.label = *k->fat_label ? k->fat_label : ESP_LABEL,
		.epoch_s = s->epoch_s};

	if (*k->fat_serial ? ident_parse_serial(k->fat_serial, &opt.serial, e) < 0
			   : ident_fat_serial(s->identity, &opt.serial, NULL, e) < 0)
		return -1;
	ident_format_serial(opt.serial, b->report->fat_serial);
	if (esp_write(b->fd, &opt, s->esp, s->layers, s->n_layers, e) < 0)
		return err_prefix(e, "%s: EFI system partition", s->name);
	return 0;
}

int disk_build_trees(const struct disk_source *source, int fd, enum progress_mode progress,
	struct disk_report *report, struct err *e)
{
	static const struct disk_keep nothing;
	struct build b = {.s = source,
		.keep = source->keep ? source->keep : &nothing,
		.fd = fd,
		.progress = progress,
		.report = report};

	memset(report, 0, sizeof(*report));
	if (plan_sizes(&b, e) < 0 || plan_partitions(&b, e) < 0 || write_table(&b, e) < 0 ||
		write_root(&b, e) < 0)
		return -1;
	return source->esp ? write_esp(&b, e) : 0;
}
