/*
 * loop - one thread that waits for many sockets and moments
 *
 * epoll(7), a heap of timers, and a way for other threads to wake it:
 *
 *     loop_watch(loop, &watch, EPOLLIN);
 *     loop_at(loop, &timer, clock_host_ms() + TIMEOUT_MS);
 *     while (!stopping)
 *             loop_run(loop, FOREVER_MS);
 *
 * Watches and timers belong to whoever made them, lie in what they are of, and
 * may be taken back, and freed, from inside any callback.
 */
#ifndef TLSTALLY_BASE_LOOP_H
#define TLSTALLY_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/deadlines.h"
#include "base/err.h"

struct loop;

struct loop_watch {
	int fd;
	void (*ready)(struct loop_watch *self, uint32_t events);
	bool watched; /* the loop's */
};

struct loop_timer {
	struct deadline deadline; /* of clock_host_ms() */
	void (*due)(struct loop_timer *self);
};

int loop_open(struct loop **loop, struct err *err);
/* Watches and timers that are left are forgotten. */
void loop_close(struct loop **loop);

/* For these events (EPOLLIN, EPOLLOUT) from now on.  False: the kernel has no
 * room for it. */
bool loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events);
/* Before the descriptor is closed; nothing when it is not watched. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/* Once, at that moment; set again, it moves. */
void loop_at(struct loop *loop, struct loop_timer *timer, int64_t at_ms);
/* Nothing when it is not set. */
void loop_drop(struct loop *loop, struct loop_timer *timer);

/* Waits until something is ready or due, at most max_ms, and calls it. */
void loop_run(struct loop *loop, int64_t max_ms);

/* Ends the wait; from any thread. */
void loop_wake(struct loop *loop);

#endif
