#include "image.h"

#include "base/epoch.h"

int image_options(
	const struct guest_cli *o, const char *path, struct raw_options *raw, struct err *e)
{
	*raw = (struct raw_options){
		.path = path, .threads = (unsigned)o->threads, .progress = o->common.progress};
	if (raw_format_parse(o->format, &raw->format, e) < 0)
		return err_prefix(e, "--format");
	return 0;
}

int image_open(const struct guest_cli *o, const char *path, struct guest **g, struct err *e)
{
	struct raw_options raw;
	int64_t epoch_s = INT64_MAX;

	*g = NULL;
	if (image_options(o, path, &raw, e) < 0)
		return -1;
	if (o->epoch ? epoch_parse(o->epoch, "--epoch", &epoch_s, e) < 0
		     : epoch_from_env(INT64_MAX, &epoch_s, e) < 0)
		return -1;
	return guest_open(g, &raw, epoch_s, e);
}
