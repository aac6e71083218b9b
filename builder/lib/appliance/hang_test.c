/* What happens to an appliance that hangs, is interrupted or killed while it starts. A script that
 * never ends stands for the qemu that would run it; for everything else it is the real qemu. */
#include "appliance/appliance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "appliance/accel_probe.h"
#include "appliance/appliance_private.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/proc.h"
#include "unit.h"

static char top[] = "/tmp/hang-test.XXXXXX";

static char *in_top(const char *name)
{
	return mem_printf(NULL, "%s/%s", top, name);
}

/* The script writes its number, a child's and the folder of libguestfs's socket into "pids". It has
 * always the same size and time: libguestfs keeps what it found out about a qemu by these. */
static void make_qemu(const char *real)
{
	static const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
	cleanup_free char *path = mem_printf(NULL, "%s/bin/%s", top, accel_qemu());
	cleanup_free char *dir = in_top("bin");
	cleanup_free char *text = mem_printf(NULL,
		"#!/bin/sh\n"
		"case $* in\n"
		"*guestfsd.sock*)\n"
		"	sleep 1000 &\n"
		"	socket=${*#*path=}\n"
		"	echo $$ $! ${socket%%%%/guestfsd.sock*} >%s/pids.new\n"
		"	mv %s/pids.new %s/pids\n"
		"	wait;;\n"
		"*isa-debug-exit*) exit 33;;\n"
		"*) exec %s \"$@\";;\n"
		"esac\n",
		top, top, top, real);

	CHECK(io_mkdirs(dir, NULL) == 0);
	CHECK(outfile_write(path, 0755, text, strlen(text), NULL) == 0);
	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
}

static bool wait_for(bool (*done)(void), unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 50; i++) {
		if (done())
			return true;
		usleep(20000);
	}
	return done();
}

static bool qemu_runs(void)
{
	cleanup_free char *pids = in_top("pids");

	return access(pids, F_OK) == 0;
}

/* What the script wrote. */
static bool read_pids(int *qemu, int *child, char sockets[256])
{
	cleanup_free char *path = in_top("pids");
	cleanup_buf struct buf text = {0};

	return io_read_file(path, 1024, &text, NULL) == 0 &&
	       sscanf(buf_str(&text), "%d %d %255s", qemu, child, sockets) == 3;
}

static bool is_gone(int pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static bool processes_are_gone(void)
{
	int qemu, child;
	char sockets[256];

	return read_pids(&qemu, &child, sockets) && is_gone(qemu) && is_gone(child);
}

static bool sockets_are_gone(void)
{
	int qemu, child;
	char sockets[256];

	return read_pids(&qemu, &child, sockets) && access(sockets, F_OK) < 0;
}

static unsigned count_temporary(void)
{
	cleanup_free char *path = in_top("tmp");
	DIR *dir = opendir(path);
	unsigned n = 0;

	for (struct dirent *d; dir && (d = readdir(dir));)
		n += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static int start(const char *accel, unsigned launch_s, struct err *e)
{
	cleanup_free char *disk = in_top("disk");
	cleanup_close int fd = open(disk, O_RDWR | O_CLOEXEC);
	const struct appliance_options opt = {
		.disk_fd = fd, .packages_fd = -1, .accel = accel, .launch_s = launch_s};
	cleanup_appliance struct appliance *a = NULL;

	return appliance_start(&a, &opt, e);
}

static void forget_pids(void)
{
	cleanup_free char *pids = in_top("pids");

	unlink(pids);
}

static void test_deadline(void)
{
	struct err e = {0};
	time_t begin = time(NULL);

	unit_about("deadline");
	forget_pids();
	CHECK(start("tcg", 5, &e) == -1 && e.kind == ERR_INTERNAL);
	CHECK(time(NULL) - begin < 5 + 5);
	if (!CHECK(strstr(e.msg, "no answer from the appliance in 5 s")))
		printf("# %s\n", e.msg);
	CHECK(appliance_signal() == 0);
	CHECK(wait_for(processes_are_gone, 5));
	CHECK(sockets_are_gone());
	CHECK(count_temporary() == 0);
}

/* KVM runs the small machine and gets stuck with the appliance: once more without, and remembered.
 * What stands for qemu hangs there, too. */
static void test_retry(void)
{
	struct accel_choice c;
	struct err e = {0};

	unit_about("retry without KVM");
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		unit_skip("retry", "no /dev/kvm that can be opened");
		return;
	}
	CHECK(accel_choose(&c, "auto", &e) == 0 && c.accel == ACCEL_KVM);
	CHECK(start(NULL, 4, &e) == -1 && e.kind == ERR_INTERNAL);
	if (!CHECK(strstr(e.msg, "accelerator tcg: the appliance did not start with KVM")))
		printf("# %s\n", e.msg);
	CHECK(accel_choose(&c, "auto", &e) == 0 && c.accel == ACCEL_TCG && c.remembered);
	CHECK(count_temporary() == 0);
}

/* Start in a child and send it a signal when qemu runs; returns its status. */
static int interrupt_start(int number)
{
	int status = -1;

	forget_pids();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e = {0};
		int rc = start("tcg", 60, &e);

		if (rc == -1 && e.kind == ERR_INTERNAL && appliance_signal() == number)
			proc_die_of(number);
		fprintf(stderr, "%s\n", e.msg);
		_exit(99);
	}
	CHECK(wait_for(qemu_runs, 50));
	/* The watchdog looks for the socket every 50 ms. */
	usleep(300000);
	CHECK(kill(pid, number) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void test_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		unit_about(numbers[i] == SIGINT ? "SIGINT" : "SIGTERM");
		int status = interrupt_start(numbers[i]);

		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
		CHECK(wait_for(processes_are_gone, 5));
		CHECK(sockets_are_gone());
		CHECK(count_temporary() == 0);
	}
}

