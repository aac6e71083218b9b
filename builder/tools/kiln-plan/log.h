/* ninja's own log of what it ran: OUT/.ninja_log, version 5 and 6 (the ninja manual, "The Ninja
 * log"; tab-separated start ms, end ms, time stamp, output, command hash). */
#ifndef KILN_PLAN_LOG_H
#define KILN_PLAN_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct ninja_log {
	struct buf text;
};

/* Read out_dir/.ninja_log; absent is an empty log. */
int ninja_log_load(struct ninja_log *log, const char *out_dir, struct err *e);
void ninja_log_release(struct ninja_log *log);

/* How long it took to make output the last time; false when the log does not say. */
bool ninja_log_find(const struct ninja_log *log, const char *output, uint64_t *duration_ms);

#endif
