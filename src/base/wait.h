/*
 * wait - to wait for a while, and for a condition until a moment
 *
 *     int64_t until_ms = clock_host_ms() + COMMIT_MS;
 *
 *     while (!stopping && wait_cond(&wake, &lock, until_ms))
 *             ;
 *
 * The moments are of the monotonic clock, so that nobody who sets the wall
 * clock makes a thread wait for a year.
 */
#ifndef TLSTALLY_BASE_WAIT_H
#define TLSTALLY_BASE_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* The calling thread sleeps; a signal may end it early. */
void wait_ms(int64_t ms);

/* For wait_cond() and pthread_cond_wait(3). */
void wait_cond_init(pthread_cond_t *cond);

/* Under the lock.  False when that moment of clock_host_ms() has come; true
 * when somebody signalled, or for no reason. */
bool wait_cond(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms);

#endif
