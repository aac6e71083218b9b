#include <glob.h>
#include <guestfs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/accel_probe.h"
#include "appliance/appliance_private.h"
#include "base/cli.h"
#include "base/proc.h"

#define LOG_MAX ((size_t)64 << 10)
#define LOG_LINES 4      /* of the console that an error shows */
#define MAX_PROCESSORS 2 /* a second one makes the start 1 s of 8 faster under TCG */

int appliance_find_qemu(char **qemu, struct err *e)
{
	const char *name = accel_qemu();

	*qemu = NULL;
	if (!name)
		return err_set(e, ERR_UNSUPPORTED, "no known qemu for this machine's processor");
	if (proc_find(qemu, name, e) < 0)
		return -1;
	if (*qemu)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		"program '%s' is not installed; install the package qemu-system-%s (Debian, "
		"Ubuntu) or qemu-kvm (Fedora)",
		name, strcmp(name, "qemu-system-aarch64") == 0 ? "arm" : "x86");
}

/* Whether one of the files that pattern stands for can be read; *first gets a name of them. */
static bool readable(const char *root, const char *pattern, char **first)
{
	cleanup_free char *full = mem_printf(NULL, "%s%s", root, pattern);
	glob_t found = {0};
	bool ok = false;

	if (full && glob(full, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && !ok; i++)
			ok = access(found.gl_pathv[i], R_OK) == 0;
		if (!*first && found.gl_pathc > 0)
			*first = mem_strdup(found.gl_pathv[0], NULL);
	}
	globfree(&found);
	return ok;
}

int appliance_check_kernel(const char *root, struct err *e)
{
	cleanup_free char *first = NULL;

	/* Then libguestfs has been told about another one. */
	if (getenv("SUPERMIN_KERNEL") || getenv("LIBGUESTFS_PATH"))
		return 0;
	if (readable(root, "/boot/vmlinu[xz]-*", &first) ||
		readable(root, "/lib/modules/*/vmlinuz", &first))
		return 0;
	if (!first)
		return err_set(e, ERR_UNSUPPORTED,
			"libguestfs needs a Linux kernel and finds none in /boot; install the "
			"package linux-image-amd64, linux-image-arm64 (Debian) or "
			"linux-image-generic (Ubuntu)");
	return err_set(e, ERR_UNSUPPORTED,
		"libguestfs needs a Linux kernel, and this user may not read %s; as root: "
		"chmod 0644 /boot/vmlinuz-*",
		first);
}

static void on_appliance_said(guestfs_h *g, void *opaque, uint64_t event, int handle, int flags,
	const char *text, size_t len, const uint64_t *array, size_t array_len)
{
	struct appliance *a = opaque;

	(void)g;
	(void)event;
	(void)handle;
	(void)flags;
	(void)array;
	(void)array_len;
	if (buf_append(&a->log, text, len, NULL) < 0 || a->log.len <= 2 * LOG_MAX)
		return;
	memmove(a->log.data, a->log.data + a->log.len - LOG_MAX, LOG_MAX + 1);
	a->log.len = LOG_MAX;
}

static void on_progress(guestfs_h *g, void *opaque, uint64_t event, int handle, int flags,
	const char *text, size_t len, const uint64_t *array, size_t array_len)
{
	struct appliance *a = opaque;

	(void)g;
	(void)event;
	(void)handle;
	(void)flags;
	(void)text;
	(void)len;
	/* procedure, serial number, position, total */
	if (array_len >= 4 && array[3] > 0)
		progress_update(a->progress, array[2] * 100 / array[3]);
}

/* Where libguestfs keeps the appliance that it built, for all who start one. */
static int set_cache(guestfs_h *g)
{
	const char *own = getenv("LIBGUESTFS_CACHEDIR");
	const char *tmp = getenv("TMPDIR");

	if (own || tmp)
		return guestfs_set_cachedir(g, own ? own : tmp);
	return 0;
}

static int set_callbacks(struct appliance *a)
{
	guestfs_set_error_handler(a->g, NULL, NULL);
	if (guestfs_set_event_callback(a->g, on_appliance_said, GUESTFS_EVENT_APPLIANCE, 0, a) < 0)
		return -1;
	return guestfs_set_event_callback(a->g, on_progress, GUESTFS_EVENT_PROGRESS, 0, a);
}

