/* The appliance's own calls, in one start of it, on a guest with little more than a shell. */
#include "appliance/appliance.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/proc.h"
#include "unit.h"

#define LARGE ((size_t)5 << 20) /* more than one message */

static char top[] = "/tmp/appliance-test.XXXXXX";
static struct err e;

static char *in_top(const char *name)
{
	return mem_printf(NULL, "%s/%s", top, name);
}

/* CHECK that says what the error was. */
#define CHECK_CALL(call)                         \
	do {                                     \
		if (!CHECK((call) == 0))         \
			printf("# %s\n", e.msg); \
	} while (0)

/* A guest with the host's programs and the libraries that they name, and a disk of packages. */
static bool make_disks(void)
{
	static const char script[] =
		"set -e; exec >&2; cd \"$0\"; mkdir -p root/dev root/proc root/sys root/etc "
		"root/bin "
		"packages\n"
		"for p in sh env mkfifo tail tr rm mkdir sleep cat ls head; do\n"
		"	f=$(command -v $p); cp -L $f root/bin/$p\n"
		"	for l in $(ldd $f | grep -o '/[^ )]*' || :); do\n"
		"		mkdir -p root${l%/*}; cp -L $l root$l\n"
		"	done\n"
		"done\n"
		"echo listed >packages/list; ln -s ../etc/real root/etc/link; echo real "
		">root/etc/real\n"
		"mke2fs -q -t ext4 -d root disk 64M; mke2fs -q -t ext4 -d packages packages.disk "
		"4M\n";
	char sh[] = "sh", c[] = "-c";
	cleanup_free char *text = mem_strdup(script, NULL);
	char *argv[] = {sh, c, text, top, NULL};
	static const struct proc_options opt = {.hide_stderr = true};

	if (proc_run(argv, &opt, NULL, &e) == 0)
		return true;
	printf("# %s\n", e.msg);
	return false;
}

static enum appliance_type type_of(struct appliance *a, const char *path)
{
	enum appliance_type type = APPLIANCE_OTHER;

	CHECK_CALL(appliance_type(a, path, &type, &e));
	return type;
}

static bool reads(struct appliance *a, const char *path, const char *want)
{
	cleanup_buf struct buf got = {0};

	return appliance_read(a, path, 4096, &got, &e) == 0 && strcmp(buf_str(&got), want) == 0;
}

static void test_types(struct appliance *a)
{
	unit_about("types");
	CHECK(type_of(a, "/etc/real") == APPLIANCE_FILE);
	CHECK(type_of(a, "/etc") == APPLIANCE_DIR);
	CHECK(type_of(a, "/etc/link") == APPLIANCE_LINK);
	CHECK(type_of(a, "/etc/none") == APPLIANCE_ABSENT);
	CHECK(type_of(a, "/etc/real/below") == APPLIANCE_ABSENT);
}

static void test_files(struct appliance *a)
{
	cleanup_buf struct buf got = {0};

	unit_about("files");
	CHECK(reads(a, "/etc/link", "real\n"));
	CHECK_CALL(appliance_write(a, "/etc/link", "through\n", 8, &e));
	CHECK(reads(a, "/etc/real", "through\n") && type_of(a, "/etc/link") == APPLIANCE_LINK);
	CHECK_CALL(appliance_write(a, "/etc/empty", "", 0, &e));
	CHECK(reads(a, "/etc/empty", ""));
	CHECK(appliance_read(a, "/etc/none\n", 10, &got, &e) == -1 && e.kind == ERR_IO);
	CHECK(strstr(e.msg, "/etc/none\\n") != NULL);
	CHECK(appliance_read(a, "/etc/real", 4, &got, &e) == -1 && e.kind == ERR_FORMAT);
	CHECK_CALL(appliance_mkdir(a, "/a/b/c", &e));
	CHECK_CALL(appliance_move(a, "/etc/real", "/a/b/moved", &e));
	CHECK(reads(a, "/a/b/moved", "through\n") && type_of(a, "/etc/real") == APPLIANCE_ABSENT);
	CHECK_CALL(appliance_symlink(a, "first", "/a/link", &e));
	CHECK_CALL(appliance_symlink(a, "b/moved", "/a/link", &e));
	CHECK(reads(a, "/a/link", "through\n"));
	CHECK(appliance_symlink(a, "x", "/a/b", &e) == -1 && e.kind == ERR_IO);
	CHECK_CALL(appliance_chmod(a, "/a/b/moved", 04711, &e));
	CHECK_CALL(appliance_chown(a, "/a/b/moved", 0, 0, &e));
	buf_release(&got);
	CHECK_CALL(appliance_list(a, "/a", &got, &e));
	CHECK(got.len == 7 && memcmp(got.data, "b\0link", 7) == 0);
	CHECK_CALL(appliance_remove(a, "/a", &e));
	CHECK_CALL(appliance_remove(a, "/a", &e));
	CHECK(type_of(a, "/a") == APPLIANCE_ABSENT);
}

