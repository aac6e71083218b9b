/* Progress on standard error: a bar on a terminal, one line a stage otherwise, or JSON lines.
 * The clock is used for what is shown only, never for what is written to a file. */
#ifndef KILN_BASE_PROGRESS_H
#define KILN_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum progress_mode {
	PROGRESS_NONE,
	PROGRESS_LINES, /* a line when a stage ends */
	PROGRESS_BAR,   /* a bar, redrawn in place */
	PROGRESS_JSON,  /* {"stage","done","total"} a line */
};

/* Choose the mode: name is NULL, "auto", "json" or "none"; quiet turns auto into none. */
int progress_parse_mode(const char *name, bool quiet, enum progress_mode *mode, struct err *e);

struct progress;

/* Start a stage of total bytes or items (0: unknown). stage is kept, not copied. NULL without
 * memory; all functions below take NULL and do nothing. One thread only. */
struct progress *progress_new(enum progress_mode mode, const char *stage, uint64_t total);

/* The total is known only now. */
void progress_set_total(struct progress *p, uint64_t total);

/* done of total are done now; drawn at most ten times a second. */
void progress_update(struct progress *p, uint64_t done);

/* The stage has succeeded: draw its end. */
void progress_finish(struct progress *p);

/* Release; a bar that was not finished is wiped. */
void progress_free(struct progress *p);

static inline void progress_cleanup(struct progress **p)
{
	progress_free(*p);
}
#define cleanup_progress __attribute__((cleanup(progress_cleanup)))

#endif
