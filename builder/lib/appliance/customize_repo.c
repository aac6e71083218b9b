#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/customize_private.h"
#include "appliance/host_tree.h"
#include "base/io.h"
#include "base/mem.h"
#include "deb/deb822.h"
#include "image/contents.h"
#include "image/ext4.h"

#define INDEX_MAX ((size_t)256 << 20)
#define SPARE_BYTES ((uint64_t)32 << 20) /* for the journal and tables of a file system */

static int make_tree(struct tree **t, const char *dir, struct err *e)
{
	return tree_new(t, 1, e) < 0 ? -1 : host_tree_add(*t, dir, "", e);
}

/* *needed_bytes is not 0 when the tree does not fit. */
static int write_image(
	const char *dir, int fd, uint64_t size_bytes, uint64_t *needed_bytes, struct err *e)
{
	static const unsigned char id[UUID_SIZE] = "limekiln-package";
	struct ext4_options opt = {.size_bytes = size_bytes, .epoch_s = 1, .label = "packages"};
	cleanup_tree struct tree *t = NULL;
	struct ext4_stats stats;

	memcpy(opt.uuid, id, sizeof(id));
	memcpy(opt.hash_seed, id, sizeof(id));
	*needed_bytes = 0;
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size_bytes) < 0)
		return err_set_errno(e, ERR_IO, "disk for the packages");
	if (make_tree(&t, dir, e) < 0 || ext4_write(fd, &opt, t, &stats, needed_bytes, e) < 0)
		return -1;
	return contents_write(fd, t, NULL, 0, NULL, e);
}

int customize_make_packages(const char *dir, int fd, struct err *e)
{
	cleanup_tree struct tree *t = NULL;
	uint64_t size_bytes, needed = 0;

	if (make_tree(&t, dir, e) < 0)
		return -1;
	size_bytes = contents_total(t);
	size_bytes += size_bytes / 8 + SPARE_BYTES;
	size_bytes -= size_bytes % ((uint64_t)1 << 20);
	if (write_image(dir, fd, size_bytes, &needed, e) == 0)
		return 0;
	if (needed == 0)
		return -1;
	return write_image(dir, fd, needed, &needed, e);
}

/* Names of packages, sorted and each once. */
static void sort_unique(struct strv *names)
{
	size_t n = 0;

	strv_sort(names);
	for (size_t i = 0; i < names->n; i++) {
		if (n > 0 && strcmp(names->items[n - 1], names->items[i]) == 0) {
			free(names->items[i]);
			continue;
		}
		names->items[n++] = names->items[i];
	}
	for (size_t i = n; i < names->n; i++)
		names->items[i] = NULL;
	names->n = n;
}

static int list_debs(struct strv *have, const char *dir, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/Packages", dir);
	cleanup_buf struct buf text = {0};
	struct deb822_paragraph p;
	int rc;

	if (!path || io_read_file(path, INDEX_MAX, &text, e) < 0)
		return -1;
	struct deb822_reader r = {.text = buf_str(&text), .len = text.len, .name = path};
	while ((rc = deb822_next(&r, &p, e)) == 1) {
		char *name = deb822_need(&p, "Package", e);

		if (!name || strv_take(have, name, e) < 0)
			return -1;
	}
	return rc;
}

/* "NAME-VERSION-rN.apk" without all but the name; NULL: no such file name. */
static char *apk_name(const char *file, struct err *e)
{
	const char *end = strrchr(file, '.');
	unsigned hyphens = 0;

	if (!end || strcmp(end, ".apk") != 0)
		return NULL;
	while (end > file && hyphens < 2)
		hyphens += *--end == '-';
	return hyphens == 2 && end > file ? mem_strndup(file, (size_t)(end - file), e) : NULL;
}

static int list_apks(struct strv *have, const char *dir, struct err *e)
{
	cleanup_tree struct tree *t = NULL;
	cleanup_free struct tree_node **nodes = NULL;
	size_t n;

	if (make_tree(&t, dir, e) < 0 || tree_sort(t, &nodes, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char *name = S_ISREG(nodes[i]->inode->mode) ? apk_name(nodes[i]->name, e) : NULL;

		if (name && strv_take(have, name, e) < 0)
			return -1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int customize_find_packages(
	const struct strv *names, const char *dir, enum facts_packager packager, struct err *e)
{
	cleanup_strv struct strv have = {0};
	int rc = packager == FACTS_DEB ? list_debs(&have, dir, e) : list_apks(&have, dir, e);

	if (rc < 0)
		return -1;
	sort_unique(&have);
	for (size_t i = 0; i < names->n; i++) {
		if (have.n == 0 || !bsearch(&names->items[i], have.items, have.n,
					   sizeof(*have.items), compare))
			return err_set(e, ERR_INTEGRITY,
				"package %s is not in the lock: %s does not have it; name it in "
				"the recipe, lock again, and make the repository anew",
				names->items[i], dir);
	}
	return 0;
}
