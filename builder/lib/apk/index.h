/* APKINDEX: what an Alpine repository holds (apk-index(5)). Paragraphs of lines "X:value". */
#ifndef KILN_APK_INDEX_H
#define KILN_APK_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#define APK_CHECKSUM_SIZE 20 /* SHA-1 */

/* Strings are the index's. */
struct apk_package {
	const char *name;
	const char *version;
	const char *arch;
	const char *origin;     /* the source package; the name when none is given */
	const char *depends;    /* atoms; "" for none */
	const char *provides;   /* atoms, each with '=' or without a version */
	const char *install_if; /* atoms */
	unsigned char checksum[APK_CHECKSUM_SIZE]; /* SHA-1 of the .apk's control part */
	uint64_t size_bytes;                       /* of the .apk */
	int64_t built_s;                           /* when, seconds since 1970 */
	unsigned provider_priority;
	size_t repository; /* of those the index was read from, counted from 0 */
};

struct apk_index {
	struct apk_package *packages; /* in the order of their repositories and paragraphs */
	size_t n;
	size_t cap;
	struct strv texts; /* what the strings point into */
};

/* Add the packages of a repository's APKINDEX. name stands for it in messages. Lines that mean
 * nothing to us are passed over. ERR_FORMAT with the line's number. */
int apk_index_add(struct apk_index *index, const char *data, size_t len, size_t repository,
	const char *name, struct err *e);
void apk_index_release(struct apk_index *index);
#define cleanup_apk_index __attribute__((cleanup(apk_index_release)))

#endif
