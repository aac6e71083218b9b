#include "guest/sysprep.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "image.h"
#include "options.h"
#include "rebuild.h"
#include "json/json.h"

static const char *action_name(enum sysprep_action action)
{
	static const char *const names[] = {
		[SYSPREP_DELETE] = "delete", [SYSPREP_EMPTY] = "empty", [SYSPREP_EDIT] = "edit"};

	return names[action];
}

static int write_list(struct buf *out, struct err *e)
{
	const char *name, *summary;
	bool by_default;

	for (size_t i = 0; (name = sysprep_operation(i, &summary, &by_default)); i++) {
		if (buf_printf(out, e, "%-24s %c %s\n", name, by_default ? '*' : ' ', summary) < 0)
			return -1;
	}
	return 0;
}

static int write_json_list(struct buf *out, struct err *e)
{
	cleanup_json struct json *list = json_new_array(e);
	const char *name, *summary;
	bool by_default;

	if (!list)
		return -1;
	for (size_t i = 0; (name = sysprep_operation(i, &summary, &by_default)); i++) {
		cleanup_json struct json *j = json_new_object(e);

		if (!j || json_set_text(j, "name", name, e) < 0 ||
			json_set_text(j, "summary", summary, e) < 0 ||
			json_set_text(j, "default", by_default ? "on" : "off", e) < 0 ||
			json_add(list, steal_ptr(&j), e) < 0)
			return -1;
	}
	return json_write(list, out, e);
}

static int write_plan(const struct sysprep_plan *p, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct sysprep_item *item = &p->items[i];

		if (buf_printf(out, e, "%-6s %s", action_name(item->action),
			    item->on_esp ? "esp:" : "") < 0 ||
			buf_put_escaped(out, item->path, strlen(item->path), e) < 0 ||
			buf_printf(out, e, "  (%s: %s)\n", item->operation, item->reason) < 0)
			return -1;
	}
	return 0;
}

static struct json *item_json(const struct sysprep_item *item, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	cleanup_buf struct buf path = {0};

	if (!j || buf_put_escaped(&path, item->path, strlen(item->path), e) < 0 ||
		json_set_text(j, "path", buf_str(&path), e) < 0 ||
		json_set_text(j, "on", item->on_esp ? "esp" : "root", e) < 0 ||
		json_set_text(j, "action", action_name(item->action), e) < 0 ||
		json_set_text(j, "operation", item->operation, e) < 0 ||
		json_set_text(j, "reason", item->reason, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static int write_json_plan(const struct sysprep_plan *p, struct buf *out, struct err *e)
{
	cleanup_json struct json *list = json_new_array(e);

	if (!list)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (json_add(list, item_json(&p->items[i], e), e) < 0)
			return -1;
	}
	return json_write(list, out, e);
}

static int list_operations(const struct guest_cli *o, struct err *e)
{
	cleanup_buf struct buf out = {0};

	if ((o->json ? write_json_list(&out, e) : write_list(&out, e)) < 0)
		return -1;
	fwrite(buf_str(&out), 1, out.len, stdout);
	return 0;
}

/* With a plan made: say it, and unless it is a rehearsal, do it. */
static int run_plan(const struct guest_cli *o, const char *image, const char *output,
	struct guest *g, const struct sysprep_plan *plan, struct err *e)
{
	cleanup_buf struct buf out = {0};
	cleanup_close int fd = -1;
	int64_t epoch_s;

	if (o->json ? write_json_plan(plan, &out, e) < 0
		    : (o->dry_run && write_plan(plan, &out, e) < 0))
		return -1;
	if (!o->dry_run) {
		if (rebuild_epoch(o, g, &epoch_s, e) < 0 || sysprep_apply(plan, g, e) < 0 ||
			rebuild_disk(o, g, image, epoch_s, &fd, e) < 0 ||
			rebuild_write(o, fd, image, output, e) < 0)
			return -1;
		log_note("%s: %zu files cleaned", image, plan->n);
	}
	fwrite(buf_str(&out), 1, out.len, stdout);
	return 0;
}

int sysprep_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct guest_cli *o = opts;
	cleanup_guest struct guest *g = NULL;
	struct sysprep_plan plan = {0};
	const char *output = NULL;
	int rc;

	if (o->list_operations)
		return list_operations(o, e);
	if (n == 0)
		return err_set(e, ERR_USAGE, "sysprep: name the image");
	if (o->dry_run && (o->output || o->in_place))
		return err_set(e, ERR_USAGE,
			"sysprep: --dry-run writes no image; leave out -o and --in-place");
	if (!o->dry_run && rebuild_output(o, operands[0], &output, e) < 0)
		return -1;
	if (image_open(o, operands[0], &g, e) < 0 ||
		(!o->dry_run && rebuild_check(g, operands[0], e) < 0))
		return -1;
	rc = sysprep_plan(&plan, g, &o->operations, e);
	if (rc == 0)
		rc = run_plan(o, operands[0], output, g, &plan, e);
	sysprep_plan_release(&plan);
	return rc;
}
