#include "policy/query_limit.h"

enum { ONE = 1000, SECOND_MS = 1000, PARTS = 20 };

static int64_t room_of(const struct query_limit *limit)
{
	int64_t room = (int64_t)limit->per_sec * ONE / PARTS;

	return room > ONE ? room : ONE;
}

/* A query a second is a thousandth a millisecond. */
static void fill(struct query_limit *limit, int64_t now_ms)
{
	int64_t room = room_of(limit);
	int64_t took_ms = now_ms - limit->filled_ms;

	if (!limit->begun || took_ms > SECOND_MS)
		limit->thousandths = room;
	else
		limit->thousandths += took_ms * (int64_t)limit->per_sec;
	if (limit->thousandths > room)
		limit->thousandths = room;
	limit->begun = true;
	limit->filled_ms = now_ms;
}

bool query_limit_take(struct query_limit *limit, int64_t now_ms)
{
	if (limit->per_sec == 0)
		return true;
	fill(limit, now_ms);
	if (limit->thousandths < ONE)
		return false;
	limit->thousandths -= ONE;
	return true;
}

int64_t query_limit_next_ms(const struct query_limit *limit)
{
	int64_t per_ms = (int64_t)limit->per_sec;
	int64_t lacks = ONE - limit->thousandths;

	return limit->filled_ms + (lacks + per_ms - 1) / per_ms;
}
