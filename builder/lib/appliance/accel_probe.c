#include "appliance/accel_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"

#define POLL_NS 20000000L /* between two looks at the machine */
#define REAP_S 1          /* for a killed process to be gone */

struct piece {
	size_t offset; /* in the ROM */
	const char *bytes;
	size_t len;
};
#define PIECE(offset, bytes)                         \
	{                                            \
		(offset), (bytes), sizeof(bytes) - 1 \
	}

/* The program a processor runs first, and how qemu is told about it. {} stands for the ROM's path.
 */
struct machine {
	const char *qemu;
	size_t rom_size;
	struct piece pieces[3];
	int status; /* that qemu ends with when the code ran */
	const char *const *args;
};

#if defined(__x86_64__)
static const char *const x86_args[] = {"-machine", "pc", "-m", "16", "-device",
	"isa-debug-exit,iobase=0xf4,iosize=4", "-bios", "{}", NULL};

/* A ROM that ends at 4 GiB. A kernel runs in 64-bit mode with paging, and some /dev/kvm manage the
 * modes before only: so that is where this goes. The device ends qemu with (value << 1) | 1. */
static const struct machine machine = {
	.qemu = "qemu-system-x86_64",
	.rom_size = 65536,
	.pieces =
		{
			PIECE(0xff00,
				/* 16 bits: lgdtl %cs:0xff90; set CR0.PE; ljmpl $8, $0xffffff17 */
				"\x2e\x66\x0f\x01\x16\x90\xff\x0f\x20\xc0\x0c\x01\x0f\x22\xc0"
				"\x66\xea\x17\xff\xff\xff\x08\x00"
				/* 32 bits: mov $16, %ax; mov %ax, %ds */
				"\x66\xb8\x10\x00\x8e\xd8"
				/* movl $0x2003, 0x1000; movl $0x3003, 0x2018 */
				"\xc7\x05\x00\x10\x00\x00\x03\x20\x00\x00"
				"\xc7\x05\x18\x20\x00\x00\x03\x30\x00\x00"
				/* movl $0xffe00083, 0x3ff8 */
				"\xc7\x05\xf8\x3f\x00\x00\x83\x00\xe0\xff"
				/* CR3 = 0x1000; CR4 = PAE */
				"\xb8\x00\x10\x00\x00\x0f\x22\xd8"
				"\xb8\x20\x00\x00\x00\x0f\x22\xe0"
				/* set EFER.LME, then CR0.PG; ljmp $24, $0xffffff69 */
				"\xb9\x80\x00\x00\xc0\x0f\x32\x80\xcc\x01\x0f\x30"
				"\x0f\x20\xc0\x0d\x00\x00\x00\x80\x0f\x22\xc0"
				"\xea\x69\xff\xff\xff\x18\x00"
				/* 64 bits: mov $0x10, %al; out %al, $0xf4; 1: hlt; jmp 1b */
				"\xb0\x10\xe6\xf4\xf4\xeb\xfd"),
			/* segments: code and data of 32 bits, code of 64 bits; where they lie */
			PIECE(0xff78, "\xff\xff\x00\x00\x00\x9a\xcf\x00"
				      "\xff\xff\x00\x00\x00\x92\xcf\x00"
				      "\xff\xff\x00\x00\x00\x9a\xaf\x00"
				      "\x1f\x00\x70\xff\xff\xff"),
			/* the reset vector: jmp 0xff00 */
			PIECE(0xfff0, "\xe9\x0d\xff"),
		},
	.status = 0x21,
	.args = x86_args,
};
#elif defined(__aarch64__)
static const char *const arm_args[] = {"-machine", "virt,gic-version=max", "-cpu", "max", "-m",
	"64", "-device", "loader,file={},addr=0x40200000,force-raw=on,cpu-num=0", NULL};

static const struct machine machine = {
	.qemu = "qemu-system-aarch64",
	.rom_size = 16,
	/* PSCI SYSTEM_OFF: movz w0, #8; movk w0, #0x8400, lsl #16; hvc #0; b . */
	.pieces = {PIECE(0, "\x00\x01\x80\x52\x00\x80\xb0\x72"
			    "\x02\x00\x00\xd4\x00\x00\x00\x14")},
	.status = 0,
	.args = arm_args,
};
#else
static const struct machine machine = {0};
#endif

const char *accel_qemu(void)
{
	return machine.qemu;
}

