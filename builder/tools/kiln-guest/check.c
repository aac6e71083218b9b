#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "check.h"
#include "check_sshd.h"
#include "guest/policy.h"
#include "image.h"
#include "options.h"

static int print(const struct buf *text, struct err *e)
{
	return io_write_full(STDOUT_FILENO, buf_str(text), text->len, e);
}

static int list_checks(struct err *e)
{
	const struct policy_check_info *check;
	cleanup_buf struct buf text = {0};

	for (size_t i = 0; (check = policy_check_at(i)); i++) {
		if (buf_printf(&text, e, "%-8s %-8s %s\n         remedy: %s\n", check->id,
			    policy_severity_name(check->severity), check->title, check->remedy) < 0)
			return -1;
	}
	return print(&text, e);
}

typedef int write_fn(
	const struct policy_report *r, const char *image, struct buf *out, struct err *e);

/* "-" is standard output, which then has nothing else. */
static int write_report(const char *path, write_fn *fn, const struct policy_report *r,
	const char *image, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (!path)
		return 0;
	if (fn(r, image, &text, e) < 0)
		return -1;
	if (strcmp(path, "-") == 0)
		return print(&text, e);
	return outfile_write(path, 0644, buf_str(&text), text.len, e);
}

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static int report(
	const struct guest_cli *o, const char *path, const struct policy_report *r, struct err *e)
{
	const char *image = io_basename(path);
	cleanup_buf struct buf text = {0};

	if (write_report(o->json_file, policy_write_json, r, image, e) < 0 ||
		write_report(o->junit, policy_write_junit, r, image, e) < 0)
		return -1;
	if (is_stdout(o->json_file) || is_stdout(o->junit))
		return 0;
	return policy_write_text(r, image, o->all, &text, e) < 0 ? -1 : print(&text, e);
}

int check_guest(const struct guest_cli *o, const char *path, struct guest *g, const struct facts *f,
	const struct sshd_answer *sshd, struct err *e)
{
	const struct policy_options opt = {.allow_setuid = o->allow_setuid,
		.allow_units = o->allow_units,
		.allow_sudoers = o->allow_sudoers,
		.canaries = o->canaries,
		.sshd_settings = sshd->settings,
		.sshd_source = sshd->source,
		.sshd_fault = sshd->fault,
		.lima = !o->no_lima};
	struct policy_report r = {0};
	int rc = policy_run(&r, g, f, &opt, e);

	if (rc < 0)
		err_prefix(e, "%s", path);
	else
		rc = report(o, path, &r, e);
	if (rc == 0 && r.n_failed > 0) {
		e->kind = ERR_CHECK;
		rc = -1;
	}
	policy_report_release(&r);
	return rc;
}

static int check_image(const struct guest_cli *o, const char *path, struct err *e)
{
	cleanup_guest struct guest *g = NULL;
	cleanup_facts struct facts *f = NULL;
	cleanup_sshd_answer struct sshd_answer sshd = {0};
	struct raw_options raw;

	if (image_options(o, path, &raw, e) < 0 || guest_open(&g, &raw, INT64_MAX, e) < 0)
		return -1;
	if (facts_load(&f, g, e) < 0)
		return err_prefix(e, "%s", path);
	if (strcmp(o->appliance, "auto") == 0 &&
		sshd_answer_get(&sshd, g, f, o->common.progress, e) < 0)
		return -1;
	return check_guest(o, path, g, f, &sshd, e);
}

int check_reports(const struct guest_cli *o, struct err *e)
{
	if (is_stdout(o->json_file) && is_stdout(o->junit))
		return err_set(e, ERR_USAGE, "--json and --junit both want standard output");
	return 0;
}

int check_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct guest_cli *o = opts;

	if (o->list)
		return list_checks(e);
	if (n != 1)
		return err_set(e, ERR_USAGE, "check: name the image");
	if (strcmp(o->appliance, "auto") != 0 && strcmp(o->appliance, "never") != 0)
		return err_set(
			e, ERR_USAGE, "--appliance: '%s' is neither auto nor never", o->appliance);
	if (check_reports(o, e) < 0)
		return -1;
	return check_image(o, operands[0], e);
}
