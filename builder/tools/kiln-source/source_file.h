/* A file of an archive that is to be in the cache: a locked package or a base image. */
#ifndef KILN_SOURCE_SOURCE_FILE_H
#define KILN_SOURCE_SOURCE_FILE_H

#include <stdint.h>

#include "digest/hash.h"
#include "recipe/lock.h"

/* Texts are borrowed. */
struct source_file {
	const char *archive;
	const char *path; /* below the archive's root */
	const char *digest;
	enum hash_kind kind;
	uint64_t size_bytes;                /* 0: not known yet */
	const char *wanted_by;              /* "the lock", "the recipe": who names the digest */
	const struct lock_package *package; /* NULL: a base image */
};

/* More than any file of an archive has. */
#define SOURCE_FILE_MAX ((uint64_t)1 << 40)

#endif
