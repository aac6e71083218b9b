/* customize: a copy of the image's disk is changed in an appliance, read again, and built anew. */
#include <stdint.h>
#include <stdlib.h>

#include "appliance/appliance.h"
#include "appliance/customize.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "check.h"
#include "export.h"
#include "guest/sysprep.h"
#include "image.h"
#include "options.h"
#include "rebuild.h"

struct work {
	const struct guest_cli *o;
	const char *image;
	const char *output; /* NULL: none is asked for */
	struct ops ops;
	int disk_fd;     /* the copy, without a name */
	int packages_fd; /* a file system with the packages, -1: none is needed */
	int64_t epoch_s;
	struct sshd_answer sshd;
};

static void work_release(struct work *w)
{
	ops_release(&w->ops);
	mem_close_fd(&w->disk_fd);
	mem_close_fd(&w->packages_fd);
	sshd_answer_release(&w->sshd);
}
#define cleanup_work __attribute__((cleanup(work_release)))

static int load_operations(struct work *w, struct err *e)
{
	const struct guest_cli *o = w->o;

	for (size_t i = 0; i < o->config.n; i++) {
		if (ops_load(&w->ops, o->config.items[i], e) < 0)
			return -1;
	}
	if (ops_add_options(&w->ops, &o->ops, e) < 0)
		return -1;
	if (w->ops.n == 0 && !o->sysprep)
		return err_set(e, ERR_USAGE,
			"customize: no operations; give them in a file with -c, or as options");
	return 0;
}

/* Something must come out. */
static int check_outputs(struct work *w, struct err *e)
{
	const struct guest_cli *o = w->o;

	if (!o->output && !o->in_place && !o->export_root)
		return err_set(e, ERR_USAGE,
			"customize: say where the result goes: -o FILE, --in-place or --export "
			"FILE");
	if ((o->export_esp || o->identity) && !o->export_root)
		return err_set(
			e, ERR_USAGE, "customize: --export-esp and --identity go with --export");
	if (o->check && !o->output && !o->in_place)
		return err_set(e, ERR_USAGE, "customize: --check needs an image to write");
	if (o->check && check_reports(o, e) < 0)
		return -1;
	if (!o->output && !o->in_place)
		return 0;
	return rebuild_output(o, w->image, &w->output, e);
}

static int copy_disk(struct work *w, struct err *e)
{
	struct raw_options raw;
	uint64_t size_bytes;

	if (image_options(w->o, w->image, &raw, e) < 0)
		return -1;
	w->disk_fd = io_open_temp(NULL, e);
	return w->disk_fd < 0 ? -1 : raw_copy(&raw, w->disk_fd, &size_bytes, e);
}

/* Mount what the guest's own fstab mounts. */
static int mount_guest(struct appliance *a, const struct guest *g, struct err *e)
{
	if (appliance_mount(a, g->root_part->number, "/", e) < 0)
		return -1;
	for (size_t i = 0; i < g->n_mounts; i++) {
		if (appliance_mount(a, g->mounts[i].number, g->mounts[i].dir, e) < 0)
			return -1;
	}
	return 0;
}

static int run_operations(
	struct work *w, const struct guest *g, const struct customize_options *opt, struct err *e)
{
	cleanup_appliance struct appliance *a = NULL;
	const struct appliance_options start = {.disk_fd = w->disk_fd,
		.packages_fd = w->packages_fd,
		.accel = w->o->accel,
		.progress = w->o->common.progress};

	if (appliance_start(&a, &start, e) < 0)
		return -1;
	log_note("appliance: %s (%s)", accel_name(appliance_accel(a)->accel),
		appliance_accel(a)->reason);
	if (mount_guest(a, g, e) < 0 || customize_apply(a, &w->ops, opt, e) < 0)
		return -1;
	if (w->o->check && sshd_answer_run(&w->sshd, a, e) < 0)
		return -1;
	return appliance_stop(a, e);
}

