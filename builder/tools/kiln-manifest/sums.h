/* SHA256SUMS: names with their digests, in the format of GNU coreutils' sha256sum (its manual,
 * "md5sum invocation": two spaces; names with a backslash or line break escaped and the line
 * begun with a backslash). */
#ifndef KILN_MANIFEST_SUMS_H
#define KILN_MANIFEST_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "digest/sha256.h"

#define SUMS_NAME "SHA256SUMS"
#define MANIFEST_NAME "manifest.json"

struct sum {
	char *name;
	char sha256[SHA256_HEX_SIZE];
	uint64_t size_bytes; /* not in SHA256SUMS */
};

struct sums {
	struct sum *items;
	size_t n;
};

/* Append an entry; name is copied. */
int sums_add(
	struct sums *s, const char *name, const char *sha256, uint64_t size_bytes, struct err *e);
void sums_release(struct sums *s);
#define cleanup_sums __attribute__((cleanup(sums_release)))

/* Sort by name, bytewise; a name that stands twice is ERR_FORMAT, with context before it. */
int sums_sort(struct sums *s, const char *context, struct err *e);
const struct sum *sums_find(const struct sums *s, const char *name);

/* A plain name in one folder: not empty, no slash, not "." or "..". */
int sums_check_name(const char *name, const char *context, struct err *e);

int sums_format(const struct sums *s, struct buf *out, struct err *e);
/* Parse text; path is for messages. Anything but such lines is ERR_FORMAT with the line, also
 * names that are not plain. The result is sorted. */
int sums_parse(struct sums *s, const char *text, size_t len, const char *path, struct err *e);

/* Open name in the folder, without following a symbolic link, and take its digest and size.
 * What is not a regular file is ERR_INTEGRITY. */
int sums_measure(int dir_fd, const char *dir, const char *name, char hex[SHA256_HEX_SIZE],
	uint64_t *size_bytes, struct err *e);

#endif
