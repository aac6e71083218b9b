#include "image/raw.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/qcow2_write.h"
#include "unit.h"

#define SIZE (3u * 1024 * 1024)

static char folder[] = "/tmp/raw-test-XXXXXX";
static char path[64];
static unsigned char want[SIZE + 512], got[SIZE + 512];

/* A disk of `size` bytes: data at the start, in the middle and at its end, holes between. */
static int make_disk(int fd, size_t size)
{
	static const size_t places[] = {0, 1500000, SIZE - 512};

	memset(want, 0, sizeof(want));
	CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)size) == 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		memset(want + places[i], 'a' + (int)i, 512);
		if (io_pwrite_full(fd, want + places[i], 512, places[i], NULL) < 0)
			return -1;
	}
	return 0;
}

static int temp_fd(void)
{
	return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static bool holds_disk(int fd, uint64_t size_bytes)
{
	uint64_t now;

	return io_size(fd, &now, NULL) == 0 && now == size_bytes &&
	       io_pread_full(fd, got, size_bytes, 0, NULL) == 0 &&
	       memcmp(got, want, size_bytes) == 0;
}

static bool has_holes(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_blocks * 512 < 1024 * 1024;
}

static void test_format(void)
{
	enum raw_format format;
	struct err e = {0};

	unit_about("format");
	CHECK(raw_format_parse("raw", &format, NULL) == 0 && format == RAW_FORMAT_RAW);
	CHECK(raw_format_parse("qcow2", &format, NULL) == 0 && format == RAW_FORMAT_QCOW2);
	CHECK(raw_format_parse("vmdk", &format, &e) == -1 && e.kind == ERR_USAGE);
}

static void test_raw(void)
{
	const struct raw_options opt = {.path = path, .format = RAW_FORMAT_RAW};
	uint64_t size_bytes;
	int fd;

	unit_about("raw");
	for (size_t size = SIZE; size <= SIZE + 512; size += 512) {
		cleanup_close int disk = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		cleanup_close int copy = temp_fd();

		CHECK(make_disk(disk, size) == 0);
		CHECK(raw_open(&opt, &fd, &size_bytes, NULL) == 0 && size_bytes == size);
		CHECK(holds_disk(fd, size));
		CHECK(io_pwrite_full(fd, "x", 1, 0, NULL) == -1);
		close(fd);
		CHECK(raw_copy(&opt, copy, &size_bytes, NULL) == 0 && size_bytes == size);
		CHECK(holds_disk(copy, size) && has_holes(copy));
	}
}

/* From a file system that the kernel cannot copy from to this one. */
static void test_raw_across(void)
{
	cleanup_close int disk = memfd_create("disk", MFD_CLOEXEC);
	cleanup_close int copy = temp_fd();
	char name[64];
	const struct raw_options opt = {.path = name, .format = RAW_FORMAT_RAW};
	uint64_t size_bytes;

	unit_about("raw, from another file system");
	CHECK(make_disk(disk, SIZE) == 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", disk);
	CHECK(raw_copy(&opt, copy, &size_bytes, NULL) == 0 && size_bytes == SIZE);
	CHECK(holds_disk(copy, SIZE) && has_holes(copy));
}

static void test_qcow2(void)
{
	cleanup_close int disk = temp_fd();
	cleanup_close int image = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct source_options source_opt = {
		.fd = disk, .path = "disk", .format = RAW_FORMAT_RAW};
	cleanup_source struct source *source = NULL;
	struct qcow2_write_options write_opt = {.source_path = "disk",
		.out_fd = image,
		.out_path = path,
		.level = 1,
		.window_bits = 15,
		.cluster_bits = QCOW2_WRITE_CLUSTER_BITS};
	struct raw_options opt = {
		.path = path, .format = RAW_FORMAT_QCOW2, .tmp_dir = folder, .threads = 2};
	struct qcow2_write_result result;
	uint64_t size_bytes;
	struct err e = {0};
	int fd;

	unit_about("qcow2");
	CHECK(make_disk(disk, SIZE) == 0 && source_open(&source, &source_opt, NULL) == 0);
	write_opt.source = source;
	CHECK(qcow2_write(&write_opt, &result, NULL) == 0);
	CHECK(raw_open(&opt, &fd, &size_bytes, NULL) == 0 && size_bytes == SIZE);
	CHECK(holds_disk(fd, SIZE) && has_holes(fd));
	close(fd);
	opt.tmp_dir = "/nowhere/at/all";
	CHECK(raw_open(&opt, &fd, &size_bytes, &e) == -1 && e.kind == ERR_IO);
	CHECK(strstr(e.msg, "/nowhere/at/all") != NULL);
	opt.tmp_dir = NULL;
	setenv("TMPDIR", folder, 1);
	CHECK(raw_open(&opt, &fd, &size_bytes, NULL) == 0);
	close(fd);
}

static void test_bad(void)
{
	struct raw_options opt = {.path = path, .format = RAW_FORMAT_QCOW2};
	uint64_t size_bytes;
	struct err e = {0};
	int fd;

	unit_about("bad");
	cleanup_close int disk = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(raw_open(&opt, &fd, &size_bytes, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(strstr(e.msg, "empty") != NULL);
	CHECK(make_disk(disk, SIZE) == 0);
	CHECK(raw_open(&opt, &fd, &size_bytes, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(strstr(e.msg, path) && strstr(e.msg, "say --format raw"));
	unlink(path);
	CHECK(raw_open(&opt, &fd, &size_bytes, &e) == -1 && e.kind == ERR_IO);
	CHECK(raw_copy(&opt, -1, &size_bytes, &e) == -1 && e.kind == ERR_IO);
	opt.path = folder;
	CHECK(raw_open(&opt, &fd, &size_bytes, &e) == -1 && e.kind == ERR_UNSUPPORTED);
}

int main(void)
{
	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/disk", folder);
	test_format();
	test_raw();
	test_raw_across();
	test_qcow2();
	test_bad();
	CHECK(rmdir(folder) == 0);
	return unit_done();
}