static int make_packages(struct work *w, struct err *e)
{
	if (!customize_needs_packages(&w->ops))
		return 0;
	w->packages_fd = io_open_temp(NULL, e);
	return w->packages_fd < 0 ? -1
				  : customize_make_packages(w->o->packages_dir, w->packages_fd, e);
}

/* Look at the disk as it is, and change it. */
static int change_disk(struct work *w, struct err *e)
{
	cleanup_guest struct guest *g = NULL;
	cleanup_facts struct facts *f = NULL;

	if (guest_open_fd(&g, w->disk_fd, w->image, INT64_MAX, e) < 0 || facts_load(&f, g, e) < 0)
		return -1;
	if (rebuild_epoch(w->o, g, &w->epoch_s, e) < 0)
		return -1;
	struct customize_options opt = {.facts = f,
		.packages_dir = w->o->packages_dir,
		.epoch_s = w->epoch_s,
		.timeout_s = (unsigned)w->o->timeout_s};
	if (w->output && rebuild_check(g, w->image, e) < 0)
		return -1;
	if (w->ops.n == 0)
		return 0;
	if (customize_check(&w->ops, &opt, e) < 0 || make_packages(w, e) < 0)
		return -1;
	return run_operations(w, g, &opt, e);
}

/* The operations asked for, less those that would undo what was asked for just now. */
static int choose_cleaning(const struct work *w, struct strv *operations, struct err *e)
{
	for (size_t i = 0; i < w->o->operations.n; i++) {
		if (strv_add(operations, w->o->operations.items[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < w->ops.n; i++) {
		enum op_kind kind = w->ops.items[i].kind;

		if ((kind == OP_HOSTNAME && strv_add(operations, "-hostname", e) < 0) ||
			(kind == OP_SSH_INJECT && strv_add(operations, "-ssh-userdir", e) < 0))
			return -1;
	}
	return 0;
}

static int clean(const struct work *w, struct guest *g, struct err *e)
{
	cleanup_strv struct strv operations = {0};
	struct sysprep_plan plan = {0};
	int rc = choose_cleaning(w, &operations, e);

	if (rc == 0)
		rc = sysprep_plan(&plan, g, &operations, e);
	if (rc == 0)
		rc = sysprep_apply(&plan, g, e);
	if (rc == 0)
		log_note("sysprep: %zu files cleaned", plan.n);
	sysprep_plan_release(&plan);
	return rc;
}

/* Hold the disk that is going to be the image to the policy. */
static int check_disk(const struct work *w, int fd, struct err *e)
{
	cleanup_guest struct guest *g = NULL;
	cleanup_facts struct facts *f = NULL;

	if (guest_open_fd(&g, fd, w->image, INT64_MAX, e) < 0 || facts_load(&f, g, e) < 0)
		return -1;
	return check_guest(w->o, w->output, g, f, &w->sshd, e);
}

static int write_image(const struct work *w, struct guest *g, struct err *e)
{
	cleanup_close int fd = -1;

	if (rebuild_disk(w->o, g, w->image, w->epoch_s, &fd, e) < 0)
		return -1;
	if (w->o->check && check_disk(w, fd, e) < 0)
		return -1;
	return rebuild_write(w->o, fd, w->image, w->output, e);
}

int customize_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct guest_cli *o = opts;
	cleanup_work struct work w = {
		.o = o, .image = operands[0], .disk_fd = -1, .packages_fd = -1};
	cleanup_guest struct guest *g = NULL;

	(void)n;
	if (load_operations(&w, e) < 0 || check_outputs(&w, e) < 0 || copy_disk(&w, e) < 0 ||
		change_disk(&w, e) < 0 || guest_open_fd(&g, w.disk_fd, w.image, w.epoch_s, e) < 0)
		return -1;
	if (o->sysprep && clean(&w, g, e) < 0)
		return -1;
	if (o->export_root && export_guest(g, o->export_root, o->export_esp, o->identity,
				      o->common.progress, e) < 0)
		return err_prefix(e, "%s", w.image);
	return w.output ? write_image(&w, g, e) : 0;
}
