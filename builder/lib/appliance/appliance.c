#include "appliance/appliance.h"

#include <guestfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/appliance_private.h"
#include "base/log.h"

#define KVM_LAUNCH_S 30u
#define TCG_LAUNCH_S 120u
#define BUILD_S 120u /* more, where libguestfs has to build its appliance first */
#define STOP_S 600   /* flushing may take long */
#define CLOSE_S 30

int appliance_begin(struct appliance *a, unsigned deadline_s, struct err *e)
{
	if (watch_disarm(a->watch) == WATCH_SIGNAL)
		return err_set(e, ERR_INTERNAL, "ended by signal %d", watch_signal());
	if (watch_disarm(a->watch) != WATCH_QUIET)
		return err_set(e, ERR_INTERNAL, "the appliance was ended before");
	a->armed_s = deadline_s;
	watch_arm(a->watch, deadline_s);
	return 0;
}

/* libguestfs's text, a line of it after "; ", fit for a terminal. */
static int put_lines(struct buf *out, const char *text, struct err *e)
{
	/* After this line it tells how to find help for its own command line. */
	static const char advice[] = "This usually means the libguestfs appliance failed";

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (buf_put_escaped(out, text, len, e) < 0)
			return -1;
		text += len;
		text += strspn(text, "\n");
		if (strncmp(text, advice, strlen(advice)) == 0)
			break;
		if (*text && buf_puts(out, "; ", e) < 0)
			return -1;
	}
	return 0;
}

int appliance_end(struct appliance *a, bool failed, const char *about, struct err *e)
{
	enum watch_end ended = watch_disarm(a->watch);
	cleanup_buf struct buf said = {0};
	cleanup_buf struct buf name = {0};

	if (about && buf_put_escaped(&name, about, strlen(about), e) < 0)
		return -1;
	if (ended == WATCH_SIGNAL)
		return err_set(e, ERR_INTERNAL, "ended by signal %d", watch_signal());
	if (ended == WATCH_DEADLINE)
		return err_set(e, ERR_CHECK, "%s%sno answer from the appliance in %u s",
			buf_str(&name), about ? ": " : "", a->armed_s);
	if (!failed)
		return 0;
	const char *text = guestfs_last_error(a->g);
	if (put_lines(&said, text ? text : "no reason given", e) < 0)
		return -1;
	if (!about || strstr(buf_str(&said), buf_str(&name)))
		return err_set(e, ERR_IO, "%s", buf_str(&said));
	return err_set(e, ERR_IO, "%s: %s", buf_str(&name), buf_str(&said));
}

/* libguestfs keeps the appliance that it built in its cache. */
static bool appliance_is_built(struct guestfs_h *g)
{
	cleanup_free char *cache = guestfs_get_cachedir(g);
	cleanup_free char *path =
		cache ? mem_printf(NULL, "%s/.guestfs-%u/appliance.d/root", cache, geteuid())
		      : NULL;

	return path && access(path, F_OK) == 0;
}

static unsigned launch_deadline(const struct appliance *a, unsigned launch_s)
{
	if (launch_s)
		return launch_s;
	return (a->accel.accel == ACCEL_KVM ? KVM_LAUNCH_S : TCG_LAUNCH_S) +
	       (appliance_is_built(a->g) ? 0 : BUILD_S);
}

/* Make the folder for temporary files, and give the disks names there. */
static int name_disks(struct appliance *a, const struct appliance_options *opt, struct err *e)
{
	if (tempdir_make(&a->temp, e) < 0 ||
		tempdir_name(&a->temp, opt->disk_fd, "disk", &a->disk, e) < 0)
		return -1;
	return opt->packages_fd < 0
		       ? 0
		       : tempdir_name(&a->temp, opt->packages_fd, "packages", &a->packages, e);
}

/* qemu has opened the disks: now they go with it and the caller's descriptors. */
static void forget_names(const struct appliance *a)
{
	unlink(a->disk);
	if (a->packages)
		unlink(a->packages);
}

/* End what runs, by force if it must be; the names of the disks stay. */
static void end_attempt(struct appliance *a)
{
	if (a->watch)
		watch_arm(a->watch, CLOSE_S);
	if (a->g)
		guestfs_close(a->g);
	watch_stop(a->watch);
	buf_release(&a->log);
	a->g = NULL;
	a->watch = NULL;
}

/* One attempt with the accelerator in choice. */
static int attempt(struct appliance *a, const struct accel_choice *choice, const char *qemu,
	unsigned launch_s, struct err *e)
{
	a->accel = *choice;
	if (watch_start(&a->watch, a->temp.path, e) < 0 || appliance_make_handle(a, qemu, e) < 0 ||
		appliance_launch(a, launch_deadline(a, launch_s), e) < 0)
		return -1;
	forget_names(a);
	return 0;
}

/* Once more without KVM, if that may be what was wrong. */
static int attempt_without_kvm(
	struct appliance *a, const struct appliance_options *opt, const char *qemu, struct err *e)
{
	bool asked = opt->accel && strcmp(opt->accel, "kvm") == 0;
	struct accel_choice choice;

	if (a->accel.accel != ACCEL_KVM || asked || e->kind == ERR_IO || watch_signal())
		return -1;
	log_warn("the appliance does not start with KVM (%s); once more without", e->msg);
	accel_distrust_kvm("the appliance did not start with KVM");
	err_clear(e);
	if (accel_choose(&choice, "tcg", e) < 0)
		return -1;
	snprintf(
		choice.reason, sizeof(choice.reason), "%s", "the appliance did not start with KVM");
	end_attempt(a);
	return attempt(a, &choice, qemu, opt->launch_s, e);
}

int appliance_start(struct appliance **out, const struct appliance_options *opt, struct err *e)
{
	cleanup_appliance struct appliance *a = mem_zalloc(sizeof(*a), e);
	struct accel_choice choice;
	cleanup_free char *qemu = NULL;
	struct err why = {0};

	*out = NULL;
	if (!a)
		return -1;
	a->progress_mode = opt->progress;
	a->read_only = opt->read_only;
	/* The accelerator last: finding out can take seconds. */
	if (appliance_find_qemu(&qemu, e) < 0 || appliance_check_kernel("", e) < 0 ||
		name_disks(a, opt, e) < 0 || accel_choose(&choice, opt->accel, e) < 0)
		return -1;
	if (attempt(a, &choice, qemu, opt->launch_s, &why) < 0 &&
		attempt_without_kvm(a, opt, qemu, &why) < 0)
		return err_set(e, why.kind, "%s", why.msg);
	*out = steal_ptr(&a);
	return 0;
}

int appliance_stop(struct appliance *a, struct err *e)
{
	if (appliance_begin(a, STOP_S, e) < 0)
		return -1;
	int rc = guestfs_umount_all(a->g);
	if (rc == 0)
		rc = guestfs_shutdown(a->g);
	if (appliance_end(a, rc < 0, NULL, e) < 0)
		return err_prefix(e, "stop the appliance");
	return 0;
}

void appliance_free(struct appliance *a)
{
	if (!a)
		return;
	end_attempt(a);
	tempdir_remove(&a->temp);
	progress_free(a->progress);
	free(a->packages_made);
	free(a->disk);
	free(a->packages);
	free(a);
}

int appliance_signal(void)
{
	return watch_signal();
}

const struct accel_choice *appliance_accel(const struct appliance *a)
{
	return &a->accel;
}