/* Contents of more than one message, by both ways in. */
static void test_large(struct appliance *a)
{
	cleanup_free unsigned char *data = mem_array(LARGE, 1, NULL);
	cleanup_free char *path = in_top("large");
	cleanup_buf struct buf got = {0};

	unit_about("large files");
	for (size_t i = 0; data && i < LARGE; i++)
		data[i] = (unsigned char)(i * 7 + i / 4099);
	CHECK_CALL(appliance_write(a, "/large", data, LARGE, &e));
	CHECK_CALL(appliance_read(a, "/large", LARGE, &got, &e));
	CHECK(got.len == LARGE && memcmp(got.data, data, LARGE) == 0);
	buf_release(&got);
	CHECK(outfile_write(path, 0644, data, LARGE, NULL) == 0);
	CHECK_CALL(appliance_upload(a, path, "/uploaded", &e));
	CHECK_CALL(appliance_read(a, "/uploaded", LARGE, &got, &e));
	CHECK(got.len == LARGE && memcmp(got.data, data, LARGE) == 0);
}

static void test_packages(struct appliance *a)
{
	unit_about("packages");
	CHECK_CALL(appliance_mount_packages(a, "/var/packages", &e));
	CHECK(reads(a, "/var/packages/list", "listed\n"));
	CHECK(appliance_write(a, "/var/packages/list", "x", 1, &e) == -1 && e.kind == ERR_IO);
	CHECK_CALL(appliance_unmount(a, "/var/packages", &e));
	CHECK(type_of(a, "/var/packages") == APPLIANCE_ABSENT);
}

/* Run and compare the output; the appliance's answer names the exit status. */
static void ran(struct appliance *a, const char *script, const char *const *env, int want_status,
	const char *want)
{
	cleanup_buf struct buf out = {0};
	int status = -1;

	CHECK_CALL(appliance_run(a, script, env, 100, &out, &status, &e));
	CHECK(status == want_status);
	CHECK_STR(buf_str(&out), want);
}

static void test_run(struct appliance *a)
{
	static const char *const env[] = {"A=it's \"$x\"", "TZ=Asia/Tokyo", NULL};

	unit_about("run");
	ran(a, "echo out; echo err; exit 3", NULL, 3, "out\nerr\n");
	ran(a, "echo \"$A|$TZ|$HOME|$LANG|$PATH|$PWD|$guestfs_verbose\"; cat", env, 0,
		"it's \"$x\"|Asia/Tokyo|/root|C.UTF-8|"
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|/|\n");
	ran(a, "echo a | tr a '\\000'; umask", NULL, 0, "?\n0022\n");
	/* What goes on in the background neither keeps the call nor lives on. */
	ran(a, "sleep 1000 & echo $! >/bg; echo started", NULL, 0, "started\n");
	ran(a, "ls /proc/$(cat /bg) >/dev/null 2>&1 || echo gone; rm /bg", NULL, 0, "gone\n");
	/* Only this call's own folder lies where commands leave theirs. */
	ran(a, "set -- /dev/shm/*; echo $#", NULL, 0, "1\n");
}

/* The end of much output, and a script that is longer than one argument may be. */
static void test_run_large(struct appliance *a)
{
	cleanup_buf struct buf script = {0};
	cleanup_buf struct buf out = {0};
	int status = -1;

	unit_about("run large");
	for (int i = 0; i < 6000; i++)
		buf_printf(&script, NULL, ": a line that does nothing but be there %d\n", i);
	CHECK_CALL(buf_puts(&script, "head -c 1500000 /dev/zero | tr '\\000' x; echo end", &e));
	CHECK(script.len > 200000);
	CHECK_CALL(appliance_run(a, buf_str(&script), NULL, 100, &out, &status, &e));
	CHECK(status == 0 && out.len == 1 << 20);
	CHECK(out.len > 6 && strcmp(out.data + out.len - 6, "xxend\n") == 0);
}

/* The last: it ends the appliance. */
static void test_timeout(struct appliance *a)
{
	cleanup_buf struct buf out = {0};
	time_t begin = time(NULL);
	int status;

	unit_about("timeout");
	CHECK(appliance_run(a, "sleep 1000", NULL, 2, &out, &status, &e) == -1);
	CHECK(e.kind == ERR_CHECK && time(NULL) - begin < 8);
	CHECK_STR(e.msg, "command: no answer from the appliance in 2 s");
	CHECK(appliance_write(a, "/x", "x", 1, &e) == -1 && e.kind == ERR_INTERNAL);
	CHECK(appliance_stop(a, &e) == -1);
}

static void test_all(void)
{
	cleanup_free char *disk = in_top("disk");
	cleanup_free char *packages = in_top("packages.disk");
	cleanup_close int disk_fd = open(disk, O_RDWR | O_CLOEXEC);
	cleanup_close int packages_fd = open(packages, O_RDONLY | O_CLOEXEC);
	const struct appliance_options opt = {
		.disk_fd = disk_fd, .packages_fd = packages_fd, .accel = "tcg"};
	cleanup_appliance struct appliance *a = NULL;

	unit_about("start");
	if (appliance_start(&a, &opt, &e) < 0 && e.kind == ERR_UNSUPPORTED) {
		unit_skip("appliance", e.msg);
		return;
	}
	if (!CHECK(a != NULL)) {
		printf("# %s\n", e.msg);
		return;
	}
	CHECK(appliance_accel(a)->accel == ACCEL_TCG);
	CHECK_CALL(appliance_mount(a, 0, "/", &e));
	test_types(a);
	test_files(a);
	test_large(a);
	test_packages(a);
	test_run(a);
	test_run_large(a);
	test_timeout(a);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	unit_about("prepare");
	if (CHECK(make_disks()))
		test_all();
	cleanup_free char *clean = mem_printf(NULL, "rm -rf %s", top);
	CHECK(clean && system(clean) == 0);
	return unit_done();
}
