#include "apk/signature.h"

#include <string.h>

#include "archive/reader.h"
#include "codec/gunzip.h"
#include "digest/rsa_verify.h"

#define MAX_TAR ((size_t)256 << 10)

/* Take the entry's signature if we have its key. Returns 1 when taken. */
static int take_signature(struct signature *out, struct reader *r, const struct apk_keys *keys,
	struct buf *unknown, struct err *e)
{
	static const char sha1[] = ".SIGN.RSA.";
	static const char sha256[] = ".SIGN.RSA256.";
	const char *path = reader_path(r);
	const char *key = "";

	if (!path || strncmp(path, ".SIGN.", 6) != 0)
		return err_set(e, ERR_INTEGRITY, "is not signed");
	if (strncmp(path, sha1, strlen(sha1)) == 0) {
		out->hash = HASH_SHA1;
		key = path + strlen(sha1);
	} else if (strncmp(path, sha256, strlen(sha256)) == 0) {
		out->hash = HASH_SHA256;
		key = path + strlen(sha256);
	}
	out->key = apk_keys_find(keys, key);
	if (out->key)
		return reader_read(r, out->bytes, sizeof(out->bytes), &out->len, e) < 0 ? -1 : 1;
	if (unknown->len > 0 && buf_puts(unknown, ", ", e) < 0)
		return -1;
	return buf_put_escaped(unknown, path, strlen(path), e);
}

static int find_signature(
	struct signature *out, const struct buf *tar, const struct apk_keys *keys, struct err *e)
{
	cleanup_reader struct reader *r = NULL;
	cleanup_buf struct buf unknown = {0};
	int found;

	if (reader_open_buffer(&r, tar->data, tar->len, READER_TAR, e) < 0)
		return -1;
	while ((found = reader_next(r, e)) > 0) {
		int taken = take_signature(out, r, keys, &unknown, e);

		if (taken != 0)
			return taken < 0 ? -1 : 0;
	}
	if (found < 0)
		return -1;
	if (unknown.len == 0)
		return err_set(e, ERR_INTEGRITY, "is not signed");
	return err_set(e, ERR_INTEGRITY,
		"is signed by none of the recipe's keys, but as %s; if you trust that key, put its "
		"public part into the archive's folder of keys",
		buf_str(&unknown));
}

int signature_read(struct signature *out, const void *data, size_t len, const struct apk_keys *keys,
	size_t *rest, struct err *e)
{
	cleanup_buf struct buf tar = {0};

	if (gunzip_member(data, len, MAX_TAR, &tar, rest, e) < 0)
		return -1;
	return keys ? find_signature(out, &tar, keys, e) : 0;
}

int signature_check(const struct signature *s, const void *data, size_t len, struct err *e)
{
	const struct buf *pem = &s->key->pem;

	if (rsa_verify(pem->data, pem->len, s->hash, data, len, s->bytes, s->len, e) < 0)
		return err_prefix(e, "key %s", s->key->name);
	return 0;
}
