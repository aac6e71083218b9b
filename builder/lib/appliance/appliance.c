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

static unsigned launch_deadline(const struct appliance *a, const struct appliance_options *opt)
{
	if (opt->launch_s)
		return opt->launch_s;
	return (a->accel.accel == ACCEL_KVM ? KVM_LAUNCH_S : TCG_LAUNCH_S) +
	       (appliance_is_built(a->g) ? 0 : BUILD_S);
}

/* One attempt with the accelerator in choice. */
static int start_with(struct appliance **out, const struct appliance_options *opt,
	const struct accel_choice *choice, const char *qemu, struct err *e)
{
	cleanup_appliance struct appliance *a = mem_zalloc(sizeof(*a), e);

	if (!a)
		return -1;
	a->accel = *choice;
	a->progress_mode = opt->progress;
	a->read_only = opt->read_only;
	if (tempdir_make(&a->temp, e) < 0 || watch_start(&a->watch, a->temp.path, e) < 0 ||
		appliance_make_handle(a, opt, qemu, e) < 0 ||
		appliance_launch(a, launch_deadline(a, opt), e) < 0)
		return -1;
	*out = steal_ptr(&a);
	return 0;
}

int appliance_start(struct appliance **out, const struct appliance_options *opt, struct err *e)
{
	struct accel_choice choice;
	cleanup_free char *qemu = NULL;
	struct err why = {0};

	*out = NULL;
	if (accel_choose(&choice, opt->accel, e) < 0 || appliance_find_qemu(&qemu, e) < 0 ||
		appliance_check_kernel("", e) < 0)
		return -1;
	if (start_with(out, opt, &choice, qemu, &why) == 0)
		return 0;
	bool asked = opt->accel && strcmp(opt->accel, "kvm") == 0;
	if (choice.accel == ACCEL_KVM && !asked && why.kind != ERR_IO && !watch_signal()) {
		log_warn("the appliance does not start with KVM (%s); once more without", why.msg);
		accel_distrust_kvm("the appliance did not start with KVM");
		if (accel_choose(&choice, "tcg", e) < 0)
			return -1;
		snprintf(choice.reason, sizeof(choice.reason), "%s",
			"the appliance did not start with KVM");
		err_clear(&why);
		if (start_with(out, opt, &choice, qemu, &why) == 0)
			return 0;
	}
	return err_set(e, why.kind, "%s", why.msg);
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
	if (a->watch)
		watch_arm(a->watch, CLOSE_S);
	if (a->g)
		guestfs_close(a->g);
	watch_stop(a->watch);
	tempdir_remove(&a->temp);
	progress_free(a->progress);
	buf_release(&a->log);
	free(a->packages_made);
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
