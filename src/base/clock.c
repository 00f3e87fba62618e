#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_ms(struct clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_REALTIME_COARSE);
}

int64_t clock_host_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

static int64_t system_monotonic_ms(struct clock *clock)
{
	(void)clock;
	return clock_host_ms();
}

static int64_t system_boot_ms(struct clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_BOOTTIME);
}

static int64_t fixed_ms(struct clock *clock)
{
	return clock->fixed_ms + clock->stepped_ms + clock->slept_ms;
}

static int64_t fixed_monotonic_ms(struct clock *clock)
{
	return clock->fixed_ms;
}

static int64_t fixed_boot_ms(struct clock *clock)
{
	return clock->fixed_ms + clock->slept_ms;
}

static int64_t shifted_ms(struct clock *clock)
{
	return system_ms(clock) + clock->fixed_ms;
}

static int64_t held_ms(struct clock *clock)
{
	int64_t wall = clock->wall_ms(clock);
	int64_t agreed = clock->boot_ms(clock) + atomic_load(&clock->agreed_ms);
	int64_t ahead = wall - agreed;

	return ahead > CLOCK_BOUND_SECS * 1000 ||
	                       ahead < -CLOCK_BOUND_SECS * 1000
	               ? agreed
	               : wall;
}

void clock_hold(struct clock *clock, int64_t agreed_ms)
{
	atomic_store(&clock->agreed_ms, agreed_ms);
	if (clock->now_ms != held_ms)
		clock->now_ms = held_ms;
}

struct clock clock_system(void)
{
	return (struct clock){
		.now_ms = system_ms,
		.wall_ms = system_ms,
		.monotonic_ms = system_monotonic_ms,
		.boot_ms = system_boot_ms,
	};
}

struct clock clock_fixed(int64_t secs)
{
	return (struct clock){
		.now_ms = fixed_ms,
		.wall_ms = fixed_ms,
		.monotonic_ms = fixed_monotonic_ms,
		.boot_ms = fixed_boot_ms,
		.fixed_ms = secs * 1000,
	};
}

void clock_step(struct clock *clock, int64_t ms)
{
	clock->stepped_ms += ms;
}

void clock_sleep(struct clock *clock, int64_t ms)
{
	clock->slept_ms += ms;
}

struct clock clock_shifted(int64_t secs)
{
	struct clock clock = clock_system();

	clock.now_ms = clock.wall_ms = shifted_ms;
	clock.told = true;
	clock.fixed_ms = secs * 1000 - system_ms(&clock);
	return clock;
}
