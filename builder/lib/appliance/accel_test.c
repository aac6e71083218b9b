/* The choice of an accelerator, with programs that stand for qemu, and once with the real one. */
#include "appliance/accel.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "appliance/accel_probe.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/proc.h"
#include "unit.h"

/* How qemu ends when the machine ran. */
#if defined(__aarch64__)
#define WORKS "exit 0"
#else
#define WORKS "exit 33"
#endif

static char top[] = "/tmp/accel-test.XXXXXX";
static char *real_path;

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *in_top(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

/* Put a script in the place of qemu. */
static void fake_qemu(const char *script)
{
	cleanup_free char *text = mem_printf(NULL, "#!/bin/sh\n%s\n", script);
	cleanup_free char *path = mem_printf(NULL, "%s:%s", top, real_path);

	CHECK(outfile_write(in_top(accel_qemu()), 0755, text, strlen(text), NULL) == 0);
	setenv("PATH", path, 1);
}

static bool cache_says(const char *text)
{
	cleanup_buf struct buf found = {0};

	return io_read_file(in_top("cache/accel"), 4096, &found, NULL) == 0 &&
	       strstr(buf_str(&found), text);
}

static void test_names(void)
{
	struct accel_choice c;
	struct err e = {0};

	unit_about("names");
	CHECK(accel_choose(&c, "tcg", &e) == 0 && c.accel == ACCEL_TCG && !c.remembered);
	CHECK_STR(c.reason, "asked for");
	CHECK(accel_choose(&c, "xen", &e) == -1 && e.kind == ERR_USAGE);
	CHECK_STR(e.msg, "--accel: 'xen' is not auto, kvm or tcg");
	setenv("LIMEKILN_ACCEL", "hvf", 1);
	CHECK(accel_choose(&c, NULL, &e) == -1 && e.kind == ERR_USAGE);
	CHECK(strncmp(e.msg, "LIMEKILN_ACCEL: ", 16) == 0);
	setenv("LIMEKILN_ACCEL", "tcg", 1);
	CHECK(accel_choose(&c, NULL, &e) == 0 && c.accel == ACCEL_TCG);
	unsetenv("LIMEKILN_ACCEL");
	CHECK_STR(accel_name(ACCEL_KVM), "kvm");
	CHECK_STR(accel_name(ACCEL_TCG), "tcg");
}

/* The process whose number a script left in the file "pid". */
static bool left_process_lives(void)
{
	cleanup_buf struct buf text = {0};

	if (!CHECK(io_read_file(in_top("pid"), 64, &text, NULL) == 0))
		return true;
	/* Killed with its group; whoever adopted it may still have to reap it. */
	for (int i = 0; i < 100; i++) {
		if (kill(atoi(buf_str(&text)), 0) < 0 && errno == ESRCH)
			return false;
		usleep(20000);
	}
	return true;
}

static void test_probe(void)
{
	char why[ACCEL_REASON_SIZE] = "";
	cleanup_free char *hang = mem_printf(NULL, "sleep 1000 & echo $! >%s/pid; wait", top);

	unit_about("probe");
	fake_qemu(WORKS);
	CHECK(accel_probe(ACCEL_KVM, 5, why, sizeof(why)));
	fake_qemu("exit 5");
	CHECK(!accel_probe(ACCEL_KVM, 5, why, sizeof(why)));
	CHECK_STR(why, "exit status 5");
	fake_qemu("printf 'no \\033[1m KVM\\nmore\\n' >&2; exit 1");
	CHECK(!accel_probe(ACCEL_KVM, 5, why, sizeof(why)));
	CHECK_STR(why, "no \\x1b[1m KVM");
	fake_qemu("kill -SEGV $$");
	CHECK(!accel_probe(ACCEL_KVM, 5, why, sizeof(why)));
	CHECK_STR(why, "signal 11");

	fake_qemu(hang);
	double start = now_s();
	CHECK(!accel_probe(ACCEL_KVM, 1, why, sizeof(why)));
	CHECK(now_s() - start < 3);
	CHECK_STR(why, "nothing in 1 s");
	CHECK(!left_process_lives());
}

/* The machine is right: software emulation runs it. */
static void test_machine(void)
{
	char why[ACCEL_REASON_SIZE] = "";

	unit_about("machine");
	setenv("PATH", real_path, 1);
	if (!proc_exists(accel_qemu()))
		unit_skip("runs under TCG", "no qemu");
	else if (!CHECK(accel_probe(ACCEL_TCG, 60, why, sizeof(why))))
		printf("# %s\n", why);
}

static void test_memory(void)
{
	struct accel_choice c;
	struct err e = {0};

	unit_about("memory");
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		CHECK(accel_choose(&c, "auto", &e) == 0 && c.accel == ACCEL_TCG);
		CHECK(accel_choose(&c, "kvm", &e) == -1 && e.kind == ERR_UNSUPPORTED);
		unit_skip("KVM probed", "no /dev/kvm that can be opened");
		return;
	}
	fake_qemu(WORKS);
	CHECK(accel_choose(&c, NULL, &e) == 0 && c.accel == ACCEL_KVM && !c.remembered);
	CHECK(cache_says("\nkvm\n/dev/kvm runs a guest\n"));
	fake_qemu("exit 1");
	CHECK(accel_choose(&c, "kvm", &e) == 0 && c.accel == ACCEL_KVM && c.remembered);

	accel_distrust_kvm("it got stuck");
	CHECK(accel_choose(&c, NULL, &e) == 0 && c.accel == ACCEL_TCG && c.remembered);
	CHECK_STR(c.reason, "it got stuck");
	CHECK(accel_choose(&c, "kvm", &e) == -1 && e.kind == ERR_UNSUPPORTED);

	/* The answer of an earlier boot, and damage, count for nothing and are replaced. */
	static const char *const bad[] = {"0000\nkvm\nreason\n", "", "kvm\n", "\n\n\n\n\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(outfile_write(in_top("cache/accel"), 0644, bad[i], strlen(bad[i]), &e) == 0);
		CHECK(accel_choose(&c, NULL, &e) == 0 && c.accel == ACCEL_TCG && !c.remembered);
		CHECK(cache_says("\ntcg\n/dev/kvm does not run a guest (exit status 1)\n"));
	}

	setenv("LIMEKILN_CACHE", "/dev/null/no", 1);
	CHECK(accel_choose(&c, NULL, &e) == 0 && c.accel == ACCEL_TCG && !c.remembered);
	setenv("LIMEKILN_CACHE", in_top("cache"), 1);
}

