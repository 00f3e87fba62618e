#include "base/lease.h"

struct lease lease_from(struct clock *clock, int64_t secs)
{
	return (struct lease){
		.wall_ms = clock_ms(clock) + secs * 1000,
		.boot_ms = clock_boot_ms(clock) + secs * 1000,
	};
}

struct lease lease_less(const struct lease *lease, int64_t secs)
{
	return (struct lease){
		.wall_ms = lease->wall_ms - secs * 1000,
		.boot_ms = lease->boot_ms - secs * 1000,
	};
}

bool lease_is_over(const struct lease *lease, struct clock *clock)
{
	if (lease->wall_ms == 0 && lease->boot_ms == 0)
		return false;
	return clock_ms(clock) >= lease->wall_ms ||
	       clock_boot_ms(clock) >= lease->boot_ms;
}
