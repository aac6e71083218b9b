#include "check_sshd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "appliance/appliance.h"
#include "base/mem.h"
#include "guest/sshd_memory.h"

enum { TIMEOUT_S = 120 };

/* Nothing reaches the disk, which is mounted read-only: host keys that sshd wants to see, and the
 * folder for its privileges, lie in memory. */
static const char script[] = "umask 022\n"
			     "mount -t tmpfs none /run || exit 1\n"
			     "mkdir -p /run/sshd /run/kiln || exit 1\n"
			     "ssh-keygen -q -t ed25519 -N '' -f /run/kiln/key || exit 1\n"
			     "/usr/sbin/sshd -T -h /run/kiln/key\n"
			     "status=$?\n"
			     "umount /run\n"
			     "exit $status\n";

void sshd_answer_release(struct sshd_answer *a)
{
	free(a->settings);
	free(a->source);
	free(a->fault);
	*a = (struct sshd_answer){0};
}

/* Note why it was not asked. */
static int say_why(struct sshd_answer *a, const char *why, struct err *e)
{
	a->source = mem_printf(e, "sshd -T was not run: %s", why);
	return a->source ? 0 : -1;
}

/* The last line of text. */
static const char *last_line(struct buf *text)
{
	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = 0;
	const char *newline = text->data ? strrchr(text->data, '\n') : NULL;

	return newline ? newline + 1 : buf_str(text);
}

int sshd_answer_run(struct sshd_answer *a, struct appliance *appliance, struct err *e)
{
	cleanup_buf struct buf out = {0};
	int status = 0;

	struct err fault = {0};

	if (appliance_run(appliance, script, NULL, TIMEOUT_S, &out, &status, &fault) < 0) {
		if (fault.kind == ERR_INTERNAL) {
			*e = fault;
			return -1;
		}
		a->fault = mem_strdup(fault.msg, e);
		return a->fault ? 0 : -1;
	}
	if (status != 0) {
		a->fault = mem_printf(e, "exit status %d: %s", status, last_line(&out));
		return a->fault ? 0 : -1;
	}
	a->settings = buf_steal(&out, e);
	a->source = mem_printf(e, "sshd -T was run in the guest (%s)",
		accel_name(appliance_accel(appliance)->accel));
	return a->settings && a->source ? 0 : -1;
}

static int ask(
	struct sshd_answer *a, const struct guest *g, enum progress_mode progress, struct err *e)
{
	const struct appliance_options opt = {
		.disk_fd = g->fd, .packages_fd = -1, .read_only = true, .progress = progress};
	cleanup_appliance struct appliance *appliance = NULL;
	struct err fault = {0};

	if (appliance_start(&appliance, &opt, &fault) < 0) {
		if (fault.kind == ERR_UNSUPPORTED)
			return say_why(a, fault.msg, e);
		*e = fault;
		return -1;
	}
	if (appliance_mount(appliance, g->root_part->number, "/", e) < 0 ||
		sshd_answer_run(a, appliance, e) < 0)
		return -1;
	return appliance_stop(appliance, e);
}

int sshd_answer_get(struct sshd_answer *a, struct guest *g, const struct facts *f,
	enum progress_mode progress, struct err *e)
{
	char key[SHA256_HEX_SIZE];
	struct utsname host;
	bool known;

	if (uname(&host) < 0 || strcmp(host.machine, f->arch) != 0)
		return say_why(a, "the guest has another architecture than this machine", e);
	if (sshd_memory_key(g, key, &known, e) < 0)
		return -1;
	a->settings = known ? sshd_memory_recall(key) : NULL;
	if (a->settings) {
		a->source = mem_strdup(
			"sshd -T was run before in a guest with the same sshd, configuration, "
			"accounts and packages",
			e);
		return a->source ? 0 : -1;
	}
	if (ask(a, g, progress, e) < 0)
		return -1;
	if (known && a->settings)
		sshd_memory_keep(key, a->settings);
	return 0;
}
