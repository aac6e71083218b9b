/* Workers that finish jobs in any order and hand them back in the order they came in.
 *
 * One thread owns the pool: it submits jobs, takes finished ones back and does all I/O. Workers
 * only run `work` on one job each: const input, own output, own state. With one thread or none
 * the pool is its serial twin: the same calls, the work done by the caller itself. So the result
 * cannot depend on the number of threads. */
#ifndef KILN_BASE_POOL_H
#define KILN_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pool;

struct pool_ops {
	/* Make and free one worker's own state (a compressor, say); both may be NULL. ctx is what
	 * pool_new() was given. Called by the owner's thread. */
	int (*state_new)(const void *ctx, void **state, struct err *e);
	void (*state_free)(void *state);
	/* Do one job. Runs on any worker. */
	int (*work)(void *state, void *job, struct err *e);
};

/* threads: workers to start; 0 and 1 give the serial twin. ctx must outlive the pool. */
int pool_new(struct pool **out, unsigned threads, const struct pool_ops *ops, const void *ctx,
	struct err *e);

/* Jobs that may be in flight at once; more block for ever, so take one back first. */
size_t pool_capacity(const struct pool *p);
/* Jobs submitted and not taken back. */
size_t pool_in_flight(const struct pool *p);

/* Hand a job over; fewer than pool_capacity() may be in flight. The job stays the caller's. */
void pool_submit(struct pool *p, void *job);

/* Wait for the oldest job in flight and take it back; one must be in flight.
 * Returns 0, or -1 with the job's error; *job is set in both cases. */
int pool_take(struct pool *p, void **job, struct err *e);

/* Wait for running jobs, stop the workers, release. NULL is fine. Jobs not taken back are the
 * caller's to free. */
void pool_free(struct pool *p);

static inline void pool_cleanup(struct pool **p)
{
	pool_free(*p);
}
#define cleanup_pool __attribute__((cleanup(pool_cleanup)))

#endif
