#include "base_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "cache.h"
#include "candidate.h"
#include "digest/sha256.h"

int base_image_gone(const char *variant, const struct source_file *file,
	const struct fetch_options *options, struct err *e)
{
	const struct mirror *m = mirrors_get(options->mirrors, file->archive);
	cleanup_free char *newer = NULL;

	if (m)
		newer = candidate_find(options->mirrors, m, file->path, options->timeout_s);
	if (newer)
		return err_set(e, ERR_NETWORK,
			"the archive '%s' no longer has the base image %s; it has %s: put that "
			"path and its digest into recipes/%s/recipe.yaml, then run `just lock %s`",
			file->archive, file->path, newer, variant, variant);
	return err_set(e, ERR_NETWORK,
		"the archive '%s' no longer has the base image %s; put the path and digest of a "
		"newer one into recipes/%s/recipe.yaml, then run `just lock %s`, or build with "
		"base=FILE",
		file->archive, file->path, variant, variant);
}

static struct lock_base *new_entry(
	const struct recipe_base *b, const char *sha256, uint64_t size_bytes, struct err *e)
{
	struct lock_base *entry = mem_zalloc(sizeof(*entry), e);

	if (!entry)
		return NULL;
	entry->archive = mem_strdup(b->archive, e);
	entry->path = mem_strdup(b->path, e);
	entry->digest = recipe_base_digest(b, e);
	entry->sha256 = mem_strdup(sha256, e);
	entry->size_bytes = size_bytes;
	if (entry->archive && entry->path && entry->digest && entry->sha256)
		return entry;
	lock_base_free(entry);
	return NULL;
}

/* Does the earlier lock's entry say the same of the same file? */
static bool is_same(const struct lock_base *before, const struct recipe_base *b)
{
	cleanup_free char *digest = recipe_base_digest(b, NULL);

	return before && digest && strcmp(before->digest, digest) == 0 &&
	       strcmp(before->archive, b->archive) == 0 && strcmp(before->path, b->path) == 0;
}

static int bring(struct source_file *file, const char *variant, const struct fetch_options *options,
	struct err *e)
{
	const struct source_file *room[1];
	struct fetch_stale stale = {.items = room};

	if (fetch_files(file, 1, options, &stale, e) < 0)
		return -1;
	if (stale.n > 0)
		return base_image_gone(variant, file, options, e);
	progress_finish(options->progress);
	return 0;
}

/* Give a file that is in the cache by its SHA-512 its name there by its SHA-256, too. */
static int name_by_sha256(const char *path, const char *cache, const char *hex, struct err *e)
{
	cleanup_free char *to = cache_path(cache, hex, e);
	cleanup_free char *folder = to ? io_dirname(to, e) : NULL;

	if (!folder || io_mkdirs(folder, e) < 0)
		return -1;
	if (link(path, to) == 0 || errno == EEXIST)
		return 0;
	/* A file system without hard links: a later lock brings the file again. */
	if (rename(path, to) < 0)
		return err_set_errno(e, ERR_IO, "%s: rename to %s", path, to);
	return 0;
}

struct lock_package base_image_package(const struct lock_base *b)
{
	static char name[] = "the base image";

	return (struct lock_package){
		.name = name, .version = b->path, .sha256 = b->sha256, .size_bytes = b->size_bytes};
}

int base_image_keep(struct lock_base **out, const struct recipe_base *b, const struct lock *before,
	struct err *e)
{
	*out = NULL;
	if (!before || !is_same(before->base, b))
		return 0;
	*out = new_entry(b, before->base->sha256, before->base->size_bytes, e);
	return *out ? 0 : -1;
}

int base_image_lock(struct lock_base **out, const struct recipe_base *b, const char *variant,
	const struct lock *before, const struct fetch_options *options, struct err *e)
{
	struct source_file file = {.archive = b->archive,
		.path = b->path,
		.digest = b->digest,
		.kind = b->kind,
		.wanted_by = "the recipe"};
	char hex[SHA256_HEX_SIZE];
	uint64_t size_bytes;

	if (base_image_keep(out, b, before, e) < 0)
		return -1;
	if (*out)
		return 0;
	cleanup_free char *path = cache_digest_path(options->cache, b->kind, b->digest, e);
	if (!path || bring(&file, variant, options, e) < 0 ||
		sha256_file_hex(path, hex, &size_bytes, e) < 0)
		return -1;
	if (b->kind != HASH_SHA256 && name_by_sha256(path, options->cache, hex, e) < 0)
		return -1;
	*out = new_entry(b, hex, size_bytes, e);
	return *out ? 0 : -1;
}
