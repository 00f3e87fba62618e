#include "rollup/closing.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "base/moment.h"
#include "conf/fleet_hosts.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/host_day_table.h"
#include "store/log_completing_table.h"
#include "store/log_pending_table.h"

/* The first feed seen lately that has not counted past `end`; 0: none.  A
 * watermark of a time to come is from a clock that proved wrong. */
static int feed_behind(struct db_txn *txn, int64_t end, int64_t now,
                       struct feed *feed)
{
	*feed = (struct feed){0};
	while (feed_table_next(txn, feed))
		if (feed_kind(feed->name)->counts_sessions &&
		    feed_is_in_use(feed, now) &&
		    (feed->watermark < end ||
		     moment_is_to_come(feed->watermark, now)))
			return 1;
	return 0;
}

enum closing closing_of_feeds(struct db_txn *txn, const struct conf *conf,
                              int32_t day, int64_t now,
                              char words[CLOSING_WORDS])
{
	int64_t end = day_start(day + 1);
	char text[DAY_TEXT];
	struct feed feed;

	words[0] = '\0';
	if (!feed_behind(txn, end, now, &feed))
		return CLOSING_COMPLETE;
	snprintf(words, CLOSING_WORDS,
	         "feed '%s' has not counted to the end of %s", feed.name,
	         day_format(day, text));
	return now >= end + conf->report.max_grace ? CLOSING_ANYWAY
	                                           : CLOSING_NOT_YET;
}

enum closing closing_of_own(struct db_txn *txn, const struct conf *conf,
                            int32_t day, int64_t now, char words[CLOSING_WORDS])
{
	if (now >= day_start(day + 1) + conf->report.grace)
		return closing_of_feeds(txn, conf, day, now, words);
	snprintf(words, CLOSING_WORDS,
	         "the day is not over, or ended only a moment ago");
	return CLOSING_NOT_YET;
}

/* "mx2.example.com has not sent its 2026-03-01 (import), mx3 could not be
 * fetched (...)", as far as there is room. */
static void name_missing(struct db_txn *txn, int32_t day,
                         const struct fleet_host *host,
                         char words[CLOSING_WORDS])
{
	size_t used = strlen(words);
	struct host_fetch fetch;
	char text[DAY_TEXT];

	if (used == 0)
		snprintf(words, CLOSING_WORDS, "%s of these hosts is missing: ",
		         day_format(day, text));
	used = strlen(words);
	if (host->command == NULL)
		snprintf(words + used, CLOSING_WORDS - used, "%s%.60s (import)",
		         words[used - 2] == ':' ? "" : ", ", host->name);
	else if (host_day_fetch_get(txn, day, host->name, &fetch) &&
	         fetch.words[0] != '\0')
		snprintf(words + used, CLOSING_WORDS - used,
		         "%s%.60s (fetcher: %.80s)",
		         words[used - 2] == ':' ? "" : ", ", host->name,
		         fetch.words);
	else
		snprintf(words + used, CLOSING_WORDS - used,
		         "%s%.60s (fetcher)",
		         words[used - 2] == ':' ? "" : ", ", host->name);
}

static enum closing of_hosts(struct db_txn *txn, const struct conf *conf,
                             int32_t day, int64_t now,
                             char words[CLOSING_WORDS])
{
	int64_t deadline = day_start(day + 1) + conf->fleet.deadline;
	char missing[CLOSING_WORDS] = "";
	struct fleet_host host;
	struct host_day there;

	for (size_t i = 0; fleet_hosts_at(conf, i, &host); i++)
		if (!host_day_get(txn, day, host.name, &there))
			name_missing(txn, day, &host, missing);
	if (missing[0] == '\0')
		return CLOSING_COMPLETE;
	memcpy(words, missing, sizeof(missing));
	return now >= deadline ? CLOSING_ANYWAY : CLOSING_NOT_YET;
}

/* What a ledger has to say of the day (fleet/), it has said when it is ours. */
static enum closing of_fleet(const struct day_given *given,
                             char words[CLOSING_WORDS])
{
	if (!given->ours)
		snprintf(words, CLOSING_WORDS,
		         "the host that leads the fleet closes it");
	else if (given->missing[0] != '\0')
		snprintf(words, CLOSING_WORDS, "it is not sealed by: %.100s",
		         given->missing);
	else
		return CLOSING_COMPLETE;
	return given->ours ? CLOSING_ANYWAY : CLOSING_NOT_YET;
}

enum closing closing_of(struct db_txn *txn, const struct conf *conf,
                        int32_t day, int64_t now, char words[CLOSING_WORDS])
{
	enum closing own = closing_of_own(txn, conf, day, now, words);
	struct day_given given;
	enum closing hosts;

	if (own == CLOSING_NOT_YET)
		return own;
	if (day_table_given_get(txn, day, &given)) {
		hosts = of_fleet(&given, words);
		return hosts == CLOSING_COMPLETE ? own : hosts;
	}
	hosts = of_hosts(txn, conf, day, now, words);
	return hosts == CLOSING_COMPLETE ? own : hosts;
}

static void add_name(char names[OUTBOX_MISSING], const char *name)
{
	size_t used = strlen(names);

	/* one that is cut off would be another host's */
	if (used + strlen(name) + sizeof(", ...") < OUTBOX_MISSING)
		snprintf(names + used, OUTBOX_MISSING - used, "%s%s",
		         used > 0 ? ", " : "", name);
	else if (used < 3 || strcmp(names + used - 3, "...") != 0)
		snprintf(names + used, OUTBOX_MISSING - used, "%s...",
		         used > 0 ? ", " : "");
}

void closing_missing(struct db_txn *txn, const struct conf *conf, int32_t day,
                     char names[OUTBOX_MISSING])
{
	struct day_given given;
	struct fleet_host host;
	struct host_day there;

	names[0] = '\0';
	if (day_table_given_get(txn, day, &given)) {
		snprintf(names, OUTBOX_MISSING, "%.159s", given.missing);
		return;
	}
	for (size_t i = 0; fleet_hosts_at(conf, i, &host); i++)
		if (!host_day_get(txn, day, host.name, &there))
			add_name(names, host.name);
}

bool closing_waits(struct db_txn *txn, int32_t day, const char *domain,
                   int64_t now)
{
	int64_t after = now - day_start(day + 1);

	return (after < LOG_WAIT_SECS && log_pending_has(txn, day, domain)) ||
	       (after < LOG_COMPLETING_WAIT_SECS &&
	        log_completing_has(txn, day, domain));
}
