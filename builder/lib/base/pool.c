#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_RUNNING, SLOT_DONE };

struct slot {
	enum slot_state state;
	void *job;
	int rc;
	struct err err;
};

struct worker {
	struct pool *pool;
	pthread_t thread;
	bool started;
	void *state;
};

/* The slots are a ring in submission order: [taken, submitted) are in flight, and the workers
 * pick at `picked`. The three counters only grow. */
struct pool {
	struct pool_ops ops;
	pthread_mutex_t lock;
	pthread_cond_t work_ready;
	pthread_cond_t work_done;
	struct worker *workers;
	unsigned n_workers; /* 0: serial */
	void *serial_state;
	struct slot *slots;
	size_t capacity;
	size_t taken;
	size_t picked;
	size_t submitted;
	bool stop;
};

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->stop && p->picked == p->submitted)
			pthread_cond_wait(&p->work_ready, &p->lock);
		if (p->stop)
			break;
		struct slot *s = &p->slots[p->picked++ % p->capacity];
		s->state = SLOT_RUNNING;
		pthread_mutex_unlock(&p->lock);

		s->rc = p->ops.work(w->state, s->job, &s->err);

		pthread_mutex_lock(&p->lock);
		s->state = SLOT_DONE;
		pthread_cond_signal(&p->work_done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start_worker(struct pool *p, struct worker *w, const void *ctx, struct err *e)
{
	w->pool = p;
	if (p->ops.state_new && p->ops.state_new(ctx, &w->state, e) < 0)
		return -1;
	int rc = pthread_create(&w->thread, NULL, worker_main, w);
	if (rc != 0)
		return err_set(e, ERR_INTERNAL, "cannot start a thread: %s", strerror(rc));
	w->started = true;
	return 0;
}

static int start(struct pool *p, unsigned threads, const void *ctx, struct err *e)
{
	p->capacity = threads > 1 ? (size_t)threads * 4 : 1;
	p->slots = mem_array(p->capacity, sizeof(*p->slots), e);
	if (!p->slots)
		return -1;
	if (threads <= 1)
		return p->ops.state_new ? p->ops.state_new(ctx, &p->serial_state, e) : 0;

	p->workers = mem_array(threads, sizeof(*p->workers), e);
	if (!p->workers)
		return -1;
	p->n_workers = threads;
	for (unsigned i = 0; i < threads; i++) {
		if (start_worker(p, &p->workers[i], ctx, e) < 0)
			return -1;
	}
	return 0;
}

int pool_new(struct pool **out, unsigned threads, const struct pool_ops *ops, const void *ctx,
	struct err *e)
{
	struct pool *p = mem_zalloc(sizeof(*p), e);

	*out = NULL;
	if (!p)
		return -1;
	p->ops = *ops;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work_ready, NULL);
	pthread_cond_init(&p->work_done, NULL);
	if (start(p, threads, ctx, e) < 0) {
		pool_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

size_t pool_capacity(const struct pool *p)
{
	return p->capacity;
}

size_t pool_in_flight(const struct pool *p)
{
	return p->submitted - p->taken;
}

void pool_submit(struct pool *p, void *job)
{
	pthread_mutex_lock(&p->lock);
	struct slot *s = &p->slots[p->submitted % p->capacity];
	memset(s, 0, sizeof(*s));
	s->job = job;
	s->state = SLOT_WAITING;
	p->submitted++;
	pthread_cond_signal(&p->work_ready);
	pthread_mutex_unlock(&p->lock);
}

int pool_take(struct pool *p, void **job, struct err *e)
{
	struct slot *s = &p->slots[p->taken % p->capacity];

	if (p->n_workers == 0) {
		s->rc = p->ops.work(p->serial_state, s->job, &s->err);
	} else {
		pthread_mutex_lock(&p->lock);
		while (s->state != SLOT_DONE)
			pthread_cond_wait(&p->work_done, &p->lock);
		pthread_mutex_unlock(&p->lock);
	}
	p->taken++;
	*job = s->job;
	if (s->rc < 0 && e)
		*e = s->err;
	s->state = SLOT_FREE;
	return s->rc;
}

static void stop_workers(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work_ready);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_workers; i++) {
		if (p->workers[i].started)
			pthread_join(p->workers[i].thread, NULL);
		if (p->workers[i].state && p->ops.state_free)
			p->ops.state_free(p->workers[i].state);
	}
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	stop_workers(p);
	if (p->serial_state && p->ops.state_free)
		p->ops.state_free(p->serial_state);
	pthread_cond_destroy(&p->work_done);
	pthread_cond_destroy(&p->work_ready);
	pthread_mutex_destroy(&p->lock);
	free(p->workers);
	free(p->slots);
	free(p);
}
