#include "grab.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "http/http.h"

#define WAIT_MS 100

struct grab {
	struct buf *out;
	size_t start; /* of the file in out */
};

static int on_begin(void *arg, uint64_t *offset, struct err *e)
{
	const struct grab *g = arg;

	(void)e;
	*offset = g->out->len - g->start;
	return 0;
}

static int on_restart(void *arg, struct err *e)
{
	const struct grab *g = arg;

	(void)e;
	g->out->len = g->start;
	return 0;
}

static int on_write(void *arg, const void *data, size_t len, struct err *e)
{
	const struct grab *g = arg;

	return buf_append(g->out, data, len, e);
}

static int grab_url(
	struct http *h, const char *url, struct grab *g, size_t max, bool *gone, struct err *e)
{
	struct http_get get = {.url = url,
		.max_bytes = max,
		.begin = on_begin,
		.restart = on_restart,
		.write = on_write,
		.arg = g};
	struct http_get *done = NULL;
	enum http_outcome outcome;
	struct err why = {0};

	if (http_start(h, &get, e) < 0)
		return -1;
	while (!done) {
		if (http_step(h, WAIT_MS, &done, &outcome, &why) < 0)
			return err_set(e, why.kind, "%s", why.msg);
	}
	*gone = outcome == HTTP_GONE;
	if (outcome == HTTP_OTHER_SIZE)
		return err_set(e, ERR_NETWORK, "%s: is larger than %zu bytes", url, max);
	if (outcome == HTTP_FAILED)
		return err_set(e, why.kind, "%s", why.msg);
	return 0;
}

int grab_file(struct buf *out, const struct mirrors *mirrors, const struct mirror *m,
	const char *path, size_t max, unsigned timeout_s, bool *gone, struct err *e)
{
	const struct http_options options = mirrors_http(mirrors, 1, timeout_s);
	cleanup_free char *address = mirror_address(m, path, e);
	cleanup_http struct http *h = NULL;
	struct grab g = {out, out->len};
	struct err why = {0};

	*gone = false;
	if (!address)
		return -1;
	if (!m->is_folder)
		return http_new(&h, &options, e) < 0 ? -1 : grab_url(h, address, &g, max, gone, e);
	if (io_read_file(address, max, out, &why) == 0)
		return 0;
	*gone = why.errnum == ENOENT || why.errnum == ENOTDIR;
	return *gone ? 0 : err_set(e, why.kind, "%s", why.msg);
}
