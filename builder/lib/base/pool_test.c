#include "base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit.h"

enum { JOBS = 400 };

struct job {
	unsigned in;
	uint64_t out;
	bool fail;
	bool ran;
};

struct state {
	uint64_t salt;
};

static int states_alive;

static int state_new(const void *ctx, void **state, struct err *e)
{
	struct state *s = mem_zalloc(sizeof(*s), e);

	if (!s)
		return -1;
	s->salt = *(const uint64_t *)ctx;
	*state = s;
	states_alive++;
	return 0;
}

static void state_free(void *state)
{
	free(state);
	states_alive--;
}

/* Uneven work, so that jobs finish out of order. */
static int work(void *state, void *arg, struct err *e)
{
	struct state *s = state;
	struct job *j = arg;

	if (j->in % 7 == 0)
		usleep(200);
	j->out = (j->in + s->salt) * 2654435761u;
	j->ran = true;
	return j->fail ? err_set(e, ERR_FORMAT, "job %u", j->in) : 0;
}

static const struct pool_ops ops = {state_new, state_free, work};
static const uint64_t salt = 42;

/* Run all jobs; returns the first error's rc, and whether they came back in order. */
static int run_all(unsigned threads, struct job *jobs, unsigned n, bool *in_order, struct err *e)
{
	cleanup_pool struct pool *p = NULL;
	unsigned submitted = 0, taken = 0;

	*in_order = true;
	if (pool_new(&p, threads, &ops, &salt, e) < 0)
		return -1;
	while (taken < n) {
		while (submitted < n && pool_in_flight(p) < pool_capacity(p))
			pool_submit(p, &jobs[submitted++]);
		void *done;
		int rc = pool_take(p, &done, e);
		if (done != &jobs[taken++])
			*in_order = false;
		if (rc < 0)
			return -1;
	}
	return 0;
}

static void init_jobs(struct job *jobs)
{
	for (unsigned i = 0; i < JOBS; i++)
		jobs[i] = (struct job){.in = i};
}

static void test_order(void)
{
	static struct job serial[JOBS], jobs[JOBS];
	bool in_order;

	unit_about("jobs come back in order");
	init_jobs(serial);
	CHECK(run_all(0, serial, JOBS, &in_order, NULL) == 0 && in_order);
	for (unsigned threads = 1; threads <= 16; threads++) {
		bool same = true;

		init_jobs(jobs);
		CHECK(run_all(threads, jobs, JOBS, &in_order, NULL) == 0 && in_order);
		for (unsigned i = 0; i < JOBS; i++)
			same &= jobs[i].out == serial[i].out && jobs[i].ran;
		CHECK(same);
	}
	CHECK(states_alive == 0);
}

static void test_first_error(void)
{
	static struct job jobs[JOBS];
	bool in_order;

	unit_about("the first error in order wins");
	for (unsigned threads = 0; threads <= 16; threads++) {
		struct err e = {0};

		init_jobs(jobs);
		jobs[77].fail = true; /* slow */
		jobs[78].fail = true; /* finishes before 77 where there are threads */
		CHECK(run_all(threads, jobs, JOBS, &in_order, &e) == -1);
		CHECK(e.kind == ERR_FORMAT);
		CHECK_STR(e.msg, "job 77");
	}
	CHECK(states_alive == 0);
}

/* Jobs given back after a failed one are whole: the owner may free them all. */
static void test_drain(void)
{
	static struct job jobs[JOBS];

	unit_about("pool_free with jobs in flight");
	for (unsigned threads = 0; threads <= 16; threads += 4) {
		struct pool *p = NULL;

		init_jobs(jobs);
		CHECK(pool_new(&p, threads, &ops, &salt, NULL) == 0);
		for (unsigned i = 0; pool_in_flight(p) < pool_capacity(p); i++)
			pool_submit(p, &jobs[i]);
		pool_free(p);
		CHECK(states_alive == 0);
		bool whole = true;
		for (unsigned i = 0; i < JOBS; i++)
			whole &= !jobs[i].ran || jobs[i].out == (i + salt) * 2654435761u;
		CHECK(whole);
	}
	pool_free(NULL);
}

static int state_fails(const void *ctx, void **state, struct err *e)
{
	(void)ctx;
	if (states_alive == 2)
		return err_set(e, ERR_INTERNAL, "no third state");
	return state_new(&salt, state, e);
}

static void test_state_failure(void)
{
	static const struct pool_ops failing = {state_fails, state_free, work};
	struct pool *p = NULL;
	struct err e = {0};

	unit_about("a worker that cannot start");
	CHECK(pool_new(&p, 4, &failing, NULL, &e) == -1);
	CHECK(p == NULL);
	CHECK_STR(e.msg, "no third state");
	CHECK(states_alive == 0);
}

int main(void)
{
	test_order();
	test_first_error();
	test_drain();
	test_state_failure();
	return unit_done();
}
