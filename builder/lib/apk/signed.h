/* Signed files: indices and packages of apk's version 2 format (apk-v2(5)).
 *
 * Both are gzip members one after the other. The first is a tar with the signature, in a file
 * .SIGN.RSA.<key> (over SHA-1) or .SIGN.RSA256.<key> (over SHA-256). In an index it is over all
 * bytes that follow. In a package it is over the second member, the control part, whose .PKGINFO
 * has the SHA-256 of the rest, the data part. */
#ifndef KILN_APK_SIGNED_H
#define KILN_APK_SIGNED_H

#include <stddef.h>

#include "apk/index.h"
#include "apk/keys.h"
#include "base/buf.h"
#include "base/err.h"

/* Check an APKINDEX.tar.gz and append the APKINDEX in it to *text. keys may be NULL: the signature
 * is not checked then, and the text proves nothing. name stands for it in messages. ERR_INTEGRITY:
 * cut off, damaged, signed by none of the keys, or the signature does not fit; ERR_FORMAT for all
 * else. */
int apk_signed_index(struct buf *text, const void *data, size_t len, const struct apk_keys *keys,
	const char *name, struct err *e);

/* Check that data is the package that an index lists: size, checksum, name, version, architecture,
 * digest of the data part, and the signature. ERR_INTEGRITY. */
int apk_signed_package(const void *data, size_t len, const struct apk_package *want,
	const struct apk_keys *keys, const char *name, struct err *e);

#endif
