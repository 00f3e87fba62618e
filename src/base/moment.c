#include "base/moment.h"

#include "base/clock.h"

bool moment_has_come(int64_t moment, int64_t now, int64_t longest)
{
	return moment <= now || moment - now > longest;
}

bool moment_is_to_come(int64_t since, int64_t now)
{
	return since - now > CLOCK_BOUND_SECS;
}

int64_t moment_age(int64_t since, int64_t now)
{
	if (moment_is_to_come(since, now))
		return INT64_MAX;
	return since < now ? now - since : 0;
}
