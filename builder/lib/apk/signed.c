#include "apk/signed.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "apk/signature.h"
#include "archive/reader.h"
#include "codec/gunzip.h"
#include "digest/sha256.h"

#define MAX_CONTROL_TAR ((size_t)32 << 20)
#define MAX_INDEX_TAR ((size_t)512 << 20)
#define MAX_PKGINFO ((size_t)4 << 20)

/* The file of that name in a tar. Text that is not there is ERR_FORMAT. */
static int read_member(
	struct buf *out, const struct buf *tar, const char *path, size_t max, struct err *e)
{
	cleanup_reader struct reader *r = NULL;
	int found;

	if (reader_open_buffer(&r, tar->data, tar->len, READER_TAR, e) < 0)
		return -1;
	while ((found = reader_next(r, e)) > 0) {
		const char *entry = reader_path(r);
		int64_t size = reader_size_bytes(r);
		size_t got;

		if (!entry || strcmp(entry, path) != 0)
			continue;
		if (!S_ISREG(reader_mode(r)) || size < 0 || (uint64_t)size > max)
			return err_set(
				e, ERR_FORMAT, "%s is not a file of at most %zu bytes", path, max);
		if (buf_reserve(out, (size_t)size, e) < 0 ||
			reader_read(r, out->data + out->len, (size_t)size, &got, e) < 0)
			return -1;
		out->len += got;
		out->data[out->len] = 0;
		return 0;
	}
	return found < 0 ? -1 : err_set(e, ERR_FORMAT, "has no %s in it", path);
}

/* The index's tar, from all gzip members that follow the signature. */
static int read_index_tar(
	struct buf *tar, const void *data, size_t len, const struct apk_keys *keys, struct err *e)
{
	struct signature s;
	size_t at, used;

	if (signature_read(&s, data, len, keys, &at, e) < 0)
		return -1;
	if (keys && signature_check(&s, (const char *)data + at, len - at, e) < 0)
		return -1;
	for (; at < len; at += used) {
		if (gunzip_member((const char *)data + at, len - at, MAX_INDEX_TAR - tar->len, tar,
			    &used, e) < 0)
			return -1;
	}
	return 0;
}

int apk_signed_index(struct buf *text, const void *data, size_t len, const struct apk_keys *keys,
	const char *name, struct err *e)
{
	cleanup_buf struct buf tar = {0};

	if (read_index_tar(&tar, data, len, keys, e) < 0 ||
		read_member(text, &tar, "APKINDEX", MAX_INDEX_TAR, e) < 0)
		return err_prefix(e, "%s", name);
	return 0;
}

/* The value of a line "key = value" of a .PKGINFO. */
static int find_value(
	const struct buf *pkginfo, const char *key, const char **value, size_t *len, struct err *e)
{
	size_t key_len = strlen(key);
	const char *line = buf_str(pkginfo);

	for (; *line; line += strcspn(line, "\n"), line += *line != 0) {
		if (strncmp(line, key, key_len) != 0 || strncmp(line + key_len, " = ", 3) != 0)
			continue;
		*value = line + key_len + 3;
		*len = strcspn(*value, "\n");
		return 0;
	}
	return err_set(e, ERR_FORMAT, ".PKGINFO has no %s", key);
}

static int check_value(const struct buf *pkginfo, const char *key, const char *want, struct err *e)
{
	const char *value;
	size_t len;

	if (find_value(pkginfo, key, &value, &len, e) < 0)
		return -1;
	if (len == strlen(want) && memcmp(value, want, len) == 0)
		return 0;
	/* An index may list what is for every architecture under its own. */
	if (strcmp(key, "arch") == 0 && len == 6 && memcmp(value, "noarch", len) == 0)
		return 0;
	return err_set(e, ERR_INTEGRITY, ".PKGINFO has another %s than '%s'", key, want);
}

static int check_pkginfo(const struct buf *tar, const struct apk_package *want,
	const void *contents, size_t len, struct err *e)
{
	cleanup_buf struct buf pkginfo = {0};
	char hex[SHA256_HEX_SIZE];

	if (read_member(&pkginfo, tar, ".PKGINFO", MAX_PKGINFO, e) < 0 ||
		sha256_buffer_hex(contents, len, hex, e) < 0 ||
		check_value(&pkginfo, "pkgname", want->name, e) < 0 ||
		check_value(&pkginfo, "pkgver", want->version, e) < 0 ||
		check_value(&pkginfo, "arch", want->arch, e) < 0)
		return -1;
	return check_value(&pkginfo, "datahash", hex, e);
}

static int check_package(const char *data, size_t len, const struct apk_package *want,
	const struct apk_keys *keys, struct err *e)
{
	unsigned char checksum[HASH_MAX_SIZE];
	cleanup_buf struct buf tar = {0};
	struct signature s;
	size_t control, control_len;

	if (len != want->size_bytes)
		return err_set(e, ERR_INTEGRITY, "is %zu bytes long; the index says %" PRIu64, len,
			want->size_bytes);
	if (signature_read(&s, data, len, keys, &control, e) < 0 ||
		gunzip_member(data + control, len - control, MAX_CONTROL_TAR, &tar, &control_len,
			e) < 0 ||
		signature_check(&s, data + control, control_len, e) < 0 ||
		hash_buffer(HASH_SHA1, data + control, control_len, checksum, e) < 0)
		return -1;
	if (memcmp(checksum, want->checksum, APK_CHECKSUM_SIZE) != 0)
		return err_set(e, ERR_INTEGRITY, "has another checksum than the index says");
	size_t contents = control + control_len;
	return check_pkginfo(&tar, want, data + contents, len - contents, e);
}

int apk_signed_package(const void *data, size_t len, const struct apk_package *want,
	const struct apk_keys *keys, const char *name, struct err *e)
{
	if (check_package(data, len, want, keys, e) < 0)
		return err_prefix(e, "%s", name);
	return 0;
}
