#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/xalloc.h"

enum { BATCH = 256 };

struct loop {
	int epoll;
	struct loop_watch wake;
	struct deadlines timers;
	/* what epoll_wait(2) told last; NULL: taken back since */
	struct epoll_event events[BATCH];
	int at, count;
};

static void woken(struct loop_watch *watch, uint32_t events)
{
	uint64_t times;

	(void)events;
	while (read(watch->fd, &times, sizeof(times)) < 0 && errno == EINTR)
		;
}

void loop_wake(struct loop *loop)
{
	const uint64_t once = 1;

	/* it fails only when the loop is about to be woken anyway */
	while (write(loop->wake.fd, &once, sizeof(once)) < 0 && errno == EINTR)
		;
}

int loop_open(struct loop **out, struct err *err)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	*out = loop;
	loop->wake.ready = woken;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll >= 0 && loop->wake.fd >= 0 &&
	    loop_watch(loop, &loop->wake, EPOLLIN))
		return 0;
	err_errno(err, ERR_IO, "epoll");
	loop_close(out);
	return ERR_IO;
}

void loop_close(struct loop **loop)
{
	if (*loop == NULL)
		return;
	if ((*loop)->wake.fd >= 0)
		close((*loop)->wake.fd);
	if ((*loop)->epoll >= 0)
		close((*loop)->epoll);
	deadlines_clear(&(*loop)->timers);
	free(*loop);
	*loop = NULL;
}

bool loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (epoll_ctl(loop->epoll,
	              watch->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd,
	              &event) < 0)
		return false;
	watch->watched = true;
	return true;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
	if (!watch->watched)
		return;
	watch->watched = false;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = loop->at; i < loop->count; i++)
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
}

void loop_at(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
	deadlines_set(&loop->timers, &timer->deadline, at_ms);
}

void loop_drop(struct loop *loop, struct loop_timer *timer)
{
	deadlines_drop(&loop->timers, &timer->deadline);
}

/* Those that are due now, and none of those that they set. */
static void call_due(struct loop *loop)
{
	int64_t now = clock_host_ms();
	size_t left = loop->timers.count;
	struct deadline *first;

	while (left-- > 0 && (first = deadlines_first(&loop->timers)) != NULL &&
	       first->at_ms <= now) {
		struct loop_timer *timer =
			container_of(first, struct loop_timer, deadline);

		deadlines_drop(&loop->timers, first);
		timer->due(timer);
	}
}

void loop_run(struct loop *loop, int64_t max_ms)
{
	const struct deadline *first = deadlines_first(&loop->timers);
	int64_t now = clock_host_ms();

	if (first != NULL && first->at_ms - now < max_ms)
		max_ms = first->at_ms > now ? first->at_ms - now : 0;
	if (max_ms > INT_MAX)
		max_ms = INT_MAX;
	loop->at = 0;
	loop->count = epoll_wait(loop->epoll, loop->events, BATCH, (int)max_ms);
	for (; loop->at < loop->count; loop->at++) {
		struct loop_watch *watch = loop->events[loop->at].data.ptr;

		if (watch != NULL)
			watch->ready(watch, loop->events[loop->at].events);
	}
	loop->count = 0;
	call_due(loop);
}