static void test_killed(void)
{
	struct tempdir t = {0};
	struct err e = {0};

	unit_about("SIGKILL");
	int status = interrupt_start(SIGKILL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(count_temporary() == 1);
	CHECK(!sockets_are_gone());

	unit_about("sweep");
	CHECK(tempdir_make(&t, &e) == 0);
	CHECK(count_temporary() == 1);
	CHECK(sockets_are_gone());
	/* One that is in use is left alone. */
	struct tempdir other = {0};
	CHECK(tempdir_make(&other, &e) == 0);
	CHECK(count_temporary() == 2);
	tempdir_remove(&other);
	tempdir_remove(&t);
	CHECK(count_temporary() == 0);
}

static bool qemu_is_gone(void)
{
	int qemu, child;
	char sockets[256];

	return read_pids(&qemu, &child, sockets) && is_gone(qemu);
}

/* libguestfs's recovery process ends qemu itself; the script's child is no concern of its. */
static void test_orphans(void)
{
	int qemu, child;
	char sockets[256];

	CHECK(wait_for(qemu_is_gone, 8));
	if (CHECK(read_pids(&qemu, &child, sockets)) && !is_gone(child))
		CHECK(kill(child, SIGKILL) == 0);
}

static void test_missing(void)
{
	cleanup_free char *path = mem_strdup(getenv("PATH"), NULL);
	cleanup_free char *boot = in_top("root/boot");
	cleanup_free char *root = in_top("root");
	struct err e = {0};

	unit_about("missing");
	setenv("PATH", "/dev", 1);
	CHECK(start("tcg", 5, &e) == -1 && e.kind == ERR_UNSUPPORTED);
	CHECK(strstr(e.msg, "install the package qemu-system-"));
	setenv("PATH", path, 1);
	CHECK(io_mkdirs(boot, NULL) == 0);
	CHECK(appliance_check_kernel(root, &e) == -1 && e.kind == ERR_UNSUPPORTED);
	CHECK(strstr(e.msg, "finds none in /boot; install the package"));
	cleanup_free char *kernel = in_top("root/boot/vmlinuz-6");
	CHECK(outfile_write(kernel, 0000, "", 0, NULL) == 0);
	if (geteuid() == 0) {
		CHECK(appliance_check_kernel(root, &e) == 0);
		unit_skip("kernel that cannot be read", "root reads all");
	} else {
		CHECK(appliance_check_kernel(root, &e) == -1 && e.kind == ERR_UNSUPPORTED);
		CHECK(strstr(e.msg, "chmod 0644"));
	}
}

/* A scratch folder, libguestfs's cache where it was, and variables that must not matter. */
static void prepare(const char *real)
{
	cleanup_free char *path = mem_printf(NULL, "%s/bin:%s", top, getenv("PATH"));
	cleanup_free char *tmp = in_top("tmp");
	cleanup_free char *cache = in_top("cache");
	cleanup_free char *disk = in_top("disk");
	const char *shared = getenv("TMPDIR");

	unit_about("prepare");
	make_qemu(real);
	CHECK(io_mkdirs(tmp, NULL) == 0);
	CHECK(outfile_write(disk, 0644, tmp, strlen(tmp), NULL) == 0 &&
		truncate(disk, 1 << 20) == 0);
	setenv("PATH", path, 1);
	setenv("LIBGUESTFS_CACHEDIR", shared ? shared : "/var/tmp", 0);
	setenv("TMPDIR", tmp, 1);
	setenv("LIMEKILN_CACHE", cache, 1);
	setenv("LIBGUESTFS_BACKEND", "libvirt", 1);
	setenv("LIBGUESTFS_HV", "/no/such/qemu", 1);
	setenv("LIBGUESTFS_BACKEND_SETTINGS", "force_kvm", 1);
}

int main(void)
{
	cleanup_free char *real = NULL;
	struct err e = {0};

	if (!mkdtemp(top))
		return 1;
	if (appliance_find_qemu(&real, &e) < 0 || appliance_check_kernel("", &e) < 0) {
		printf("1..0 # SKIP %s\n", e.msg);
		rmdir(top);
		return 0;
	}
	prepare(real);
	test_missing();
	test_deadline();
	test_retry();
	test_signals();
	test_killed();
	test_orphans();
	cleanup_free char *clean = mem_printf(NULL, "rm -rf %s", top);
	CHECK(clean && system(clean) == 0);
	return unit_done();
}
