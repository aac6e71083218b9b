#include <string.h>

#include "appliance/customize_private.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

#define LINE_MAX_SHOWN 1000
#define SCRIPT_MAX ((size_t)1 << 20)
#define FIRSTBOOT_DIR "/usr/lib/limekiln/firstboot.d"
#define FIRSTBOOT_RUNNER "/usr/lib/limekiln/firstboot"

/* Say the guest's output line by line; that of a command which failed is said when quiet, too. */
static void say_output(const struct buf *out, bool failed)
{
	const char *p = buf_str(out);
	const char *end = p + out->len;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline ? (size_t)(newline - p) : (size_t)(end - p);
		int shown = (int)(len < LINE_MAX_SHOWN ? len : LINE_MAX_SHOWN);

		if (failed)
			log_warn("guest: %.*s", shown, p);
		else
			log_note("guest: %.*s", shown, p);
		p += len + (newline != NULL);
	}
}

int customize_shell(struct customize *c, const char *script, const struct strv *env,
	unsigned timeout_s, struct err *e)
{
	cleanup_strv struct strv all = {0};
	cleanup_buf struct buf out = {0};
	int status = 0;

	if (timeout_s == 0)
		timeout_s = c->opt->timeout_s ? c->opt->timeout_s : CUSTOMIZE_TIMEOUT_S;
	if (strv_addf(&all, e, "SOURCE_DATE_EPOCH=%lld", (long long)c->opt->epoch_s) < 0)
		return -1;
	for (size_t i = 0; env && i < env->n; i++) {
		if (strv_add(&all, env->items[i], e) < 0)
			return -1;
	}
	int rc = appliance_run(
		c->a, script, (const char *const *)all.items, timeout_s, &out, &status, e);
	say_output(&out, rc < 0 || status != 0);
	if (rc < 0 && e && e->kind == ERR_CHECK)
		return err_set(e, ERR_CHECK,
			"the command did not end within %u s; give it a longer timeout", timeout_s);
	if (rc < 0)
		return -1;
	if (status != 0)
		return err_set(e, ERR_CHECK, "the command failed with exit status %d%s", status,
			out.len > 0 ? " (its output is above)" : "");
	return 0;
}

int customize_op_run(struct customize *c, const struct op *op, struct err *e)
{
	return customize_shell(c, op->content, &op->names, op->timeout_s, e);
}

/* Runs at boot: every script once, in order. One that fails is kept, with those after it, for the
 * next boot; when none is left nothing starts this again. */
static const char runner[] =
	"#!/bin/sh\n"
	"# Run the scripts for the first boot in order, each until it succeeds.\n"
	"for script in " FIRSTBOOT_DIR "/*; do\n"
	"	[ -f \"$script\" ] || continue\n"
	"	\"$script\" </dev/null || exit\n"
	"	rm -f \"$script\"\n"
	"done\n"
	"rm -f /etc/systemd/system/multi-user.target.wants/"
	"limekiln-firstboot.service\n"
	"rm -f /etc/runlevels/default/limekiln-firstboot\n";

static const char unit[] = "[Unit]\n"
			   "Description=Scripts for the first boot\n"
			   "After=network.target\n"
			   "ConditionDirectoryNotEmpty=" FIRSTBOOT_DIR "\n"
			   "\n"
			   "[Service]\n"
			   "Type=oneshot\n"
			   "ExecStart=" FIRSTBOOT_RUNNER "\n"
			   "TimeoutStartSec=infinity\n"
			   "\n"
			   "[Install]\n"
			   "WantedBy=multi-user.target\n";

static const char rc_script[] = "#!/sbin/openrc-run\n"
				"description=\"Scripts for the first boot\"\n"
				"\n"
				"depend() {\n"
				"	need localmount\n"
				"	after bootmisc net\n"
				"}\n"
				"\n"
				"start() {\n"
				"	ebegin \"Running the scripts for the first boot\"\n"
				"	" FIRSTBOOT_RUNNER "\n"
				"	eend $?\n"
				"}\n";

static int put_service(struct customize *c, struct err *e)
{
	enum facts_init init;
	int rc;

	if (customize_init(c, &init, e) < 0 ||
		customize_put(c, FIRSTBOOT_RUNNER, runner, strlen(runner), 0755, e) < 0)
		return -1;
	if (init == FACTS_INIT_OPENRC)
		rc = customize_put(
			c, "/etc/init.d/limekiln-firstboot", rc_script, strlen(rc_script), 0755, e);
	else
		rc = customize_put(c, "/usr/lib/systemd/system/limekiln-firstboot.service", unit,
			strlen(unit), 0644, e);
	return rc < 0 ? -1 : customize_enable(c, "limekiln-firstboot", e);
}

/* Scripts run in the order of the operations: "01-name", "02-name"... */
static int next_number(struct customize *c, unsigned *number, struct err *e)
{
	cleanup_buf struct buf names = {0};
	bool there;

	*number = 1;
	if (customize_exists(c, FIRSTBOOT_DIR, &there, e) < 0)
		return -1;
	if (!there)
		return 0;
	if (appliance_list(c->a, FIRSTBOOT_DIR, &names, e) < 0)
		return -1;
	for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1)
		*number += 1;
	return *number < 100 ? 0 : err_set(e, ERR_CHECK, "there are 99 scripts already");
}

int customize_op_firstboot(struct customize *c, const struct op *op, struct err *e)
{
	cleanup_buf struct buf script = {0};
	unsigned number;

	if (op->source ? io_read_file(op->source, SCRIPT_MAX, &script, e) < 0
		       : buf_puts(&script, op->content, e) < 0)
		return -1;
	cleanup_buf struct buf text = {0};
	if (strncmp(buf_str(&script), "#!", 2) != 0 && buf_puts(&text, "#!/bin/sh\n", e) < 0)
		return -1;
	if (buf_append(&text, buf_str(&script), script.len, e) < 0 ||
		next_number(c, &number, e) < 0)
		return -1;
	cleanup_free char *path = mem_printf(e, "%s/%02u-%s", FIRSTBOOT_DIR, number, op->name);
	if (!path || customize_put(c, path, buf_str(&text), text.len, 0755, e) < 0)
		return -1;
	return put_service(c, e);
}
