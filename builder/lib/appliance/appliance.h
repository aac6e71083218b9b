/* libguestfs's appliance: a small Linux with the guest's disk, for what needs a real kernel or the
 * guest's own programs. No network. One at a time in a process; one thread.
 *
 * A watchdog ends an appliance that does not start, or a command that does not end, with its whole
 * process group; a start that hangs under KVM is tried once more under TCG. SIGINT and SIGTERM end
 * it too: the call that is running returns ERR_INTERNAL and appliance_signal() tells which. */
#ifndef KILN_APPLIANCE_APPLIANCE_H
#define KILN_APPLIANCE_APPLIANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/accel.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/progress.h"

struct appliance;

struct appliance_options {
	/* A raw disk, and a raw ext4 file system attached read-only,
	 * -1: none. Regular files of raw_open() or io_open_temp(), or opened by name; the
	 * descriptors stay the caller's. What has no name has one only while it starts. */
	int disk_fd;
	int packages_fd;
	bool read_only;    /* what is written goes to a temporary overlay */
	const char *accel; /* see accel_choose() */
	unsigned launch_s; /* deadline for the start; 0: 120 under TCG, 30 under KVM */
	enum progress_mode progress;
};

/* Start it. Errors: ERR_UNSUPPORTED when libguestfs has no kernel or no qemu here, with the
 * remedy; ERR_INTERNAL when it does not start; ERR_IO. */
int appliance_start(struct appliance **out, const struct appliance_options *opt, struct err *e);
/* Unmount, flush, end: only after this returned 0 the disk is whole. */
int appliance_stop(struct appliance *a, struct err *e);
/* Release, ending it by force when it still runs. NULL is fine. */
void appliance_free(struct appliance *a);
/* The signal that ended it, or 0. */
int appliance_signal(void);
/* The accelerator in use, and why. */
const struct accel_choice *appliance_accel(const struct appliance *a);

MEM_DEFINE_CLEANUP(appliance, struct appliance *, appliance_free)
#define cleanup_appliance MEM_CLEANUP(appliance)

/* Mount partition number (0: the whole disk) of the disk at path in the guest's tree, "/" first.
 * A journal that was not replayed is replayed. */
int appliance_mount(struct appliance *a, unsigned number, const char *path, struct err *e);
/* Mount the packages at path (made if missing, removed again by unmount). */
int appliance_mount_packages(struct appliance *a, const char *path, struct err *e);
int appliance_unmount(struct appliance *a, const char *path, struct err *e);

/* Files in the guest. Paths are absolute; symbolic links are resolved inside the guest. Errors:
 * ERR_IO with the path, what libguestfs says escaped; ERR_CHECK when the appliance does not answer,
 * ERR_INTERNAL after a signal. Under TCG a call takes 2 to 10 ms; symlink, move between file
 * systems, upload above 2 MiB and tar_in start programs: 40 to 150 ms. */
enum appliance_type {
	APPLIANCE_ABSENT,
	APPLIANCE_FILE,
	APPLIANCE_DIR,
	APPLIANCE_LINK,
	APPLIANCE_OTHER
};
/* The type of path itself, links not followed. */
int appliance_type(struct appliance *a, const char *path, enum appliance_type *type, struct err *e);
int appliance_read(
	struct appliance *a, const char *path, size_t max, struct buf *out, struct err *e);
/* Replace or make; keeps mode and owner of what was there. */
int appliance_write(
	struct appliance *a, const char *path, const void *data, size_t len, struct err *e);
int appliance_upload(struct appliance *a, const char *host_path, const char *path, struct err *e);
int appliance_tar_in(struct appliance *a, const char *host_path, const char *path, struct err *e);
int appliance_mkdir(struct appliance *a, const char *path, struct err *e);  /* parents too */
int appliance_remove(struct appliance *a, const char *path, struct err *e); /* with all below */
int appliance_move(struct appliance *a, const char *from, const char *to, struct err *e);
/* Replaces a file or a link. */
int appliance_symlink(struct appliance *a, const char *target, const char *path, struct err *e);
/* Append the target of a symbolic link. */
int appliance_readlink(struct appliance *a, const char *path, struct buf *target, struct err *e);
int appliance_chmod(struct appliance *a, const char *path, uint32_t mode, struct err *e);
int appliance_chown(
	struct appliance *a, const char *path, uint32_t uid, uint32_t gid, struct err *e);
/* Append the names in a directory, sorted, each with a 0 after it. */
int appliance_list(struct appliance *a, const char *path, struct buf *names, struct err *e);

/* Run a script with the guest's /bin/sh, as root in /, with an empty environment but for PATH,
 * HOME, LANG=C.UTF-8, TZ=UTC and env ("NAME=value", NULL-terminated, may be NULL), standard input
 * empty. out gets standard output and standard error together (the last 1 MiB, NUL bytes as '?'),
 * status the exit status. What it leaves running is killed; nothing of the script or its output
 * stays in the guest. ERR_CHECK when it takes longer than timeout_s: the appliance is gone then.
 * ERR_USAGE when the script is larger than 1 MiB. Needs env, mkfifo, tail and tr in the guest.
 * Under TCG 0.7 s go by besides what the script takes: better one long script than many. */
int appliance_run(struct appliance *a, const char *script, const char *const *env,
	unsigned timeout_s, struct buf *out, int *status, struct err *e);

#endif
