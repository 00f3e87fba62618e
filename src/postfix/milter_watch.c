#include "postfix/milter_watch.h"

#include <string.h>

void milter_watch_read(const struct conf *conf, const struct postfix_site *site,
                       struct arena *arena, struct milter_sight *sight)
{
	int by_hand = conf->milter.before_queue_filter;

	memset(sight, 0, sizeof(*sight));
	for (size_t i = 0; i < site->count; i++)
		if (site->instances[i].known)
			milter_sight_add(sight, &site->instances[i].set, arena);
	if (by_hand != BEFORE_QUEUE_FILTER_AUTO)
		sight->filtered = by_hand == BEFORE_QUEUE_FILTER_YES;
}
