#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "options.h"
#include "sums.h"
#include "json/json.h"

#define MANIFEST_SCHEMA "limekiln-manifest-1"
#define INFO_MAX (16 << 20)

/* Members that are the manifest's own. */
static bool is_own_member(const char *name)
{
	return strcmp(name, "schema") == 0 || strcmp(name, "files") == 0 ||
	       strcmp(name, "configuration") == 0 || strcmp(name, "check") == 0;
}

/* Cut "NAME=FILE" in two; *name is the caller's to free, the result points into text. */
static const char *split(const char *text, const char *option, char **name, struct err *e)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1]) {
		err_set(e, ERR_USAGE, "%s '%s': must be NAME=FILE", option, text);
		return NULL;
	}
	*name = mem_strndup(text, (size_t)(equals - text), e);
	return *name ? equals + 1 : NULL;
}

static int add_infos(struct json *manifest, const struct strv *infos, struct err *e)
{
	for (size_t i = 0; i < infos->n; i++) {
		cleanup_free char *name = NULL;
		struct json *info = NULL;
		const char *path = split(infos->items[i], "--info", &name, e);

		if (!path)
			return -1;
		if (is_own_member(name) || json_get(manifest, name))
			return err_set(
				e, ERR_USAGE, "--info '%s': '%s' is taken", infos->items[i], name);
		if (json_load(&info, path, INFO_MAX, e) < 0 ||
			json_set(manifest, name, info, e) < 0)
			return -1;
	}
	return 0;
}

static int add_config(struct json *manifest, const struct strv *configs, struct err *e)
{
	cleanup_json struct json *o = json_new_object(e);

	if (!o)
		return -1;
	for (size_t i = 0; i < configs->n; i++) {
		cleanup_free char *name = NULL;
		char hex[SHA256_HEX_SIZE];
		const char *path = split(configs->items[i], "--config", &name, e);

		if (!path || sha256_file_hex(path, hex, NULL, e) < 0 ||
			json_set_text(o, name, hex, e) < 0)
			return -1;
	}
	return json_set(manifest, "configuration", steal_ptr(&o), e);
}

/* How many checks the policy made and how many failed. What was skipped depends on the machine. */
static int add_check(struct json *manifest, const char *path, struct err *e)
{
	static const char *const numbers[] = {"checks", "failed"};
	cleanup_json struct json *o = json_new_object(e);
	cleanup_json struct json *report = NULL;
	int64_t n;

	if (!path)
		return 0;
	if (!o || json_load(&report, path, INFO_MAX, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (json_need_int(report, numbers[i], path, 0, INT32_MAX, &n, e) < 0 ||
			json_set_int(o, numbers[i], n, e) < 0)
			return -1;
	}
	return json_set(manifest, "check", steal_ptr(&o), e);
}

static int add_files(struct json *manifest, const struct sums *sums, struct err *e)
{
	cleanup_json struct json *array = json_new_array(e);

	if (!array)
		return -1;
	for (size_t i = 0; i < sums->n; i++) {
		const struct sum *s = &sums->items[i];
		cleanup_json struct json *o = json_new_object(e);

		if (!o || json_set_text(o, "name", s->name, e) < 0 ||
			json_set_int(o, "size", (int64_t)s->size_bytes, e) < 0 ||
			json_set_text(o, "sha256", s->sha256, e) < 0 ||
			json_add(array, steal_ptr(&o), e) < 0)
			return -1;
	}
	return json_set(manifest, "files", steal_ptr(&array), e);
}

static int measure_files(struct sums *sums, const char *dir, char **names, size_t n, struct err *e)
{
	cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s", dir);
	for (size_t i = 0; i < n; i++) {
		char hex[SHA256_HEX_SIZE];
		uint64_t size;

		if (sums_check_name(names[i], "operand", e) < 0 ||
			strcmp(names[i], SUMS_NAME) == 0 || strcmp(names[i], MANIFEST_NAME) == 0)
			return err_set(e, ERR_USAGE,
				"'%s' cannot be listed: give names of files in %s, without "
				"manifest.json and SHA256SUMS",
				names[i], dir);
		if (sums_measure(fd, dir, names[i], hex, &size, e) < 0 ||
			sums_add(sums, names[i], hex, size, e) < 0)
			return -1;
	}
	return sums_sort(sums, dir, e);
}

static int write_manifest(
	struct sums *sums, const struct json *manifest, const char *dir, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/%s", dir, MANIFEST_NAME);
	cleanup_buf struct buf text = {0};
	char hex[SHA256_HEX_SIZE];

	if (!path || json_write(manifest, &text, e) < 0 ||
		sha256_buffer_hex(buf_str(&text), text.len, hex, e) < 0 ||
		outfile_write_if_changed(path, 0644, buf_str(&text), text.len, NULL, e) < 0 ||
		sums_add(sums, MANIFEST_NAME, hex, text.len, e) < 0)
		return -1;
	return sums_sort(sums, dir, e);
}

int command_create(void *opts, char **operands, size_t n, struct err *e)
{
	const struct options *o = opts;
	const char *dir = operands[0];
	cleanup_sums struct sums sums = {0};
	cleanup_buf struct buf text = {0};
	cleanup_json struct json *manifest = json_new_object(e);
	cleanup_free char *path = mem_printf(e, "%s/%s", dir, SUMS_NAME);

	if (!manifest || !path || measure_files(&sums, dir, operands + 1, n - 1, e) < 0 ||
		json_set_text(manifest, "schema", MANIFEST_SCHEMA, e) < 0 ||
		add_infos(manifest, &o->info, e) < 0 || add_config(manifest, &o->config, e) < 0 ||
		add_check(manifest, o->check, e) < 0 || add_files(manifest, &sums, e) < 0 ||
		write_manifest(&sums, manifest, dir, e) < 0 || sums_format(&sums, &text, e) < 0)
		return -1;
	return outfile_write_if_changed(path, 0644, buf_str(&text), text.len, NULL, e);
}
