/* The watchdog: a thread that ends everything that libguestfs started when a deadline passes or
 * SIGINT or SIGTERM comes, so that the call that waits for it returns.
 *
 * The signals are handled only between watch_start() and watch_stop(); one that was ignored before
 * stays ignored. One watch at a time in a process. */
#ifndef KILN_APPLIANCE_WATCH_H
#define KILN_APPLIANCE_WATCH_H

#include "base/err.h"

struct watch;

enum watch_end {
	WATCH_QUIET, /* nothing happened */
	WATCH_DEADLINE,
	WATCH_SIGNAL,
};

/* Processes that this one has already are left alone. tempdir_path gets the note about libguestfs's
 * sockets (tempdir.h); it must live as long as the watch. */
int watch_start(struct watch **out, const char *tempdir_path, struct err *e);
/* NULL is fine. */
void watch_stop(struct watch *w);

/* A call begins that may take seconds. */
void watch_arm(struct watch *w, unsigned seconds);
/* It has ended. Once something happened, it stays so, and what appears is killed until
 * watch_stop(). */
enum watch_end watch_disarm(struct watch *w);

/* The last signal that a watch got, or 0. */
int watch_signal(void);

#endif
