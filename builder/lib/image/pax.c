#include "image/pax.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define NAME_SIZE 100
#define ID_MAX 07777777u
#define SIZE_MAX_USTAR 077777777777ull

/* Offsets and sizes in a ustar block. */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_CHECKSUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_MAJOR = 329,
	AT_MINOR = 337,
};

int pax_put_record(struct buf *out, const char *key, const void *value, size_t len, struct err *e)
{
	size_t rest = 1 + strlen(key) + 1 + len + 1;
	size_t digits = 1;

	/* The length counts its own digits. */
	for (size_t limit = 10; rest + digits >= limit; limit *= 10)
		digits++;
	if (buf_printf(out, e, "%zu %s=", rest + digits, key) < 0 ||
		buf_append(out, value, len, e) < 0)
		return -1;
	return buf_putc(out, '\n', e);
}

static int put_number(struct buf *out, const char *key, uint64_t value, struct err *e)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	return pax_put_record(out, key, text, (size_t)n, e);
}

static int put_time(struct buf *out, const struct pax_entry *entry, struct err *e)
{
	char text[48];
	int n = snprintf(
		text, sizeof(text), "%lld.%09u", (long long)entry->mtime_s, entry->mtime_ns);

	return pax_put_record(out, "mtime", text, (size_t)n, e);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

/* Whether a path needs a record. Readers take the bytes of ustar's field as they are: what is no
 * UTF-8 is best kept there. */
static bool needs_record(const char *path)
{
	size_t len = strlen(path);

	return len > NAME_SIZE || (!is_ascii(path) && utf8_valid(path, len));
}

static int put_path(struct buf *out, const char *key, const char *path, struct err *e)
{
	return needs_record(path) ? pax_put_record(out, key, path, strlen(path), e) : 0;
}

static bool is_binary(const char *path)
{
	return needs_record(path) && !utf8_valid(path, strlen(path));
}

/* What the fields of the ustar header do not hold. */
static int put_records(struct buf *out, const struct pax_entry *entry, struct err *e)
{
	static const char binary[] = "BINARY";

	if ((is_binary(entry->path) || is_binary(entry->target)) &&
		pax_put_record(out, "hdrcharset", binary, strlen(binary), e) < 0)
		return -1;
	if (put_path(out, "path", entry->path, e) < 0 ||
		put_path(out, "linkpath", entry->target, e) < 0)
		return -1;
	if (entry->uid > ID_MAX && put_number(out, "uid", entry->uid, e) < 0)
		return -1;
	if (entry->gid > ID_MAX && put_number(out, "gid", entry->gid, e) < 0)
		return -1;
	if (entry->stored_bytes > SIZE_MAX_USTAR &&
		put_number(out, "size", entry->stored_bytes, e) < 0)
		return -1;
	if ((entry->mtime_ns > 0 || (uint64_t)entry->mtime_s > SIZE_MAX_USTAR) &&
		put_time(out, entry, e) < 0)
		return -1;
	return entry->records ? buf_append(out, buf_str(entry->records), entry->records->len, e)
			      : 0;
}

/* Octal digits and a 0 in size bytes; 0 for what does not fit, which a record has. */
static void put_octal(char *block, size_t at, size_t size, uint64_t value)
{
	if (value >> (3 * (size - 1)))
		value = 0;
	block[at + size - 1] = 0;
	for (size_t i = size - 1; i > 0; i--, value >>= 3)
		block[at + i - 1] = (char)('0' + (value & 7));
}

static void put_text(char *block, size_t at, const char *text)
{
	memcpy(block + at, text, strnlen(text, NAME_SIZE));
}

static int put_header(struct buf *out, const struct pax_entry *entry, struct err *e)
{
	char block[PAX_BLOCK] = {0};
	unsigned sum = 0;

	put_text(block, AT_NAME, entry->path);
	put_octal(block, AT_MODE, 8, entry->mode & 07777);
	put_octal(block, AT_UID, 8, entry->uid);
	put_octal(block, AT_GID, 8, entry->gid);
	put_octal(block, AT_SIZE, 12, entry->stored_bytes);
	put_octal(block, AT_MTIME, 12, (uint64_t)entry->mtime_s);
	block[AT_TYPE] = entry->type;
	put_text(block, AT_LINK, entry->target);
	memcpy(block + AT_MAGIC, "ustar\00000", 8);
	put_octal(block, AT_MAJOR, 8, entry->device[0]);
	put_octal(block, AT_MINOR, 8, entry->device[1]);
	memset(block + AT_CHECKSUM, ' ', 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += (unsigned char)block[i];
	put_octal(block, AT_CHECKSUM, 7, sum);
	return buf_append(out, block, sizeof(block), e);
}

int pax_put_padding(struct buf *out, uint64_t len, struct err *e)
{
	static const char zeros[PAX_BLOCK];
	size_t n = (size_t)(-len % PAX_BLOCK);

	return buf_append(out, zeros, n, e);
}

int pax_put_entry(struct buf *out, const struct pax_entry *entry, struct err *e)
{
	cleanup_buf struct buf records = {0};

	if (put_records(&records, entry, e) < 0)
		return -1;
	if (records.len > 0) {
		const struct pax_entry extended = {.type = 'x',
			.path = "././@PaxHeader",
			.target = "",
			.mode = 0644,
			.stored_bytes = records.len};

		if (put_header(out, &extended, e) < 0 ||
			buf_append(out, records.data, records.len, e) < 0 ||
			pax_put_padding(out, records.len, e) < 0)
			return -1;
	}
	return put_header(out, entry, e);
}
