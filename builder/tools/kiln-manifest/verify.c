#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "options.h"
#include "sums.h"
#include "json/json.h"

#define TEXT_MAX (16 << 20)

/* A file that nobody vouches for. */
static int check_nothing_more(const char *dir, const struct sums *sums, struct err *e)
{
	DIR *d = opendir(dir);
	int rc = 0;

	if (!d)
		return err_set_errno(e, ERR_IO, "%s", dir);
	for (struct dirent *ent; rc == 0 && (ent = readdir(d));) {
		const char *name = ent->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			strcmp(name, SUMS_NAME) == 0 || sums_find(sums, name))
			continue;
		rc = err_set(e, ERR_INTEGRITY, "%s/%s: is not in %s", dir, name, SUMS_NAME);
	}
	closedir(d);
	return rc;
}

/* Compute the digest of each file again; sizes are kept for the manifest. */
static int check_digests(const char *dir, struct sums *sums, struct err *e)
{
	cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s", dir);
	for (size_t i = 0; i < sums->n; i++) {
		struct sum *s = &sums->items[i];
		char hex[SHA256_HEX_SIZE];

		if (sums_measure(fd, dir, s->name, hex, &s->size_bytes, e) < 0)
			return -1;
		if (strcmp(hex, s->sha256) != 0)
			return err_set(e, ERR_INTEGRITY,
				"%s/%s: SHA-256 is %s, but %s says %s; build or fetch it again",
				dir, s->name, hex, SUMS_NAME, s->sha256);
	}
	return 0;
}

static int check_entry(
	const struct json *entry, const struct sums *sums, const char *path, struct err *e)
{
	const char *name;
	const char *sha256;
	int64_t size;

	if (json_need_text(entry, "name", path, &name, e) < 0 ||
		json_need_text(entry, "sha256", path, &sha256, e) < 0 ||
		json_need_int(entry, "size", path, 0, INT64_MAX, &size, e) < 0)
		return -1;
	const struct sum *s = sums_find(sums, name);
	if (!s)
		return err_set(e, ERR_INTEGRITY, "%s: '%s' is not in %s", path, name, SUMS_NAME);
	if (strcmp(s->sha256, sha256) != 0 || s->size_bytes != (uint64_t)size)
		return err_set(e, ERR_INTEGRITY, "%s: size or SHA-256 of '%s' differs", path, name);
	return 0;
}

static int check_manifest(const char *dir, const struct sums *sums, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/%s", dir, MANIFEST_NAME);
	cleanup_json struct json *manifest = NULL;

	if (!path || json_load(&manifest, path, TEXT_MAX, e) < 0)
		return -1;
	const struct json *files = json_get(manifest, "files");
	if (!json_is_array(files))
		return err_set(e, ERR_FORMAT, "%s: key 'files' is not a list", path);
	for (size_t i = 0; i < json_count(files); i++) {
		if (check_entry(json_at(files, i), sums, path, e) < 0)
			return -1;
	}
	/* The manifest does not list itself. */
	if (json_count(files) + 1 != sums->n)
		return err_set(
			e, ERR_INTEGRITY, "%s and %s do not list the same files", path, SUMS_NAME);
	return 0;
}

int command_verify(void *opts, char **operands, size_t n, struct err *e)
{
	const char *dir = operands[0];
	cleanup_free char *path = mem_printf(e, "%s/%s", dir, SUMS_NAME);
	cleanup_sums struct sums sums = {0};
	cleanup_buf struct buf text = {0};

	(void)opts;
	(void)n;
	if (!path || io_read_file(path, TEXT_MAX, &text, e) < 0 ||
		sums_parse(&sums, buf_str(&text), text.len, path, e) < 0)
		return -1;
	if (!sums_find(&sums, MANIFEST_NAME))
		return err_set(e, ERR_INTEGRITY, "%s: does not list %s", path, MANIFEST_NAME);
	if (check_digests(dir, &sums, e) < 0 || check_nothing_more(dir, &sums, e) < 0 ||
		check_manifest(dir, &sums, e) < 0)
		return -1;
	printf("%s: %zu files agree with %s\n", dir, sums.n, SUMS_NAME);
	return 0;
}
