#include "base/outfile.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"

static unsigned entries_here(void)
{
	DIR *d = opendir(".");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static bool file_is(const char *path, const char *text)
{
	cleanup_buf struct buf b = {0};

	return io_read_file(path, 4096, &b, NULL) == 0 && strcmp(buf_str(&b), text) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void test_replace(void)
{
	struct outfile *o = NULL;

	unit_about("replace");
	make_file("out", "old");
	CHECK(outfile_open(&o, "out", 0644, NULL) == 0);
	CHECK(io_write_full(outfile_fd(o), "new", 3, NULL) == 0);
	CHECK(file_is("out", "old"));
	CHECK(outfile_commit(o, NULL) == 0);
	outfile_free(o);
	CHECK(file_is("out", "new") && mode_of("out") == 0644);
	CHECK(entries_here() == 1);
	unlink("out");
}

static void test_mode(void)
{
	static const mode_t masks[] = {0, 0022, 0077, 0777};

	unit_about("mode whatever the umask");
	for (size_t i = 0; i < 4; i++) {
		mode_t old = umask(masks[i]);
		CHECK(outfile_write("out", 0644, "x", 1, NULL) == 0);
		CHECK(mode_of("out") == 0644);
		CHECK(outfile_write("out", 0755, "x", 1, NULL) == 0);
		CHECK(mode_of("out") == 0755);
		umask(old);
	}
	unlink("out");
}

static void test_symlink(void)
{
	struct stat st;

	unit_about("a symbolic link is replaced");
	make_file("precious", "untouched");
	CHECK(symlink("precious", "out") == 0);
	CHECK(outfile_write("out", 0644, "new", 3, NULL) == 0);
	CHECK(file_is("precious", "untouched") && file_is("out", "new"));
	CHECK(lstat("out", &st) == 0 && S_ISREG(st.st_mode));
	unlink("out");
	CHECK(symlink("nowhere/at/all", "out") == 0);
	CHECK(outfile_write("out", 0644, "new", 3, NULL) == 0 && file_is("out", "new"));
	unlink("out");
	unlink("precious");
}

static void test_uncommitted(void)
{
	struct outfile *o = NULL;

	unit_about("uncommitted leaves nothing");
	CHECK(outfile_open(&o, "out", 0644, NULL) == 0);
	CHECK(io_write_full(outfile_fd(o), "half", 4, NULL) == 0);
	outfile_free(o);
	CHECK(entries_here() == 0);
	outfile_free(NULL);

	pid_t pid = fork();
	if (pid == 0) {
		outfile_open(&o, "out", 0644, NULL);
		io_write_full(outfile_fd(o), "half", 4, NULL);
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
	CHECK(access("out", F_OK) < 0);
}

static void test_sweep(void)
{
	unit_about("leftovers");
	make_file(".out.abcdef.kiln-tmp", "dead");
	make_file(".out.ghijkl.kiln-tmp", "alive");
	make_file(".other.abcdef.kiln-tmp", "not ours");
	make_file(".out.abcdefg.kiln-tmp", "not the pattern");
	int fd = open(".out.ghijkl.kiln-tmp", O_RDONLY);
	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
	CHECK(outfile_write("out", 0644, "x", 1, NULL) == 0);
	CHECK(access(".out.abcdef.kiln-tmp", F_OK) < 0);
	CHECK(access(".out.ghijkl.kiln-tmp", F_OK) == 0);
	CHECK(access(".other.abcdef.kiln-tmp", F_OK) == 0);
	CHECK(access(".out.abcdefg.kiln-tmp", F_OK) == 0);
	close(fd);
	CHECK(outfile_write("out", 0644, "x", 1, NULL) == 0);
	CHECK(access(".out.ghijkl.kiln-tmp", F_OK) < 0);
	unlink(".other.abcdef.kiln-tmp");
	unlink(".out.abcdefg.kiln-tmp");
	unlink("out");
}

static void test_unwritable(void)
{
	static const char *const bad[] = {
		"missing/out", "file/out", "folder", "folder/", "folder/.", ""};
	struct outfile *o = NULL;

	unit_about("cannot be written");
	make_file("file", "x");
	mkdir("folder", 0755);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = {0};

		CHECK(outfile_open(&o, bad[i], 0644, &e) == -1 && o == NULL);
		CHECK(e.kind == ERR_IO && strncmp(e.msg, bad[i], strlen(bad[i])) == 0);
	}
	rmdir("folder");
	unlink("file");
	CHECK(entries_here() == 0);
}

static void test_if_changed(void)
{
	static const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
	struct stat st;
	bool changed;

	unit_about("write_if_changed");
	CHECK(outfile_write_if_changed("out", 0644, "same", 4, &changed, NULL) == 0 && changed);
	CHECK(utimensat(AT_FDCWD, "out", long_ago, 0) == 0);
	CHECK(outfile_write_if_changed("out", 0644, "same", 4, &changed, NULL) == 0 && !changed);
	CHECK(stat("out", &st) == 0 && st.st_mtime == 1000);
	CHECK(outfile_write_if_changed("out", 0600, "same", 4, &changed, NULL) == 0 && changed);
	CHECK(stat("out", &st) == 0 && st.st_mtime != 1000 && mode_of("out") == 0600);
	CHECK(outfile_write_if_changed("out", 0600, "diff", 4, &changed, NULL) == 0 && changed);
	CHECK(outfile_write_if_changed("out", 0600, "", 0, &changed, NULL) == 0 && changed);
	CHECK(outfile_write_if_changed("out", 0600, "", 0, NULL, NULL) == 0 && file_is("out", ""));
	rename("out", "moved");
	CHECK(symlink("moved", "out") == 0);
	CHECK(outfile_write_if_changed("out", 0600, "", 0, &changed, NULL) == 0 && changed);
	unlink("out");
	unlink("moved");
}

int main(void)
{
	char folder[] = "/tmp/outfile-test.XXXXXX";

	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	test_replace();
	test_mode();
	test_symlink();
	test_uncommitted();
	test_sweep();
	test_unwritable();
	test_if_changed();
	CHECK(chdir("/") == 0 && rmdir(folder) == 0);
	return unit_done();
}
