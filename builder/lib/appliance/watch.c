#include "appliance/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "appliance/family.h"
#include "appliance/tempdir.h"
#include "base/mem.h"

#define LOOK_MS 50 /* between two looks at the processes, while there is something to look for */

static const int signals[] = {SIGINT, SIGTERM};
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

struct watch {
	pthread_t thread;
	pthread_mutex_t lock; /* of the members up to quit */
	int64_t deadline_ms;  /* 0: none */
	enum watch_end ended;
	bool quit;
	int wake[2]; /* written to by the handler and after changes */
	struct family known;
	const char *tempdir_path;
	bool noted_sockets; /* the thread's own */
	struct sigaction old[N_SIGNALS];
	bool handled[N_SIGNALS];
};

/* For the handler, which can reach nothing else; the watch's thread reads them too. */
static atomic_int last_signal;
static atomic_int handler_fd = -1;

static void wake(int fd)
{
	int saved = errno;
	ssize_t n = write(fd, "", 1);

	/* A full pipe wakes as well. */
	(void)n;
	errno = saved;
}

static void on_signal(int number)
{
	last_signal = number;
	if (handler_fd >= 0)
		wake(handler_fd);
}

int watch_signal(void)
{
	return last_signal;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* How long to wait for a wake-up; decides whether something has happened. */
static int next_wait_ms(struct watch *w, bool *killing, bool *quit)
{
	int64_t wait = -1;

	pthread_mutex_lock(&w->lock);
	if (last_signal)
		w->ended = WATCH_SIGNAL;
	else if (w->deadline_ms && w->ended == WATCH_QUIET && now_ms() >= w->deadline_ms)
		w->ended = WATCH_DEADLINE;
	if (w->deadline_ms && w->ended == WATCH_QUIET)
		wait = w->deadline_ms - now_ms();
	*killing = w->ended != WATCH_QUIET;
	*quit = w->quit;
	pthread_mutex_unlock(&w->lock);
	if (*killing || (wait > LOOK_MS && !w->noted_sockets))
		wait = LOOK_MS;
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

static void note_sockets(struct watch *w, const struct family *f)
{
	cleanup_free char *dir = family_socket_dir(f);

	if (dir) {
		tempdir_note_sockets(w->tempdir_path, dir);
		w->noted_sockets = true;
	}
}

static void *watch_main(void *arg)
{
	struct watch *w = arg;
	struct family f = {0};

	for (;;) {
		struct pollfd fd = {.fd = w->wake[0], .events = POLLIN};
		bool killing, quit;
		int wait = next_wait_ms(w, &killing, &quit);
		char drained[64];

		if (quit)
			break;
		if ((killing || !w->noted_sockets) && family_find(&f, &w->known, NULL) == 0) {
			if (!w->noted_sockets)
				note_sockets(w, &f);
			if (killing)
				family_kill(&f);
		}
		if (poll(&fd, 1, wait) > 0)
			while (read(w->wake[0], drained, sizeof(drained)) > 0)
				;
	}
	free(f.items);
	return NULL;
}

static void handle_signals(struct watch *w)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	handler_fd = w->wake[1];
	for (size_t i = 0; i < N_SIGNALS; i++) {
		sigaction(signals[i], NULL, &w->old[i]);
		w->handled[i] = w->old[i].sa_handler != SIG_IGN;
		if (w->handled[i])
			sigaction(signals[i], &action, NULL);
	}
}

static void restore_signals(struct watch *w)
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (w->handled[i])
			sigaction(signals[i], &w->old[i], NULL);
	}
	handler_fd = -1;
}

/* The thread takes no signals: their handler interrupts the thread that works. */
static int start_thread(struct watch *w, struct err *e)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&w->thread, NULL, watch_main, w);
	int rc = errno ? err_set_errno(e, ERR_INTERNAL, "start a thread") : 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void release(struct watch *w)
{
	restore_signals(w);
	close(w->wake[0]);
	close(w->wake[1]);
	pthread_mutex_destroy(&w->lock);
	free(w->known.items);
	free(w);
}

int watch_start(struct watch **out, const char *tempdir_path, struct err *e)
{
	struct watch *w = mem_zalloc(sizeof(*w), e);

	*out = NULL;
	if (!w)
		return -1;
	w->tempdir_path = tempdir_path;
	last_signal = 0;
	if (pipe2(w->wake, O_CLOEXEC | O_NONBLOCK) < 0) {
		free(w);
		return err_set_errno(e, ERR_IO, "pipe");
	}
	pthread_mutex_init(&w->lock, NULL);
	if (family_find(&w->known, NULL, e) < 0 || start_thread(w, e) < 0) {
		release(w);
		return -1;
	}
	handle_signals(w);
	*out = w;
	return 0;
}

void watch_stop(struct watch *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_mutex_unlock(&w->lock);
	wake(w->wake[1]);
	pthread_join(w->thread, NULL);
	release(w);
}

void watch_arm(struct watch *w, unsigned seconds)
{
	pthread_mutex_lock(&w->lock);
	w->deadline_ms = now_ms() + (int64_t)seconds * 1000;
	pthread_mutex_unlock(&w->lock);
	wake(w->wake[1]);
}

enum watch_end watch_disarm(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->deadline_ms = 0;
	if (last_signal)
		w->ended = WATCH_SIGNAL;
	enum watch_end ended = w->ended;
	pthread_mutex_unlock(&w->lock);
	return ended;
}
