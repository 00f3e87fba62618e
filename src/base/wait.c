#include "base/wait.h"

#include <errno.h>
#include <time.h>

static struct timespec timespec_of(int64_t ms)
{
	return (struct timespec){.tv_sec = ms / 1000,
	                         .tv_nsec = ms % 1000 * 1000000};
}

void wait_ms(int64_t ms)
{
	const struct timespec pause = timespec_of(ms);

	nanosleep(&pause, NULL);
}

void wait_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

bool wait_cond(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms)
{
	const struct timespec until = timespec_of(until_ms);

	return pthread_cond_timedwait(cond, lock, &until) != ETIMEDOUT;
}
