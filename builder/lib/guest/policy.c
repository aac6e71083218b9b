#include "guest/policy.h"

#include <stdlib.h>

#include "base/io.h"
#include "guest/policy_check.h"

#define ALLOW_MAX ((size_t)1024 * 1024)

static const struct policy_theme *const themes[] = {
	&policy_theme_ssh,
	&policy_theme_identity,
	&policy_theme_accounts,
	&policy_theme_sudo,
	&policy_theme_files,
	&policy_theme_services,
	&policy_theme_leaks,
	&policy_theme_packages,
	&policy_theme_sources,
	&policy_theme_disk,
	&policy_theme_boot,
	&policy_theme_lima,
	&policy_theme_lima_tools,
	&policy_theme_modules,
};

#define N_THEMES (sizeof(themes) / sizeof(themes[0]))

const struct policy_check_info *policy_check_at(size_t i)
{
	for (size_t t = 0; t < N_THEMES; t++) {
		if (i < themes[t]->n)
			return &themes[t]->checks[i].info;
		i -= themes[t]->n;
	}
	return NULL;
}

const char *policy_severity_name(enum policy_severity severity)
{
	static const char *const names[] = {"note", "warning", "error"};

	return names[severity];
}

const char *policy_status_name(enum policy_status status)
{
	static const char *const names[] = {"passed", "failed", "broken", "skipped"};

	return names[status];
}

static int load_list(const char *path, struct strv *lines, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (!path)
		return 0;
	if (io_read_file(path, ALLOW_MAX, &text, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		if (strv_add(lines, line, e) < 0)
			return -1;
	}
	strv_sort(lines);
	return 0;
}

static int prepare(struct policy_ctx *c, struct err *e)
{
	cleanup_free struct tree_node **nodes = NULL;
	size_t n;

	if (tree_sort(c->g->root, &nodes, &n, e) < 0)
		return -1;
	if (c->g->esp) {
		free(steal_ptr(&nodes));
		if (tree_sort(c->g->esp, &nodes, &n, e) < 0)
			return -1;
	}
	if (load_list(c->opt->allow_setuid, &c->allow_setuid, e) < 0 ||
		load_list(c->opt->allow_units, &c->allow_units, e) < 0 ||
		load_list(c->opt->allow_sudoers, &c->allow_sudoers, e) < 0)
		return -1;
	if (sshd_config_load(&c->sshd, c->g->root, "/etc/ssh/sshd_config", &c->sshd_fault) < 0 &&
		c->sshd_fault.kind == ERR_INTERNAL) {
		*e = c->sshd_fault;
		return -1;
	}
	return 0;
}

static void ctx_release(struct policy_ctx *c)
{
	strv_release(&c->allow_setuid);
	strv_release(&c->allow_units);
	strv_release(&c->allow_sudoers);
	sshd_config_free(c->sshd);
	buf_release(&c->found);
}

/* The status, and in c->found what is to be said. */
static int run_check(struct policy_ctx *c, const struct policy_theme *t,
	const struct policy_check *check, enum policy_status *status, struct err *e)
{
	struct err fault = {0};

	if (t->lima && !c->opt->lima) {
		*status = POLICY_SKIPPED;
		return policy_say(c, e, "Lima's contract is not asked for");
	}
	if (check->run(c, &fault) < 0) {
		if (fault.kind == ERR_INTERNAL) {
			*e = fault;
			return -1;
		}
		*status = POLICY_BROKEN;
		return policy_say(c, e, "could not be checked: %s", fault.msg);
	}
	if (c->n_found > 0) {
		*status = POLICY_FAILED;
		return c->n_found <= POLICY_FOUND_MAX
			       ? 0
			       : policy_say(c, e, "and %zu more", c->n_found - POLICY_FOUND_MAX);
	}
	*status = c->skipped ? POLICY_SKIPPED : POLICY_PASSED;
	return c->skipped ? policy_say(c, e, "%s", c->skipped) : 0;
}

static void count_result(struct policy_report *r, const struct policy_result *item)
{
	bool failed = item->status == POLICY_FAILED;

	r->n_failed +=
		item->status == POLICY_BROKEN || (failed && item->check->severity == POLICY_ERROR);
	r->n_warnings += failed && item->check->severity != POLICY_ERROR;
	r->n_skipped += item->status == POLICY_SKIPPED;
}

static int run_all(struct policy_report *r, struct policy_ctx *c, struct err *e)
{
	for (size_t t = 0; t < N_THEMES; t++) {
		for (size_t i = 0; i < themes[t]->n; i++) {
			const struct policy_check *check = &themes[t]->checks[i];
			struct policy_result *item = &r->items[r->n];

			buf_release(&c->found);
			c->n_found = 0;
			c->skipped = NULL;
			if (run_check(c, themes[t], check, &item->status, e) < 0)
				return err_prefix(e, "%s", check->info.id);
			item->check = &check->info;
			item->found = buf_steal(&c->found, e);
			if (!item->found)
				return -1;
			r->n++;
			count_result(r, item);
		}
	}
	return 0;
}

int policy_run(struct policy_report *r, struct guest *g, const struct facts *f,
	const struct policy_options *opt, struct err *e)
{
	struct policy_ctx c = {.g = g, .f = f, .opt = opt};
	size_t n = 0;

	while (policy_check_at(n))
		n++;
	*r = (struct policy_report){.items = mem_array(n, sizeof(*r->items), e)};
	int rc = r->items && prepare(&c, e) == 0 ? run_all(r, &c, e) : -1;
	ctx_release(&c);
	return rc;
}

void policy_report_release(struct policy_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->items[i].found);
	free(r->items);
	*r = (struct policy_report){0};
}