/* Whatever this machine's /dev/kvm does, the answer comes in time, and once. */
static void test_real(void)
{
	struct accel_choice first, second;
	struct err e = {0};

	unit_about("this machine");
	setenv("PATH", real_path, 1);
	unlink(in_top("cache/accel"));
	double start = now_s();
	CHECK(accel_choose(&first, "auto", &e) == 0 && !first.remembered);
	CHECK(now_s() - start < ACCEL_PROBE_S + 2);
	printf("# %s: %s, after %.1f s\n", accel_name(first.accel), first.reason, now_s() - start);
	start = now_s();
	CHECK(accel_choose(&second, "auto", &e) == 0 && second.accel == first.accel);
	CHECK(now_s() - start < 1);
	CHECK_STR(second.reason, first.reason);
}

int main(void)
{
	const char *path = getenv("PATH");

	real_path = mem_strdup(path ? path : "/usr/bin:/bin", NULL);
	if (!real_path || !mkdtemp(top))
		return 1;
	setenv("LIMEKILN_CACHE", in_top("cache"), 1);
	unsetenv("LIMEKILN_ACCEL");
	test_names();
	test_probe();
	test_machine();
	test_memory();
	test_real();
	cleanup_free char *clean = mem_printf(NULL, "rm -rf %s", top);
	CHECK(clean && system(clean) == 0);
	free(real_path);
	return unit_done();
}
