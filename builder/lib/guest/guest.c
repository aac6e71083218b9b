#include "guest/guest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "guest/fstab.h"
#include "guest/graft.h"
#include "image/ext4_read.h"
#include "image/fat_read.h"
#include "image/gpt.h"

#define FSTAB_MAX ((size_t)1024 * 1024)
#define EPOCH_MAX ((int64_t)UINT32_MAX) /* what ext4 and FAT hold */

/* What is read while the root is looked for. */
struct search {
	struct guest *g;
	int64_t epoch_s;
	struct tree *trees[PARTS_MAX]; /* of the ext4 file systems, by index in g->parts */
	int64_t newest_s[PARTS_MAX];
};

static void search_release(struct search *s)
{
	for (size_t i = 0; i < PARTS_MAX; i++)
		tree_free(s->trees[i]);
}
#define cleanup_search __attribute__((cleanup(search_release)))

void guest_free(struct guest *g)
{
	if (!g)
		return;
	tree_free(g->root);
	tree_free(g->esp);
	for (size_t i = 0; i < g->n_mounts; i++)
		free(g->mounts[i].dir);
	if (g->own_fd)
		mem_close_fd(&g->fd);
	free(g);
}

static int read_ext4(struct search *s, size_t i, struct err *e)
{
	const struct part *p = &s->g->parts.items[i];
	const struct ext4_read_options opt = {.fd = s->g->fd,
		.offset_bytes = p->start_bytes,
		.size_bytes = p->size_bytes,
		.epoch_s = s->epoch_s};

	if (ext4_read(&opt, &s->trees[i], &s->newest_s[i], e) < 0)
		return err_prefix(e, "partition %u", p->number);
	return 0;
}

static int is_there(struct tree *t, const char *path, bool *there, struct err *e)
{
	struct tree_node *n;

	if (*there)
		return 0;
	if (guest_lookup_nofollow(t, path, &n, e) < 0)
		return -1;
	*there = n != NULL;
	return 0;
}

/* An operating system says so in os-release, or has /etc beside /bin or /usr. */
static int has_system(struct tree *t, bool *has, struct err *e)
{
	bool etc = false, programs = false;

	*has = false;
	if (is_there(t, "/etc/os-release", has, e) < 0 ||
		is_there(t, "/usr/lib/os-release", has, e) < 0 ||
		is_there(t, "/etc", &etc, e) < 0 || is_there(t, "/bin", &programs, e) < 0 ||
		is_there(t, "/usr", &programs, e) < 0)
		return -1;
	*has = *has || (etc && programs);
	return 0;
}

static bool is_esp_type(const struct part *p)
{
	return strcasecmp(p->type, gpt_type_esp) == 0 || strcmp(p->type, "mbr-ef") == 0;
}

/* May hold a root file system, of a kind that is not read here. */
static bool is_unreadable(const struct part *p)
{
	switch (p->content) {
	case PARTS_XFS:
	case PARTS_BTRFS:
	case PARTS_SQUASHFS:
	case PARTS_LUKS:
	case PARTS_LVM:
		return true;
	case PARTS_UNKNOWN:
		return p->number > 0 && !is_esp_type(p) && strcmp(p->type, gpt_type_bios_boot) != 0;
	default:
		return false;
	}
}

static int no_system(const struct parts *parts, struct err *e)
{
	cleanup_buf struct buf found = {0};

	for (size_t i = 0; i < parts->n; i++) {
		const struct part *p = &parts->items[i];

		if (is_unreadable(p) &&
			buf_printf(&found, e, "%spartition %u (%s)", found.len ? ", " : "",
				p->number, parts_content_name(p->content)) < 0)
			return -1;
	}
	if (found.len > 0)
		return err_set(e, ERR_UNSUPPORTED,
			"no operating system in what can be read here, which is ext4; there may be "
			"one in %s",
			buf_str(&found));
	if (parts->table == PARTS_NONE)
		return err_set(e, ERR_FORMAT,
			"no partition table, and no operating system on the disk as a whole: is "
			"this a disk image, and is its format the one given with --format?");
	return err_set(e, ERR_FORMAT,
		"no operating system: no partition has /etc/os-release, or /etc beside /usr");
}

static int find_root(struct search *s, struct err *e)
{
	struct guest *g = s->g;

	for (size_t i = 0; i < g->parts.n; i++) {
		const struct part *p = &g->parts.items[i];
		bool has;

		if (p->content != PARTS_EXT4)
			continue;
		if (read_ext4(s, i, e) < 0 || has_system(s->trees[i], &has, e) < 0)
			return -1;
		if (has && g->root_part)
			return err_set(e, ERR_FORMAT,
				"two operating systems, in partitions %u and %u; which one is "
				"meant cannot be told",
				g->root_part->number, p->number);
		if (!has)
			continue;
		g->root_part = p;
		g->newest_s = s->newest_s[i];
	}
	if (!g->root_part)
		return no_system(&g->parts, e);
	g->root = steal_ptr(&s->trees[g->root_part - g->parts.items]);
	return 0;
}

