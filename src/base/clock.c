#include "base/clock.h"

#include <time.h>

static int64_t system_ms(struct clock *clock)
{
	struct timespec now;

	(void)clock;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t fixed_ms(struct clock *clock)
{
	return clock->fixed_ms;
}

static int64_t shifted_ms(struct clock *clock)
{
	return system_ms(clock) + clock->fixed_ms;
}

struct clock clock_system(void)
{
	return (struct clock){.now_ms = system_ms};
}

struct clock clock_fixed(int64_t secs)
{
	return (struct clock){.now_ms = fixed_ms, .fixed_ms = secs * 1000};
}

struct clock clock_shifted(int64_t secs)
{
	return (struct clock){
		.now_ms = shifted_ms,
		.fixed_ms = secs * 1000 - system_ms(NULL),
	};
}
