/* What kiln-plan prints about images: `list` and `summary`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "log.h"
#include "options.h"
#include "stages.h"
#include "json/json.h"

#define REPORT_MAX (1 << 20)

/* "3.0 GiB" */
static void format_size(int64_t bytes, char text[32])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static bool is_built(const struct image *im)
{
	cleanup_free char *sums = mem_printf(NULL, "%s/SHA256SUMS", im->image_dir);

	return sums && access(sums, F_OK) == 0;
}

/* One line of `list`, or one object of `list --json`. */
static int list_image(const struct image *im, struct json *array, struct err *e)
{
	bool locked = access(im->lock_path, F_OK) == 0;
	const char *dflt = im->recipe->is_default ? "yes" : "no";

	if (!array) {
		printf("%-12s %-8s %-8s %-7s %-6s %s\n", im->recipe->variant, im->arch->name, dflt,
			locked ? "yes" : "no", is_built(im) ? "yes" : "no",
			im->recipe->description);
		return 0;
	}
	cleanup_json struct json *o = json_new_object(e);
	if (!o || json_set_text(o, "variant", im->recipe->variant, e) < 0 ||
		json_set_text(o, "name", im->recipe->name, e) < 0 ||
		json_set_text(o, "description", im->recipe->description, e) < 0 ||
		json_set_text(o, "arch", im->arch->name, e) < 0 ||
		json_set_text(o, "default", dflt, e) < 0 ||
		json_set_text(o, "locked", locked ? "yes" : "no", e) < 0 ||
		json_set_text(o, "built", is_built(im) ? "yes" : "no", e) < 0)
		return -1;
	return json_add(array, steal_ptr(&o), e);
}

static int list_variant(
	const struct options *o, const char *variant, struct json *array, struct err *e)
{
	struct plan_paths paths = options_paths(o);
	cleanup_recipe struct recipe *r = NULL;
	struct strv none = {0};

	if (recipe_load(&r, o->root, variant, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n_arches; i++) {
		struct image im = {0};
		int rc = image_open(&im, &paths, variant, r->arches[i].name, &none, e);

		if (rc == 0)
			rc = list_image(&im, array, e);
		image_release(&im);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int print_json(const struct json *j, struct err *e)
{
	cleanup_buf struct buf out = {0};

	if (json_write(j, &out, e) < 0)
		return -1;
	fputs(buf_str(&out), stdout);
	return 0;
}

int command_list(void *opts, char **operands, size_t n, struct err *e)
{
	const struct options *o = opts;
	cleanup_strv struct strv variants = {0};
	cleanup_json struct json *array = o->json ? json_new_array(e) : NULL;

	(void)operands;
	(void)n;
	if ((o->json && !array) || recipe_list(&variants, o->root, e) < 0)
		return -1;
	if (!o->json)
		printf("%-12s %-8s %-8s %-7s %-6s %s\n", "variant", "arch", "default", "locked",
			"built", "description");
	for (size_t i = 0; i < variants.n; i++) {
		if (list_variant(o, variants.items[i], array, e) < 0)
			return -1;
	}
	return array ? print_json(array, e) : 0;
}

/* What is known about a finished image. */
struct facts {
	int64_t virtual_size;
	int64_t file_size;
	const char *sha256; /* borrowed from report */
	struct json *report;
};

static int load_facts(struct facts *f, const struct image *im, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/qcow2.json", im->work_dir);

	if (!path)
		return -1;
	if (!is_built(im) || access(path, F_OK) < 0)
		return err_set(e, ERR_CHECK, "%s: not built; run `just build-lima-images %s`",
			im->image_dir, im->recipe->variant);
	if (json_load(&f->report, path, REPORT_MAX, e) < 0 ||
		json_need_int(f->report, "virtual_size", path, 0, INT64_MAX, &f->virtual_size, e) <
			0 ||
		json_need_int(f->report, "file_size", path, 0, INT64_MAX, &f->file_size, e) < 0)
		return -1;
	return json_need_text(f->report, "sha256", path, &f->sha256, e);
}

static int print_row(
	const struct image *im, const struct facts *f, const struct ninja_log *log, struct err *e)
{
	char virtual_size[32];
	char file_size[32];

	format_size(f->virtual_size, virtual_size);
	format_size(f->file_size, file_size);
	printf("%-12s %-8s %10s %10s", im->recipe->variant, im->arch->name, virtual_size,
		file_size);
	for (size_t i = 0; stages_name(i); i++) {
		cleanup_free char *output = stages_log_file(im, i, e);
		uint64_t ms;

		if (!output)
			return -1;
		if (ninja_log_find(log, output, &ms))
			printf(" %7.1fs", (double)ms / 1000);
		else
			printf(" %8s", "-");
	}
	printf("  %s\n", f->sha256);
	return 0;
}

static int add_row(struct json *array, const struct image *im, const struct facts *f,
	const struct ninja_log *log, struct err *e)
{
	cleanup_json struct json *o = json_new_object(e);
	cleanup_json struct json *times = json_new_object(e);

	for (size_t i = 0; times && stages_name(i); i++) {
		cleanup_free char *output = stages_log_file(im, i, e);
		uint64_t ms;

		if (!output || (ninja_log_find(log, output, &ms) &&
				       json_set_int(times, stages_name(i), (int64_t)ms, e) < 0))
			return -1;
	}
	if (!o || !times || json_set_text(o, "variant", im->recipe->variant, e) < 0 ||
		json_set_text(o, "arch", im->arch->name, e) < 0 ||
		json_set_text(o, "folder", im->image_dir, e) < 0 ||
		json_set_int(o, "virtual_size", f->virtual_size, e) < 0 ||
		json_set_int(o, "file_size", f->file_size, e) < 0 ||
		json_set_text(o, "sha256", f->sha256, e) < 0 ||
		json_set(o, "stage_ms", steal_ptr(&times), e) < 0)
		return -1;
	return json_add(array, steal_ptr(&o), e);
}

static void print_header(void)
{
	printf("%-12s %-8s %10s %10s", "variant", "arch", "virtual", "file");
	for (size_t i = 0; stages_name(i); i++)
		printf(" %8s", stages_name(i));
	printf("  sha256\n");
}

static int print_summary(const struct image *images, size_t n, const struct ninja_log *log,
	struct json *array, struct err *e)
{
	if (!array)
		print_header();
	for (size_t i = 0; i < n; i++) {
		struct facts f = {0};
		int rc = load_facts(&f, &images[i], e);

		if (rc == 0)
			rc = array ? add_row(array, &images[i], &f, log, e)
				   : print_row(&images[i], &f, log, e);
		json_free(f.report);
		if (rc < 0)
			return -1;
	}
	if (array)
		return print_json(array, e);
	for (size_t i = 0; i < n; i++)
		printf("%s/\n", images[i].image_dir);
	return 0;
}

int command_summary(void *opts, char **variants, size_t n_variants, struct err *e)
{
	const struct options *o = opts;
	struct plan_paths paths = options_paths(o);
	cleanup_json struct json *array = o->json ? json_new_array(e) : NULL;
	struct ninja_log log = {0};
	struct image *images;
	size_t n;
	int rc = -1;

	if ((o->json && !array) ||
		images_open(&images, &n, &paths, variants, n_variants, o->arch, &o->with, e) < 0)
		return -1;
	if (ninja_log_load(&log, o->out, e) == 0)
		rc = print_summary(images, n, &log, array, e);
	ninja_log_release(&log);
	images_free(images, n);
	return rc;
}
