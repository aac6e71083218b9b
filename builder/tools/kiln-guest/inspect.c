#include "inspect.h"

#include <stdio.h>

#include "image.h"
#include "options.h"

const char *inspect_table_name(enum parts_table table)
{
	static const char *const names[] = {
		[PARTS_NONE] = "none", [PARTS_MBR] = "mbr", [PARTS_GPT] = "gpt"};

	return names[table];
}

const char *inspect_packager_name(enum facts_packager packager)
{
	static const char *const names[] = {
		[FACTS_NONE] = "none", [FACTS_DEB] = "deb", [FACTS_APK] = "apk"};

	return names[packager];
}

const char *inspect_init_name(enum facts_init init)
{
	static const char *const names[] = {[FACTS_INIT_NONE] = "none",
		[FACTS_INIT_SYSTEMD] = "systemd",
		[FACTS_INIT_OPENRC] = "openrc"};

	return names[init];
}

int inspect_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct guest_cli *o = opts;
	cleanup_guest struct guest *g = NULL;
	cleanup_facts struct facts *f = NULL;
	cleanup_buf struct buf out = {0};

	(void)n;
	if (image_open(o, operands[0], &g, e) < 0)
		return -1;
	if (facts_load(&f, g, e) < 0)
		return err_prefix(e, "%s", operands[0]);
	if ((o->json ? inspect_write_json(operands[0], g, f, &out, e)
		     : inspect_write_text(operands[0], g, f, o->packages, &out, e)) < 0)
		return -1;
	fwrite(buf_str(&out), 1, out.len, stdout);
	return 0;
}
