#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/http.h"
#include "part.h"

#define BLOCK_SIZE ((size_t)1 << 18)
#define WAIT_MS 100

/* One file that is being brought by HTTP. */
struct job {
	struct fetch *fetch;
	struct part *part;
	char *url;
	struct http_get get;
	struct job *next;
};

struct fetch {
	const struct fetch_options *options;
	struct fetch_stale *stale;
	struct http *http;
	struct job *jobs;
	struct source_file **queue; /* those not begun; busy ones go to its end again */
	size_t n_queue;
	uint64_t done_bytes;
	bool said_busy;
};

static void count(struct fetch *f, uint64_t bytes)
{
	f->done_bytes += bytes;
	progress_update(f->options->progress, f->done_bytes);
}

static void uncount(struct fetch *f, uint64_t bytes)
{
	f->done_bytes -= bytes;
}

static void add_stale(struct fetch *f, const struct source_file *p)
{
	f->stale->items[f->stale->n++] = p;
	count(f, p->size_bytes);
}

static int on_begin(void *arg, uint64_t *offset, struct err *e)
{
	struct job *job = arg;

	(void)e;
	*offset = part_offset(job->part);
	return 0;
}

static int on_restart(void *arg, struct err *e)
{
	struct job *job = arg;

	uncount(job->fetch, part_offset(job->part));
	return part_restart(job->part, e);
}

static int on_write(void *arg, const void *data, size_t len, struct err *e)
{
	struct job *job = arg;
	struct source_file *file = part_file(job->part);

	if (file->size_bytes == 0 && job->get.size_bytes > 0) {
		file->size_bytes = job->get.size_bytes;
		progress_set_total(job->fetch->options->progress, file->size_bytes);
	}
	if (part_write(job->part, data, len, e) < 0)
		return -1;
	count(job->fetch, len);
	return 0;
}

static void job_free(struct job *job)
{
	if (!job)
		return;
	for (struct job **at = &job->fetch->jobs; *at; at = &(*at)->next) {
		if (*at == job) {
			*at = job->next;
			break;
		}
	}
	part_free(job->part);
	free(job->url);
	free(job);
}

/* Takes the part over in every case. */
static int start_job(struct fetch *f, struct part *part, const struct mirror *m, struct err *e)
{
	struct job *job = mem_zalloc(sizeof(*job), e);

	if (!job) {
		part_free(part);
		return -1;
	}
	job->fetch = f;
	job->part = part;
	job->next = f->jobs;
	f->jobs = job;
	job->url = mirror_address(m, part_file(part)->path, e);
	if (!job->url)
		return -1;
	job->get = (struct http_get){
		.url = job->url,
		.size_bytes = part_file(part)->size_bytes,
		.max_bytes = SOURCE_FILE_MAX,
		.begin = on_begin,
		.restart = on_restart,
		.write = on_write,
		.arg = job,
	};
	return http_start(f->http, &job->get, e);
}

/* Copy from a folder that serves as mirror. Nothing is resumed: reading is as fast as hashing. */
static int copy_bytes(struct fetch *f, struct part *part, int fd, const char *path, struct err *e)
{
	cleanup_free char *block = mem_zalloc(BLOCK_SIZE, e);
	size_t got;

	if (!block || part_restart(part, e) < 0)
		return -1;
	do {
		if (io_pread(fd, block, BLOCK_SIZE, part_offset(part), &got, e) < 0)
			return err_prefix(e, "%s", path);
		if (part_write(part, block, got, e) < 0)
			return -1;
		count(f, got);
	} while (got > 0);
	return part_finish(part, path, e);
}

