#include "base/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct progress {
	enum progress_mode mode;
	const char *stage;
	uint64_t total;
	uint64_t done;
	double started_s;
	double drawn_s;
	bool finished;
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int progress_parse_mode(const char *name, bool quiet, enum progress_mode *mode, struct err *e)
{
	if (!name || strcmp(name, "auto") == 0)
		*mode = quiet ? PROGRESS_NONE : isatty(2) ? PROGRESS_BAR : PROGRESS_LINES;
	else if (strcmp(name, "json") == 0)
		*mode = PROGRESS_JSON;
	else if (strcmp(name, "none") == 0)
		*mode = PROGRESS_NONE;
	else
		return err_set(e, ERR_USAGE, "--progress: '%s' is not auto, json or none", name);
	return 0;
}

struct progress *progress_new(enum progress_mode mode, const char *stage, uint64_t total)
{
	struct progress *p = mode == PROGRESS_NONE ? NULL : calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->mode = mode;
	p->stage = stage;
	p->total = total;
	p->started_s = now_s();
	return p;
}

static void draw_bar(const struct progress *p)
{
	static const char full[] = "##############################";
	unsigned percent = 0;

	if (p->total)
		percent = (unsigned)((double)p->done * 100 / (double)p->total);
	if (percent > 100)
		percent = 100;
	fprintf(stderr, "\r%-20s [%-30.*s] %3u%% %6.1fs", p->stage, (int)(percent * 30 / 100), full,
		percent, now_s() - p->started_s);
}

static void draw(struct progress *p)
{
	p->drawn_s = now_s();
	if (p->mode == PROGRESS_BAR)
		draw_bar(p);
	else if (p->mode == PROGRESS_JSON)
		fprintf(stderr, "{\"stage\":\"%s\",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}\n",
			p->stage, p->done, p->total);
}

void progress_set_total(struct progress *p, uint64_t total)
{
	if (p)
		p->total = total;
}

void progress_update(struct progress *p, uint64_t done)
{
	if (!p)
		return;
	p->done = done;
	if (now_s() - p->drawn_s >= 0.1)
		draw(p);
}

void progress_finish(struct progress *p)
{
	if (!p)
		return;
	if (p->total)
		p->done = p->total;
	p->finished = true;
	draw(p);
	if (p->mode == PROGRESS_BAR)
		fputc('\n', stderr);
	else if (p->mode == PROGRESS_LINES)
		fprintf(stderr, "%s: done in %.1f s\n", p->stage, now_s() - p->started_s);
}

void progress_free(struct progress *p)
{
	if (p && p->mode == PROGRESS_BAR && !p->finished)
		fputs("\r\033[K", stderr);
	free(p);
}
