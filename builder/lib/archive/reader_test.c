#include "archive/reader.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "unit.h"

#define BLOCK 512

/* POSIX ustar: one regular file. */
static void put_file(struct buf *tar, const char *path, const char *text)
{
	char header[BLOCK] = {0};
	static const char zeros[BLOCK];
	size_t len = strlen(text);
	unsigned sum = 0;

	strcpy(header, path);
	strcpy(header + 100, "0000640");
	strcpy(header + 108, "0000012");
	strcpy(header + 116, "0000013");
	snprintf(header + 124, 12, "%011o", (unsigned)len);
	strcpy(header + 136, "00000000144");
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	buf_append(tar, header, BLOCK, NULL);
	buf_append(tar, text, len, NULL);
	buf_append(tar, zeros, (BLOCK - len % BLOCK) % BLOCK, NULL);
}

static void put_end(struct buf *tar)
{
	static const char zeros[2 * BLOCK];

	buf_append(tar, zeros, sizeof(zeros), NULL);
}

/* ar(5): one member around the bytes of another archive, of even length. */
static void put_ar(struct buf *ar, const char *name, const struct buf *contents)
{
	char header[61];

	snprintf(header, sizeof(header), "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0644,
		contents->len);
	buf_append(ar, "!<arch>\n", 8, NULL);
	buf_append(ar, header, 60, NULL);
	buf_append(ar, contents->data, contents->len, NULL);
}

static int open_bytes(const struct buf *bytes, size_t len)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	CHECK(fd >= 0 && io_write_full(fd, bytes->data, len, NULL) == 0);
	return fd;
}

static void test_entries(const struct buf *tar)
{
	cleanup_close int fd = open_bytes(tar, tar->len);
	cleanup_reader struct reader *r = NULL;
	struct err e = {0};
	const void *data;
	uint64_t offset;
	size_t len;

	unit_about("entries");
	CHECK(reader_open_fd(&r, fd, READER_TAR, 4096, &e) == 0);
	CHECK(reader_next(r, &e) == 1 && !reader_warning(r));
	CHECK_STR(reader_path(r), "one");
	CHECK(reader_mode(r) == (S_IFREG | 0640));
	CHECK(reader_uid(r) == 10 && reader_gid(r) == 11);
	CHECK(reader_mtime(r) == 100 && reader_mtime_ns(r) == 0);
	CHECK(reader_size_bytes(r) == 5);
	CHECK(!reader_hardlink(r) && !reader_symlink(r));
	CHECK(reader_span_start(r) == 0 && reader_xattr_start(r) == 0);
	CHECK(reader_acl_start(r, READER_ACL_ACCESS) == 0 && !reader_has_nfs4_acl(r));
	CHECK(reader_next(r, &e) == 1);
	CHECK_STR(reader_path(r), "two");
	CHECK(reader_header_bytes(r) == 2 * BLOCK);
	CHECK(reader_block(r, &data, &len, &offset, &e) == 1);
	CHECK(len == 3 && offset == 0 && memcmp(data, "abc", 3) == 0);
	CHECK(reader_block(r, &data, &len, &offset, &e) == 0);
	CHECK(reader_next(r, &e) == 0);
	CHECK(reader_header_bytes(r) == 4 * BLOCK && reader_bytes(r) > 4 * BLOCK);
}

static void test_nested(const struct buf *tar)
{
	cleanup_buf struct buf ar = {0};
	put_ar(&ar, "inner.tar", tar);
	cleanup_close int fd = open_bytes(&ar, ar.len);
	cleanup_reader struct reader *outer = NULL;
	cleanup_reader struct reader *inner = NULL;
	struct err e = {0};
	char text[16];
	size_t got;

	unit_about("tar in ar");
	CHECK(lseek(fd, 0, SEEK_CUR) == (off_t)ar.len);
	CHECK(reader_open_fd(&outer, fd, READER_AR, 4096, &e) == 0);
	CHECK(reader_next(outer, &e) == 1);
	CHECK_STR(reader_path(outer), "inner.tar");
	CHECK(reader_open_entry(&inner, outer, READER_TAR, 100, &e) == 0);
	CHECK(reader_next(inner, &e) == 1);
	CHECK_STR(reader_path(inner), "one");
	CHECK(reader_read(inner, text, sizeof(text), &got, &e) == 0);
	CHECK(got == 5 && memcmp(text, "first", 5) == 0);
	CHECK(reader_read(inner, text, sizeof(text), &got, &e) == 0 && got == 0);
	CHECK(reader_next(inner, &e) == 1 && reader_next(inner, &e) == 0);
}

/* The first error when the first len bytes are read to their end. */
static enum err_kind first_error(const struct buf *bytes, size_t len, unsigned accept)
{
	cleanup_close int fd = open_bytes(bytes, len);
	cleanup_reader struct reader *r = NULL;
	struct err e = {0};
	int rc;

	CHECK(reader_open_fd(&r, fd, accept, 4096, &e) == 0);
	do
		rc = reader_next(r, &e);
	while (rc > 0);
	CHECK((rc < 0) == (e.kind != ERR_NONE) && (rc == 0 || e.msg[0]));
	return e.kind;
}

static void test_errors(const struct buf *tar)
{
	cleanup_buf struct buf ar = {0};
	put_ar(&ar, "inner.tar", tar);
	cleanup_reader struct reader *r = NULL;
	struct err e = {0};
	int ends[2];

	unit_about("errors");
	CHECK(first_error(tar, tar->len, READER_TAR) == ERR_NONE);
	CHECK(first_error(tar, tar->len, READER_AR) == ERR_FORMAT);
	CHECK(first_error(&ar, ar.len, READER_AR) == ERR_NONE);
	CHECK(first_error(&ar, ar.len, READER_TAR) == ERR_FORMAT);
	CHECK(first_error(tar, BLOCK + 2, READER_TAR) == ERR_INTEGRITY);
	CHECK(pipe(ends) == 0);
	CHECK(reader_open_fd(&r, ends[0], READER_TAR, 4096, &e) < 0 && !r);
	CHECK(e.kind == ERR_UNSUPPORTED);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	cleanup_buf struct buf tar = {0};

	put_file(&tar, "one", "first");
	put_file(&tar, "two", "abc");
	put_end(&tar);
	test_entries(&tar);
	test_nested(&tar);
	test_errors(&tar);
	return unit_done();
}
