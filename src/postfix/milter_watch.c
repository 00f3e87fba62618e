#include "postfix/milter_watch.h"

#include <string.h>

#include "postfix/postfix_facts.h"

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

static bool is_first(const struct conf *conf, const struct postfix_facts *facts,
                     const char *name, struct arena *arena)
{
	const char *value = postconf_get(&facts->instance->set, name);
	struct postfix_milters milters;

	if (value == NULL)
		return false;
	postfix_milters_read(value, "", arena, &milters);
	return postfix_milters_find(&milters, facts->queue_directory,
	                            conf->milter.socket) == 0;
}

const char *milter_watch_first(const struct conf *conf,
                               const struct postfix_site *site,
                               struct arena *arena)
{
	for (size_t i = 0; i < site->count; i++) {
		struct postfix_facts facts;

		if (!site->instances[i].known)
			continue;
		postfix_facts_of(&site->instances[i], arena, &facts);
		if (is_first(conf, &facts, "smtpd_milters", arena) ||
		    is_first(conf, &facts, "non_smtpd_milters", arena))
			return site->instances[i].directory;
	}
	return NULL;
}
