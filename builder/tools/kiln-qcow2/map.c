#include "image/qcow2_map.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/qcow2_check.h"
#include "options.h"
#include "json/json.h"

static int add_json(struct json *list, const struct qcow2_run *run, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);

	if (!j || json_set_int(j, "bytes", (int64_t)run->bytes, e) < 0 ||
		json_set_text(j, "kind", qcow2_kind_name(run->kind), e) < 0 ||
		json_set_int(j, "length", (int64_t)run->len, e) < 0 ||
		(run->offset && json_set_int(j, "offset", (int64_t)run->offset, e) < 0) ||
		json_set_int(j, "start", (int64_t)run->start, e) < 0)
		return -1;
	return json_add(list, steal_ptr(&j), e);
}

static int add_text(struct buf *out, const struct qcow2_run *run, struct err *e)
{
	if (buf_printf(out, e, "%-16" PRIu64 " %-16" PRIu64 " %-10s", run->start, run->len,
		    qcow2_kind_name(run->kind)) < 0)
		return -1;
	if (!run->offset)
		return buf_puts(out, " -                -\n", e);
	return buf_printf(out, e, " %-16" PRIu64 " %" PRIu64 "\n", run->offset, run->bytes);
}

/* Either list or out takes the runs. */
static int add_runs(
	const struct qcow2_image *img, struct json *list, struct buf *out, struct err *e)
{
	struct qcow2_map map;
	struct qcow2_run run;
	bool found = true;
	int rc = qcow2_map_init(&map, img, e);

	while (rc == 0 && (rc = qcow2_map_next(&map, &run, &found, e)) == 0 && found)
		rc = list ? add_json(list, &run, e) : add_text(out, &run, e);
	qcow2_map_release(&map);
	return rc;
}

static int write_map(
	const struct qcow2_cli *o, const struct qcow2_image *img, struct buf *out, struct err *e)
{
	cleanup_json struct json *list = NULL;

	if (!o->json) {
		if (buf_printf(out, e, "%-16s %-16s %-10s %-16s %s\n", "start", "length", "kind",
			    "offset", "bytes") < 0)
			return -1;
		return add_runs(img, NULL, out, e);
	}
	list = json_new_array(e);
	if (!list || add_runs(img, list, NULL, e) < 0)
		return -1;
	return json_write(list, out, e);
}

static int open_image(const struct qcow2_cli *o, int fd, struct qcow2_image *img, struct err *e)
{
	if (qcow2_image_open(img, fd, QCOW2_RULE_ANY, e) < 0 || qcow2_check_owners(img, e) < 0)
		return -1;
	return o->snapshot ? qcow2_image_choose(img, o->snapshot, e) : 0;
}

int map_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	cleanup_buf struct buf out = {0};
	struct qcow2_image img = {0};

	(void)n;
	cleanup_close int fd = io_open_read(operands[0], e);
	if (fd < 0)
		return -1;
	int rc = open_image(o, fd, &img, e);
	if (rc == 0)
		rc = write_map(o, &img, &out, e);
	if (rc < 0)
		err_prefix(e, "%s", operands[0]);
	qcow2_image_release(&img);
	return rc < 0 ? -1 : io_write_full(STDOUT_FILENO, out.data, out.len, e);
}
