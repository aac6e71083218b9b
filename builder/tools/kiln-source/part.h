/* A file on its way into the cache: what came of it so far, hashed while it is written. */
#ifndef KILN_SOURCE_PART_H
#define KILN_SOURCE_PART_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "source_file.h"

struct part;

enum part_state {
	PART_READY, /* ours to fill */
	PART_THERE, /* the whole file is in the cache: nothing to do */
	PART_BUSY,  /* another process fills it */
};

/* Open the part of a file in the cache at base, with what an earlier process left of it. *out is
 * NULL unless PART_READY. file must outlive it; its size may become known. Errors: ERR_IO. */
int part_open(struct part **out, enum part_state *state, const char *base, struct source_file *file,
	struct err *e);

/* Close; what came so far stays for the next run. NULL is fine. */
void part_free(struct part *p);

static inline void part_cleanup(struct part **p)
{
	part_free(*p);
}
#define cleanup_part __attribute__((cleanup(part_cleanup)))

struct source_file *part_file(const struct part *p);

/* Bytes that are there. */
uint64_t part_offset(const struct part *p);

/* Forget what is there. */
int part_restart(struct part *p, struct err *e);

/* Append bytes; more than the file's size, if that is known, is ERR_INTEGRITY. */
int part_write(struct part *p, const void *data, size_t len, struct err *e);

/* The file is whole: check its digest, flush it and give it its name.
 * Returns 0 when it is in the cache; 1 when the digest is wrong but part of the file came from an
 * earlier process: it was forgotten, fill it anew; -1 with ERR_INTEGRITY when what this process
 * wrote is wrong, and nothing of it stays. */
int part_finish(struct part *p, const char *from, struct err *e);

#endif