/* The ROM in memory: no file that could be left behind. Inherited by qemu on purpose. */
static int make_rom(struct err *e)
{
	cleanup_close int fd = memfd_create("kiln-accel", 0);

	if (fd < 0 || ftruncate(fd, (off_t)machine.rom_size) < 0)
		return err_set_errno(e, ERR_IO, "memory for a test machine");
	for (size_t i = 0; i < sizeof(machine.pieces) / sizeof(machine.pieces[0]); i++) {
		const struct piece *p = &machine.pieces[i];

		if (io_pwrite_full(fd, p->bytes, p->len, p->offset, e) < 0)
			return -1;
	}
	return steal_fd(&fd);
}

struct probe {
	char rom_arg[96]; /* the argument with the ROM's path */
	const char *argv[24];
	int errors[2]; /* pipe for qemu's standard error */
	pid_t pid;
};

static void make_argv(struct probe *p, enum accel accel, int rom)
{
	static const char *const fixed[] = {
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", NULL};
	size_t n = 0;

	p->argv[n++] = machine.qemu;
	p->argv[n++] = "-accel";
	p->argv[n++] = accel_name(accel);
	for (const char *const *a = fixed; *a; a++)
		p->argv[n++] = *a;
	for (const char *const *a = machine.args; *a; a++) {
		const char *hole = strstr(*a, "{}");

		p->argv[n++] = hole ? p->rom_arg : *a;
		if (hole)
			snprintf(p->rom_arg, sizeof(p->rom_arg), "%.*s/proc/self/fd/%d%s",
				(int)(hole - *a), *a, rom, hole + 2);
	}
	p->argv[n] = NULL;
}

static _Noreturn void exec_qemu(const struct probe *p, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(p->errors[1], STDERR_FILENO);
	/* execvp() takes what it will not change as changeable. */
	execvp(p->argv[0], (char *const *)(uintptr_t)p->argv);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait for the end of pid until the time is over; true when it ended and was reaped. */
static bool wait_until(pid_t pid, int64_t until_ms, int *status)
{
	static const struct timespec pause = {.tv_nsec = POLL_NS};

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid || (got < 0 && errno != EINTR))
			return got == pid;
		if (now_ms() >= until_ms)
			return false;
		nanosleep(&pause, NULL);
	}
}

/* The first line that qemu said, fit for a terminal. */
static void read_reason(int fd, char *why, size_t size)
{
	char text[512];
	ssize_t n = read(fd, text, sizeof(text) - 1);
	cleanup_buf struct buf clean = {0};

	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	if (buf_put_escaped(&clean, text, strlen(text), NULL) == 0 && clean.len > 0)
		snprintf(why, size, "%s", buf_str(&clean));
}

static bool run_machine(struct probe *p, unsigned deadline_s, char *why, size_t size)
{
	pid_t parent = getpid();
	int status = 0;

	p->pid = fork();
	if (p->pid == 0)
		exec_qemu(p, parent);
	if (p->pid < 0) {
		snprintf(why, size, "%s: %s", machine.qemu, strerror(errno));
		return false;
	}
	/* Also here: whoever comes first, the group is there before it may be killed. */
	setpgid(p->pid, p->pid);
	bool ended = wait_until(p->pid, now_ms() + (int64_t)deadline_s * 1000, &status);
	kill(-p->pid, SIGKILL);
	if (!ended) {
		wait_until(p->pid, now_ms() + REAP_S * 1000, &status);
		snprintf(why, size, "nothing in %u s", deadline_s);
		return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == machine.status)
		return true;
	if (WIFSIGNALED(status))
		snprintf(why, size, "signal %d", WTERMSIG(status));
	else
		snprintf(why, size, "exit status %d", WEXITSTATUS(status));
	read_reason(p->errors[0], why, size);
	return false;
}

bool accel_probe(enum accel accel, unsigned deadline_s, char *why, size_t size)
{
	struct err e = {0};
	struct probe p = {.errors = {-1, -1}};
	cleanup_close int rom = make_rom(&e);

	if (rom < 0 || pipe2(p.errors, O_CLOEXEC | O_NONBLOCK) < 0) {
		snprintf(why, size, "%s", rom < 0 ? e.msg : strerror(errno));
		return false;
	}
	make_argv(&p, accel, rom);
	bool works = run_machine(&p, deadline_s, why, size);
	close(p.errors[0]);
	close(p.errors[1]);
	return works;
}
