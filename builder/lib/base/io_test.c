#include "base/io.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static void test_ranges(void)
{
	FILE *f = tmpfile();
	int fd = fileno(f);
	struct err e = {0};
	char data[8];
	uint64_t size;
	size_t got;

	unit_about("ranges");
	CHECK(io_pwrite_full(fd, "abcdef", 6, 2, NULL) == 0);
	CHECK(io_size(fd, &size, NULL) == 0 && size == 8);
	CHECK(io_pread_full(fd, data, 8, 0, NULL) == 0 && memcmp(data, "\0\0abcdef", 8) == 0);
	CHECK(io_pread(fd, data, 8, 6, &got, NULL) == 0 && got == 2);
	CHECK(io_pread(fd, data, 8, 100, &got, NULL) == 0 && got == 0);
	CHECK(io_pread_full(fd, data, 8, 1, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK_STR(e.msg, "truncated: ends at byte 8");
	fclose(f);
}

static void test_files(void)
{
	cleanup_buf struct buf b = {0};
	struct err e = {0};
	FILE *f = fopen("five", "w");

	unit_about("whole files");
	fputs("12345", f);
	fclose(f);
	CHECK(io_read_file("five", 5, &b, NULL) == 0 && b.len == 5);
	CHECK(io_read_file("five", 4, &b, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK(io_read_file("none", 4, &b, &e) == -1 && e.kind == ERR_IO);
	CHECK_STR(e.msg, "none: No such file or directory");
	CHECK(io_read_file(".", 4, &b, &e) == -1 && e.kind == ERR_IO);
	unlink("five");
}

static void test_folders(void)
{
	struct err e = {0};
	struct stat st;

	unit_about("folders");
	CHECK(io_mkdirs("a/b//c/", NULL) == 0 && stat("a/b/c", &st) == 0 && S_ISDIR(st.st_mode));
	CHECK(io_mkdirs("a/b/c", NULL) == 0);
	CHECK(io_mkdirs("/", NULL) == 0);
	CHECK(io_mkdirs("", &e) == -1 && e.kind == ERR_IO);
	FILE *f = fopen("a/file", "w");
	fclose(f);
	CHECK(io_mkdirs("a/file", &e) == -1 && e.kind == ERR_IO);
	CHECK(io_mkdirs("a/file/b", &e) == -1 && e.kind == ERR_IO);
	unlink("a/file");
	rmdir("a/b/c");
	rmdir("a/b");
	rmdir("a");
}

static void test_names(void)
{
	static const struct {
		const char *path, *dir, *base;
	} cases[] = {
		{"a/b", "a", "b"},
		{"b", ".", "b"},
		{"/b", "/", "b"},
		{"/a/b/c", "/a/b", "c"},
		{"a/", "a", ""},
		{"", ".", ""},
	};

	unit_about("names");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_free char *dir = io_dirname(cases[i].path, NULL);

		CHECK_STR(dir, cases[i].dir);
		CHECK_STR(io_basename(cases[i].path), cases[i].base);
	}
}

int main(void)
{
	char folder[] = "/tmp/io-test.XXXXXX";

	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	test_ranges();
	test_files();
	test_folders();
	test_names();
	CHECK(chdir("/") == 0 && rmdir(folder) == 0);
	return unit_done();
}
