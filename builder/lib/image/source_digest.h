/* The digest of the disk that a source holds. */
#ifndef KILN_IMAGE_SOURCE_DIGEST_H
#define KILN_IMAGE_SOURCE_DIGEST_H

#include "base/err.h"
#include "base/progress.h"
#include "digest/sha256.h"
#include "image/source.h"

struct source_digest_options {
	struct source *source;     /* of which no window has been taken */
	unsigned threads;          /* that decompress; 0 and 1: none */
	struct progress *progress; /* counts bytes of the disk; may be NULL */
};

/* The SHA-256 of all bytes of the disk, zeros included. Errors: those of source_next() and
 * source_read(). */
int source_sha256(
	const struct source_digest_options *opt, char hex[SHA256_HEX_SIZE], struct err *e);

#endif