static int load_fstab(struct guest *g, struct fstab *f, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (guest_read_file(g->root, "/etc/fstab", FSTAB_MAX, &text, NULL, e) < 0)
		return -1;
	return fstab_parse(f, buf_str(&text), text.len, "/etc/fstab", e);
}

/* Shorter first, so that /boot comes before /boot/efi. */
static int compare_dirs(const void *a, const void *b)
{
	const struct fstab_entry *x = a, *y = b;
	size_t n = strlen(x->dir), m = strlen(y->dir);

	return n != m ? (n < m ? -1 : 1) : strcmp(x->dir, y->dir);
}

static bool is_esp_dir(const char *dir)
{
	return strcmp(dir, "/boot/efi") == 0 || strcmp(dir, "/efi") == 0 ||
	       strcmp(dir, "/boot") == 0;
}

static bool is_mounted(const struct guest *g, unsigned number)
{
	for (size_t i = 0; i < g->n_mounts; i++) {
		if (g->mounts[i].number == number)
			return true;
	}
	return false;
}

/* One partition that fstab names. */
static int mount_part(struct search *s, size_t i, const struct fstab_entry *entry, struct err *e)
{
	struct guest *g = s->g;
	const struct part *p = &g->parts.items[i];

	if (p->content == PARTS_FAT && !g->esp_part && is_esp_dir(entry->dir))
		g->esp_part = p;
	if ((p->content != PARTS_FAT && !s->trees[i]) || entry->dir[0] != '/' || !entry->dir[1] ||
		is_mounted(g, p->number))
		return 0;
	g->mounts[g->n_mounts].dir = mem_strdup(entry->dir, e);
	if (!g->mounts[g->n_mounts].dir)
		return -1;
	g->mounts[g->n_mounts++].number = p->number;
	if (!s->trees[i])
		return 0;
	if (graft_tree(g->root, entry->dir, s->trees[i], e) < 0)
		return err_prefix(e, "partition %u, mounted at %s", p->number, entry->dir);
	if (s->newest_s[i] > g->newest_s)
		g->newest_s = s->newest_s[i];
	tree_free(steal_ptr(&s->trees[i]));
	return 0;
}

static int mount_all(struct search *s, struct err *e)
{
	cleanup_fstab struct fstab f = {0};
	struct guest *g = s->g;

	for (size_t i = 0; i < g->parts.n && !g->esp_part; i++) {
		if (g->parts.items[i].content == PARTS_FAT && is_esp_type(&g->parts.items[i]))
			g->esp_part = &g->parts.items[i];
	}
	if (load_fstab(g, &f, e) < 0)
		return -1;
	if (f.n > 1)
		qsort(f.items, f.n, sizeof(f.items[0]), compare_dirs);
	for (size_t n = 0; n < f.n; n++) {
		for (size_t i = 0; i < g->parts.n; i++) {
			if (&g->parts.items[i] != g->root_part &&
				fstab_names(f.items[n].source, &g->parts.items[i]) &&
				mount_part(s, i, &f.items[n], e) < 0)
				return -1;
		}
	}
	return 0;
}

static int read_esp(struct guest *g, int64_t epoch_s, struct err *e)
{
	const struct part *p = g->esp_part;

	if (!p)
		return 0;
	if (fat_read(g->fd, p->start_bytes, p->size_bytes, epoch_s, &g->esp, e) < 0)
		return err_prefix(e, "partition %u", p->number);
	return 0;
}

static int load(struct guest *g, int64_t epoch_s, struct err *e)
{
	cleanup_search struct search s = {
		.g = g, .epoch_s = epoch_s < EPOCH_MAX ? epoch_s : EPOCH_MAX};

	if (parts_read(g->fd, g->size_bytes, &g->parts, e) < 0 || find_root(&s, e) < 0 ||
		mount_all(&s, e) < 0)
		return -1;
	g->epoch_s = s.epoch_s;
	if (epoch_s == INT64_MAX && g->newest_s < s.epoch_s)
		g->epoch_s = g->newest_s;
	return read_esp(g, s.epoch_s, e);
}

int guest_open_fd(struct guest **out, int fd, const char *name, int64_t epoch_s, struct err *e)
{
	cleanup_guest struct guest *g = mem_zalloc(sizeof(*g), e);

	*out = NULL;
	if (!g)
		return -1;
	g->fd = fd;
	if (io_size(fd, &g->size_bytes, e) < 0 || load(g, epoch_s, e) < 0)
		return err_prefix(e, "%s", name);
	*out = steal_ptr(&g);
	return 0;
}

int guest_open(struct guest **out, const struct raw_options *opt, int64_t epoch_s, struct err *e)
{
	cleanup_close int fd = -1;
	uint64_t size_bytes;

	*out = NULL;
	if (raw_open(opt, &fd, &size_bytes, e) < 0 ||
		guest_open_fd(out, fd, opt->path, epoch_s, e) < 0)
		return -1;
	(*out)->fd = steal_fd(&fd);
	(*out)->own_fd = true;
	return 0;
}
