#include "reply/doubt.h"

#include <string.h>

uint32_t doubt_code(int subject, int detail)
{
	return (uint32_t)subject * 1000 + (uint32_t)detail + 1;
}

/* The row of a day, made when there is none.  One that is much older than what
 * is known comes after a clock that was ahead, and all begins anew. */
static struct doubt_day *find_day(struct doubt *doubt, int32_t day)
{
	struct doubt_day *days = doubt->days;
	size_t i, old = 0;

	if (doubt->count > 0 && days[doubt->count - 1].day >= day + DOUBT_DAYS)
		doubt->count = 0;
	while (old < doubt->count && days[old].day <= day - DOUBT_DAYS)
		old++;
	doubt->count -= old;
	memmove(days, days + old, doubt->count * sizeof(days[0]));
	for (i = doubt->count; i > 0 && days[i - 1].day >= day; i--)
		if (days[i - 1].day == day)
			return &days[i - 1];
	memmove(days + i + 1, days + i, (doubt->count - i) * sizeof(days[0]));
	days[i] = (struct doubt_day){.day = day};
	doubt->count++;
	return &days[i];
}

/* From the last day back, as long as nothing was accepted and what was refused
 * was refused alike. */
static bool is_dead(const struct doubt *doubt, uint32_t code)
{
	size_t refused = 0;

	for (size_t i = doubt->count; i-- > 0;) {
		const struct doubt_day *day = &doubt->days[i];

		if (day->accepted > 0 || (day->code != 0 && day->code != code))
			break;
		refused += day->code == code;
	}
	return refused >= DOUBT_ENOUGH;
}

bool doubt_refused(struct doubt *doubt, int32_t day, uint32_t code)
{
	find_day(doubt, day)->code = code;
	return is_dead(doubt, code);
}

void doubt_accepted(struct doubt *doubt, int32_t day)
{
	struct doubt_day *row = find_day(doubt, day);

	if (row->accepted < UINT32_MAX)
		row->accepted++;
}

void doubt_came_back(struct doubt *doubt, int32_t day)
{
	for (size_t i = 0; i < doubt->count; i++)
		if (doubt->days[i].day == day && doubt->days[i].accepted > 0)
			doubt->days[i].accepted--;
}
