#include "guest/fstab.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

enum { ENTRIES_MAX = 1000 };

void fstab_release(struct fstab *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->items[i].source);
		free(f->items[i].dir);
		free(f->items[i].type);
	}
	free(f->items);
	*f = (struct fstab){0};
}

static bool is_octal(const char *s, size_t len)
{
	return len >= 3 && s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' &&
	       s[2] >= '0' && s[2] <= '7';
}

/* The next field of a line, "\040" and the like undone; NULL with no error set: there is none. */
static char *take_field(const char **at, const char *end, struct err *e)
{
	cleanup_buf struct buf field = {0};
	const char *p = *at;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (p < end && *p != ' ' && *p != '\t') {
		char c = *p++;

		if (c == '\\' && is_octal(p, (size_t)(end - p))) {
			c = (char)((p[0] - '0') * 64 + (p[1] - '0') * 8 + (p[2] - '0'));
			p += 3;
		}
		if (c && buf_putc(&field, c, e) < 0)
			return NULL;
	}
	*at = p;
	return field.len > 0 ? buf_steal(&field, e) : NULL;
}

static int add_entry(struct fstab *f, const char *line, const char *end, struct err *e)
{
	struct fstab_entry *items;
	struct fstab_entry *entry;

	if (f->n == ENTRIES_MAX)
		return err_set(e, ERR_FORMAT, "more than %d entries", ENTRIES_MAX);
	items = mem_resize(f->items, f->n + 1, sizeof(*items), e);
	if (!items)
		return -1;
	f->items = items;
	entry = &items[f->n++];
	*entry = (struct fstab_entry){0};
	entry->source = take_field(&line, end, e);
	entry->dir = entry->source ? take_field(&line, end, e) : NULL;
	entry->type = entry->dir ? take_field(&line, end, e) : NULL;
	if (!entry->type)
		return err_set(e, ERR_FORMAT, "an entry needs a device, a directory and a type");
	return 0;
}

int fstab_parse(struct fstab *f, const char *text, size_t len, const char *name, struct err *e)
{
	const char *stop = text + len;
	unsigned line = 1;

	for (const char *p = text; p < stop; line++) {
		const char *end = memchr(p, '\n', (size_t)(stop - p));

		if (!end)
			end = stop;
		while (p < end && isspace((unsigned char)*p))
			p++;
		if (p < end && *p != '#' && add_entry(f, p, end, e) < 0)
			return err_prefix(e, "%s:%u", name, line);
		p = end + 1;
	}
	return 0;
}

/* value may be in quotation marks. */
static bool same_value(const char *value, const char *id, bool fold)
{
	size_t len = strlen(value);

	if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
		value++;
		len -= 2;
	}
	if (!id[0] || strlen(id) != len)
		return false;
	return fold ? strncasecmp(value, id, len) == 0 : strncmp(value, id, len) == 0;
}

/* "sda1", "vda1", "xvda1", "nvme0n1p1", "mmcblk0p1": the number at the end. */
static bool is_device(const char *name, unsigned number)
{
	static const char *const disks[] = {"sd", "vd", "xvd", "hd"};
	size_t len = strlen(name), digits = len;

	while (digits > 0 && isdigit((unsigned char)name[digits - 1]))
		digits--;
	if (digits == len || digits == 0 || strtoul(name + digits, NULL, 10) != number)
		return false;
	if (strncmp(name, "nvme", 4) == 0 || strncmp(name, "mmcblk", 6) == 0)
		return name[digits - 1] == 'p';
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		size_t n = strlen(disks[i]);

		/* The first disk: others are not in this image. */
		if (strncmp(name, disks[i], n) == 0 && digits == n + 1 && name[n] == 'a')
			return true;
	}
	return false;
}

bool fstab_names(const char *source, const struct part *p)
{
	const struct {
		const char *prefix;
		const char *id;
		bool fold;
	} ways[] = {
		{"UUID=", p->fs_uuid, true},
		{"LABEL=", p->fs_label, false},
		{"PARTUUID=", p->uuid, true},
		{"PARTLABEL=", p->name, false},
		{"/dev/disk/by-uuid/", p->fs_uuid, true},
		{"/dev/disk/by-label/", p->fs_label, false},
		{"/dev/disk/by-partuuid/", p->uuid, true},
		{"/dev/disk/by-partlabel/", p->name, false},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		size_t len = strlen(ways[i].prefix);

		if (strncmp(source, ways[i].prefix, len) == 0)
			return same_value(source + len, ways[i].id, ways[i].fold);
	}
	return strncmp(source, "/dev/", 5) == 0 && is_device(source + 5, p->number);
}
