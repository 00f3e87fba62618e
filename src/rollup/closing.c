#include "rollup/closing.h"

#include <stdio.h>

#include "base/day.h"
#include "base/moment.h"
#include "store/feed_table.h"
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

enum closing closing_of(struct db_txn *txn, const struct conf *conf,
                        int32_t day, int64_t now, char words[CLOSING_WORDS])
{
	int64_t end = day_start(day + 1);
	char text[DAY_TEXT];
	struct feed feed;

	words[0] = '\0';
	if (now < end + conf->report.grace) {
		snprintf(words, CLOSING_WORDS,
		         "the day is not over, or ended only a moment ago");
		return CLOSING_NOT_YET;
	}
	if (!feed_behind(txn, end, now, &feed))
		return CLOSING_COMPLETE;
	snprintf(words, CLOSING_WORDS,
	         "feed '%s' has not counted to the end of %s", feed.name,
	         day_format(day, text));
	return now >= end + conf->report.max_grace ? CLOSING_ANYWAY
	                                           : CLOSING_NOT_YET;
}

bool closing_waits(struct db_txn *txn, int32_t day, const char *domain,
                   int64_t now)
{
	int64_t after = now - day_start(day + 1);

	return (after < LOG_WAIT_SECS && log_pending_has(txn, day, domain)) ||
	       (after < LOG_COMPLETING_WAIT_SECS &&
	        log_completing_has(txn, day, domain));
}