static int copy_file(struct fetch *f, struct part *part, const struct mirror *m, struct err *e)
{
	struct source_file *p = part_file(part);
	cleanup_free char *path = mirror_address(m, p->path, e);
	cleanup_close int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	uint64_t size;

	if (!path)
		return -1;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		add_stale(f, p);
		return 0;
	}
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s", path);
	if (io_size(fd, &size, e) < 0)
		return err_prefix(e, "%s", path);
	if (p->size_bytes == 0) {
		p->size_bytes = size;
		progress_set_total(f->options->progress, size);
	}
	if (size != p->size_bytes) {
		add_stale(f, p);
		return 0;
	}
	return copy_bytes(f, part, fd, path, e);
}

/* Begin with a file. Returns 0, or -1; *busy when another process is at it. */
static int begin(struct fetch *f, struct source_file *p, bool *busy, struct err *e)
{
	const struct mirror *m = mirrors_get(f->options->mirrors, p->archive);
	enum part_state state;
	cleanup_part struct part *part = NULL;

	*busy = false;
	if (!m)
		return err_set(e, ERR_FORMAT,
			"%s is from the archive '%s', of which the lock has no release", p->path,
			p->archive);
	if (part_open(&part, &state, f->options->cache, p, e) < 0)
		return -1;
	*busy = state == PART_BUSY;
	if (state == PART_THERE)
		count(f, p->size_bytes);
	if (state != PART_READY)
		return 0;
	if (m->is_folder)
		return copy_file(f, part, m, e);
	count(f, part_offset(part));
	return start_job(f, steal_ptr(&part), m, e);
}

/* Begin with as many as there may be at once; busy ones wait at the end of the queue. */
static int fill(struct fetch *f, struct err *e)
{
	size_t tries = f->n_queue;

	while (tries-- > 0 && http_active(f->http) < f->options->jobs) {
		struct source_file *p = f->queue[0];
		bool busy;

		if (begin(f, p, &busy, e) < 0)
			return -1;
		memmove(f->queue, f->queue + 1, --f->n_queue * sizeof(f->queue[0]));
		if (!busy)
			continue;
		f->queue[f->n_queue++] = p;
		if (!f->said_busy)
			log_note("waiting for another kiln-source that fetches %s", p->path);
		f->said_busy = true;
	}
	return 0;
}

static int finish_job(struct fetch *f, struct job *job, struct err *e)
{
	uint64_t size_bytes = part_offset(job->part);
	int rc = part_finish(job->part, job->url, e);

	if (rc == 1) {
		uncount(f, size_bytes);
		return http_start(f->http, &job->get, e);
	}
	job_free(job);
	return rc;
}

static int step(struct fetch *f, struct err *e)
{
	struct err why = {0};
	struct http_get *get;
	enum http_outcome outcome;

	if (fill(f, e) < 0)
		return -1;
	if (http_step(f->http, WAIT_MS, &get, &outcome, &why) < 0 ||
		(get && outcome == HTTP_FAILED))
		return err_set(e, why.kind, "%s", why.msg);
	if (!get)
		return 0;
	struct job *job = get->arg;
	if (outcome == HTTP_DONE)
		return finish_job(f, job, e);
	const struct source_file *p = part_file(job->part);
	uncount(f, part_offset(job->part));
	/* What came of it can be of no use. */
	int rc = part_restart(job->part, e);
	job_free(job);
	if (rc == 0)
		add_stale(f, p);
	return rc;
}

int fetch_files(struct source_file *wanted, size_t n, const struct fetch_options *options,
	struct fetch_stale *stale, struct err *e)
{
	const struct http_options http =
		mirrors_http(options->mirrors, options->jobs, options->timeout_s);
	cleanup_free struct source_file **queue = mem_array(n + 1, sizeof(*queue), e);
	struct fetch f = {.options = options, .stale = stale, .queue = queue, .n_queue = n};
	int rc = queue ? http_new(&f.http, &http, e) : -1;

	for (size_t i = 0; rc == 0 && i < n; i++)
		queue[i] = &wanted[i];
	while (rc == 0 && (f.n_queue > 0 || http_active(f.http) > 0))
		rc = step(&f, e);
	http_free(f.http);
	while (f.jobs)
		job_free(f.jobs);
	return rc;
}
