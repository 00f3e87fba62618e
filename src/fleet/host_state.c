#include "fleet/host_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "fleet/day_fetch.h"

/* The last of some days of which the host's counts are here. */
static void find_last(struct db_txn *txn, int32_t yesterday,
                      struct host_state *state)
{
	for (int32_t day = yesterday; day > yesterday - HOST_STATE_DAYS; day--)
		if (host_day_get(txn, day, state->name, &state->last))
			return;
	state->last = (struct host_day){.slot = 0};
}

static bool is_named(const struct conf *conf, const char *name)
{
	struct fleet_host host;

	for (size_t i = 0; fleet_hosts_at(conf, i, &host); i++)
		if (strcmp(host.name, name) == 0)
			return true;
	return false;
}

/* The n-th that sent one of these days and is not named; a host that sent
 * several is one. */
static bool find_other(struct db_txn *txn, const struct conf *conf,
                       int32_t yesterday, size_t n, struct host_state *state)
{
	for (int32_t day = yesterday; day > yesterday - HOST_STATE_DAYS;
	     day--) {
		struct host_day host = {.slot = 0}, newer;

		while (host_day_next(txn, day, &host)) {
			bool seen = is_named(conf, host.head.host);

			for (int32_t d = day + 1; !seen && d <= yesterday; d++)
				seen = host_day_get(txn, d, host.head.host,
				                    &newer);
			if (seen || n-- > 0)
				continue;
			memcpy(state->name, host.head.host,
			       sizeof(state->name));
			return true;
		}
	}
	return false;
}

static enum host_status status_of(const struct conf *conf, int64_t now,
                                  const struct host_state *state)
{
	int32_t yesterday = day_of(now) - 1;

	if (state->last.slot != 0 && state->last.head.day == yesterday)
		return state->last.late ? HOST_LATE : HOST_HERE;
	if (!state->is_expected)
		return HOST_HERE;
	return now < day_start(yesterday + 1) + conf->fleet.deadline
	               ? HOST_WAITED_FOR
	               : HOST_MISSING;
}

static void say(struct host_state *state, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct host_state *state, const char *fmt, ...)
{
	size_t used = strlen(state->words);
	va_list ap;

	if (used > 0)
		used += (size_t)snprintf(state->words + used,
		                         sizeof(state->words) - used, "; ");
	if (used >= sizeof(state->words))
		return;
	va_start(ap, fmt);
	vsnprintf(state->words + used, sizeof(state->words) - used, fmt, ap);
	va_end(ap);
}

static void say_not_here(const struct conf *conf, int64_t now,
                         struct host_state *state)
{
	int32_t yesterday = day_of(now) - 1;
	bool missing = state->status == HOST_MISSING;
	char day[DAY_TEXT], time[TIME_TEXT];

	day_format(yesterday, day);
	if (missing)
		say(state, "%s is missing, and is not waited for any more",
		    day);
	else
		say(state, "%s is waited for until %s", day,
		    day_format_time(day_start(yesterday + 1) +
		                            conf->fleet.deadline,
		                    time));
	if (!state->is_fetched) {
		if (missing)
			say(state,
			    "does cron on %s run `tlstally export | ssh ... "
			    "tlstally import -`?",
			    state->name);
	} else if (state->fetch.words[0] != '\0') {
		say(state, "%s", state->fetch.words);
	} else if (state->fetch.of > 0) {
		say(state, "%" PRIu64 " of %" PRIu64 " domains are fetched",
		    state->fetch.done, state->fetch.of);
	} else if (missing) {
		say(state, "try `tlstally fetch`");
	}
}

static void make_words(const struct conf *conf, int64_t now,
                       struct host_state *state)
{
	bool is_alone = conf->fleet.ledger[0] == '\0';
	char day[DAY_TEXT];

	if (state->status == HOST_LATE)
		say(state,
		    "%s came late: reports of that day were made without it",
		    day_format(state->last.head.day, day));
	else if (state->status != HOST_HERE)
		say_not_here(conf, now, state);
	/* those that share a ledger all may report, and come by themselves */
	if (state->last.slot != 0 && state->last.head.reports && is_alone)
		say(state,
		    "it makes reports of its own, so sites get two: set "
		    "[report] mode = off on %s",
		    state->name);
	if (state->is_fetched && llabs(state->fetch.ahead) > FETCH_CLOCK_SECS)
		say(state, "its clock is %lld seconds %s",
		    llabs((long long)state->fetch.ahead),
		    state->fetch.ahead > 0 ? "ahead" : "behind");
	if (state->is_fetched && state->fetch.unreadable > 0)
		say(state, "the counts of %" PRIu64 " domains cannot be read",
		    state->fetch.unreadable);
	if (state->last.slot != 0 && !state->is_expected && is_alone)
		say(state, "[fleet] expect does not name it, so it is not "
		           "waited for");
}

bool host_state_next(struct db_txn *txn, const struct conf *conf, int64_t now,
                     size_t *place, struct host_state *state)
{
	size_t named = conf->fleet.expect.count + conf->fleet.fetchers.count;
	int32_t yesterday = day_of(now) - 1;
	struct fleet_host host;

	memset(state, 0, sizeof(*state));
	if (fleet_hosts_at(conf, *place, &host)) {
		memcpy(state->name, host.name, sizeof(state->name));
		state->is_expected = true;
		state->is_fetched = host.command != NULL;
		host_day_fetch_get(txn, yesterday, host.name, &state->fetch);
	} else if (!find_other(txn, conf, yesterday, *place - named, state)) {
		return false;
	}
	(*place)++;
	find_last(txn, yesterday, state);
	state->status = status_of(conf, now, state);
	make_words(conf, now, state);
	return !db_failed(txn);
}