/* All that could also come from libguestfs's environment variables is set here, but for the places
 * of its files. */
static int set_up(struct appliance *a, const char *qemu)
{
	guestfs_h *g = a->g;
	const char *path = getenv("LIBGUESTFS_PATH");
	const char *accel = a->accel.accel == ACCEL_KVM ? "force_kvm" : "force_tcg";
	unsigned processors = cli_default_threads();

	if (processors > MAX_PROCESSORS)
		processors = MAX_PROCESSORS;
	if (set_callbacks(a) < 0 || set_cache(g) < 0 || (path && guestfs_set_path(g, path) < 0))
		return -1;
	if (guestfs_set_backend(g, "direct") < 0 ||
		guestfs_set_backend_setting(g, accel, "1") < 0 || guestfs_set_hv(g, qemu) < 0 ||
		guestfs_set_tmpdir(g, a->temp.path) < 0 || guestfs_set_pgroup(g, 1) < 0)
		return -1;
	if (guestfs_set_network(g, 0) < 0 || guestfs_set_autosync(g, 1) < 0)
		return -1;
	return guestfs_set_smp(g, (int)processors);
}

static int add_disk(struct appliance *a, const char *path, bool read_only)
{
	return guestfs_add_drive_opts(a->g, path, GUESTFS_ADD_DRIVE_OPTS_FORMAT, "raw",
		GUESTFS_ADD_DRIVE_OPTS_READONLY, read_only, GUESTFS_ADD_DRIVE_OPTS_CACHEMODE,
		"unsafe", -1);
}

int appliance_make_handle(struct appliance *a, const char *qemu, struct err *e)
{
	a->g = guestfs_create_flags(GUESTFS_CREATE_NO_ENVIRONMENT);
	if (!a->g)
		return err_nomem(e);
	if (appliance_begin(a, APPLIANCE_CALL_S, e) < 0)
		return -1;
	int rc = set_up(a, qemu);
	if (rc == 0)
		rc = add_disk(a, a->disk, a->read_only);
	if (rc == 0 && a->packages)
		rc = add_disk(a, a->packages, true);
	return appliance_end(a, rc < 0, a->disk, e);
}

/* Put the last lines of the console after the message. */
static int add_log(const struct appliance *a, struct err *e)
{
	cleanup_buf struct buf tail = {0};
	const char *log = buf_str(&a->log);
	size_t start = a->log.len;

	for (unsigned lines = 0; start > 0; start--) {
		if (log[start - 1] == '\n' && start < a->log.len && ++lines == LOG_LINES)
			break;
	}
	for (const char *p = log + start; *p;) {
		size_t len = strcspn(p, "\r\n");

		if ((tail.len > 0 && len > 0 && buf_puts(&tail, "; ", NULL) < 0) ||
			buf_put_escaped(&tail, p, len, NULL) < 0)
			return -1;
		p += len;
		p += strspn(p, "\r\n");
	}
	if (tail.len > 0) {
		struct err copy = *e;

		err_set(e, copy.kind, "%s; the last it said: %s", copy.msg, buf_str(&tail));
	}
	return -1;
}

int appliance_launch(struct appliance *a, unsigned deadline_s, struct err *e)
{
	cleanup_progress struct progress *p =
		progress_new(a->progress_mode, "start the appliance", 100);

	if (appliance_begin(a, deadline_s, e) < 0)
		return -1;
	a->progress = p;
	bool failed = guestfs_launch(a->g) < 0;
	a->progress = NULL;
	if (appliance_end(a, failed, NULL, e) == 0) {
		progress_finish(p);
		return 0;
	}
	if (watch_signal())
		return -1;
	if (strstr(buf_str(&a->log), "failed to find a suitable kernel"))
		return err_set(e, ERR_UNSUPPORTED,
			"libguestfs finds no kernel that it can start; install the package "
			"linux-image-amd64 or linux-image-arm64");
	e->kind = ERR_INTERNAL;
	err_prefix(e, "the appliance did not start (accelerator %s: %s)",
		accel_name(a->accel.accel), a->accel.reason);
	return add_log(a, e);
}
