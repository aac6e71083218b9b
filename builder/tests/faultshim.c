/* LD_PRELOAD shim for tests: makes the Nth call of one function fail, once.
 *
 * KILN_FAULT=NAME:N:ERRNO says which (NAME of a group below), KILN_FAULT_MARK names a file that is
 * made when the fault has happened. One atomic counter over all threads. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>

/* <fcntl.h>, <unistd.h> and <pthread.h> declare these functions with attributes and asm names that
 * forbid defining them here. */
#define SHIM_AT_FDCWD (-100)
#define SHIM_O_WRONLY_CREAT 0101
long syscall(long number, ...);
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static char wanted[16];
static long wanted_call;
static int wanted_errno;
static atomic_long calls;

__attribute__((constructor)) static void read_environment(void)
{
	const char *spec = getenv("KILN_FAULT");
	const char *colon = spec ? strchr(spec, ':') : NULL;

	if (!colon || (size_t)(colon - spec) >= sizeof(wanted))
		return;
	char *end;
	wanted_call = strtol(colon + 1, &end, 10);
	wanted_errno = *end == ':' ? (int)strtol(end + 1, NULL, 10) : EIO;
	memcpy(wanted, spec, (size_t)(colon - spec));
}

static void leave_mark(void)
{
	const char *mark = getenv("KILN_FAULT_MARK");

	if (!mark)
		return;
	long fd = syscall(SYS_openat, SHIM_AT_FDCWD, mark, SHIM_O_WRONLY_CREAT, 0600);
	if (fd >= 0)
		syscall(SYS_close, fd);
}

/* True when this call of the group is the one to fail; errno is set then. */
static bool fails(const char *group)
{
	if (strcmp(wanted, group) != 0 || atomic_fetch_add(&calls, 1) + 1 != wanted_call)
		return false;
	leave_mark();
	errno = wanted_errno;
	return true;
}

#define REAL(type, name, ...)                           \
	static type (*real)(__VA_ARGS__);               \
	if (!real) {                                    \
		void *symbol = dlsym(RTLD_NEXT, #name); \
		memcpy(&real, &symbol, sizeof(real));   \
	}

/* Only our own code's allocations fail: OpenSSL 3.0, libarchive 3.6 and libfdisk 2.38 follow NULL
 * pointers or abort when theirs do. */
static bool malloc_fails(const void *caller)
{
	Dl_info where;

	if (strcmp(wanted, "malloc") != 0 || !dladdr(caller, &where) || !where.dli_fname ||
		strcmp(where.dli_fname, program_invocation_name) != 0)
		return false;
	return fails("malloc");
}

void *malloc(size_t size)
{
	return malloc_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return malloc_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return malloc_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, size);
}

/* The mode is passed on whether the flags ask for it or not: harmless, and no va_list is read. */
#define DEFINE_OPEN(name)                                            \
	int name(const char *path, int flags, mode_t mode)           \
	{                                                            \
		REAL(int, name, const char *, int, mode_t)           \
		return fails("open") ? -1 : real(path, flags, mode); \
	}
#define DEFINE_OPENAT(name)                                               \
	int name(int dir, const char *path, int flags, mode_t mode)       \
	{                                                                 \
		REAL(int, name, int, const char *, int, mode_t)           \
		return fails("open") ? -1 : real(dir, path, flags, mode); \
	}
/* FAULT(group, name, result type, failure, parameters, arguments) */
#define FAULT(group, name, type, failure, params, args)      \
	type name params                                     \
	{                                                    \
		REAL(type, name, UNPACK params)              \
		return fails(group) ? (failure) : real args; \
	}
#define UNPACK(...) __VA_ARGS__

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
FAULT("read", read, ssize_t, -1, (int fd, void *p, size_t n), (fd, p, n))
FAULT("read", pread, ssize_t, -1, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
FAULT("read", pread64, ssize_t, -1, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
FAULT("seek", lseek, off_t, -1, (int fd, off_t at, int whence), (fd, at, whence))
FAULT("seek", lseek64, off_t, -1, (int fd, off_t at, int whence), (fd, at, whence))
FAULT("write", write, ssize_t, -1, (int fd, const void *p, size_t n), (fd, p, n))
FAULT("write", pwrite, ssize_t, -1, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
FAULT("write", pwrite64, ssize_t, -1, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
FAULT("write", ftruncate, int, -1, (int fd, off_t size), (fd, size))
FAULT("write", ftruncate64, int, -1, (int fd, off_t size), (fd, size))
FAULT("write", fallocate, int, -1, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
FAULT("write", fallocate64, int, -1, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
FAULT("fsync", fsync, int, -1, (int fd), (fd))
FAULT("fsync", sync_file_range, int, -1, (int fd, off_t at, off_t n, unsigned flags),
	(fd, at, n, flags))
FAULT("name", linkat, int, -1, (int d1, const char *p1, int d2, const char *p2, int flags),
	(d1, p1, d2, p2, flags))
FAULT("name", renameat, int, -1, (int d1, const char *p1, int d2, const char *p2), (d1, p1, d2, p2))
FAULT("name", rename, int, -1, (const char *p1, const char *p2), (p1, p2))
FAULT("thread", pthread_create, int, EAGAIN,
	(pthread_t * t, const void *attr, void *(*run)(void *), void *arg), (t, attr, run, arg))

/* The descriptor is closed whatever close() says. */
int close(int fd)
{
	REAL(int, close, int fd)
	int rc = real(fd);
	return fails("close") ? -1 : rc;
}
