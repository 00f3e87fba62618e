/*
 * clock - the time as something that is handed in
 *
 * Code below daemon/ and cli/ never asks the system what time it is: it gets a
 * clock. That is why a test can live through three days in a millisecond.
 *
 * A clock tells three times, and each has its use:
 *
 *     clock_ms()            wall time, UTC: what is written down, what day it
 *     clock_secs()          is.  Somebody can set it, to any year.
 *     clock_monotonic_ms()  how long something takes within this process:
 *                           limits, pauses, patience.  Nobody can set it; it
 *                           stands while the host is suspended.
 *     clock_boot_ms()       the same, but it goes on while the host is
 *                           suspended.  All processes since the host's boot
 *                           have it in common, so it can stand in the store
 *                           beside a wall time.  It stands while a hypervisor
 *                           pauses the host.
 *
 * The last two begin anywhere: only differences mean something.
 */
#ifndef TLSTALLY_BASE_CLOCK_H
#define TLSTALLY_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Two clocks that differ by no more agree: nobody sets a clock so finely that
 * we would mind. */
enum { CLOCK_BOUND_SECS = 300 };

struct clock {
	/* Milliseconds since 1970-01-01 UTC: what we go by, and what the wall
	 * clock shows.  They are the same but for clock_hold(). */
	int64_t (*now_ms)(struct clock *clock);
	int64_t (*wall_ms)(struct clock *clock);
	int64_t (*monotonic_ms)(struct clock *clock);
	int64_t (*boot_ms)(struct clock *clock);
	bool told; /* the operator says what time it is (--now) */
	_Atomic int64_t agreed_ms; /* of clock_hold() */
	/* Of clock_fixed(); a test sets them while threads read them. */
	_Atomic int64_t fixed_ms;   /* the monotonic one */
	_Atomic int64_t stepped_ms; /* how far somebody has set the wall clock
	                               ahead, below 0: back */
	_Atomic int64_t slept_ms;   /* how long the host was suspended */
};

static inline int64_t clock_ms(struct clock *clock)
{
	return clock->now_ms(clock);
}

static inline int64_t clock_secs(struct clock *clock)
{
	return clock->now_ms(clock) / 1000;
}

/* How far the wall clock is ahead of what we go by: 0 but for clock_hold(). */
static inline int64_t clock_ahead_secs(struct clock *clock)
{
	return (clock->wall_ms(clock) - clock->now_ms(clock)) / 1000;
}

static inline int64_t clock_monotonic_ms(struct clock *clock)
{
	return clock->monotonic_ms(clock);
}

static inline int64_t clock_boot_ms(struct clock *clock)
{
	return clock->boot_ms(clock);
}

/* The system's clocks. */
struct clock clock_system(void);

/* The monotonic one, for what waits in a system call (poll(2), base/wait.h):
 * no other clock can be handed in there. */
int64_t clock_host_ms(void);

/* Clocks that stand still.  All go on together when fixed_ms is set. */
struct clock clock_fixed(int64_t secs);

/* Of clock_fixed(): somebody sets the wall clock ahead, or back.  The others
 * stay. */
void clock_step(struct clock *clock, int64_t ms);

/* Of clock_fixed(): the host is suspended.  The monotonic clock stays. */
void clock_sleep(struct clock *clock, int64_t ms);

/*
 * From now on, when the wall clock differs by more than CLOCK_BOUND_SECS from
 * what it was agreed to be, that many milliseconds ahead of the boot clock,
 * the time is told by the boot clock.  So somebody who sets the wall clock
 * moves no program before it is known what to think of it
 * (base/clock_record.h).  Call it again when that changes, from one thread.
 */
void clock_hold(struct clock *clock, int64_t agreed_ms);

/* The system's, but the wall clock started at another moment (--now). */
struct clock clock_shifted(int64_t secs);

#endif
