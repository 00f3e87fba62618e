/*
 * clock - the time as something that is handed in
 *
 * Code below app/ never asks the system what time it is: it gets a clock.
 * That is why a test can live through three days in a millisecond.
 */
#ifndef TLSTALLY_BASE_CLOCK_H
#define TLSTALLY_BASE_CLOCK_H

#include <stdint.h>

struct clock {
	/* Milliseconds since 1970-01-01 UTC. */
	int64_t (*now_ms)(struct clock *clock);
	int64_t fixed_ms; /* for clock_fixed() */
};

static inline int64_t clock_ms(struct clock *clock)
{
	return clock->now_ms(clock);
}

static inline int64_t clock_secs(struct clock *clock)
{
	return clock->now_ms(clock) / 1000;
}

/* The system's clock. */
struct clock clock_system(void);

/* A clock that stands still; move it by setting fixed_ms. */
struct clock clock_fixed(int64_t secs);

/* A clock that runs, but started at another moment (--now). */
struct clock clock_shifted(int64_t secs);

#endif
