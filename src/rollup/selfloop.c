#include "rollup/selfloop.h"

#include "base/day.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/own_report_table.h"

enum { DAYS_BACK = 3 };

/* The log tells our own reports by their queue ids, and they are not counted.
 * Of another feed only the last event is known: it may have had some on that
 * day, too. */
static bool ours_are_left_out(struct db_txn *txn, int32_t day)
{
	struct feed feed = {0};
	bool any = false;

	while (feed_table_next(txn, &feed)) {
		const struct feed_kind *kind = feed_kind(feed.name);

		if (!kind->counts_sessions || feed.last_event < day_start(day))
			continue;
		if (!kind->leaves_out_ours)
			return false;
		any = true;
	}
	return any;
}

bool selfloop_possible(struct db_txn *txn, const struct conf *conf, int32_t day,
                       bool events_have_ours)
{
	if (conf->report.own_sessions != OWN_SESSIONS_AUTO)
		return conf->report.own_sessions == OWN_SESSIONS_YES;
	if (ours_are_left_out(txn, day))
		return false;
	if (events_have_ours)
		return true;
	/* the latest day that tells decides: Postfix may have been upgraded */
	for (int32_t d = day; d > day - DAYS_BACK; d--) {
		struct day_stats stats;

		if (!day_table_stats_get(txn, d, &stats))
			continue;
		if (stats.unnamed > 0)
			return true;
		if (stats.named > 0)
			return false;
	}
	return true;
}

/* Our reports of that day for recipients in the domain: as many as the milter
 * saw, or else as we tried to hand over. */
static uint64_t ours_of(struct db_txn *txn, int32_t day, const char *domain)
{
	return own_seen_is_whole(txn, day) ? own_seen_get(txn, day, domain)
	                                   : own_report_get(txn, day, domain);
}

/* Our reports of the day before whose sessions did not come that
 * day: they may have come after midnight. */
static uint64_t left_over(struct db_txn *txn, int32_t day, const char *domain)
{
	uint64_t ours = ours_of(txn, day, domain);
	struct tally_head head;
	uint64_t sessions = 0;

	if (ours > 0 && tally_head_get(txn, day, domain, &head))
		sessions = head.success + head.failure + head.unjudged;
	return ours > sessions ? ours - sessions : 0;
}

bool selfloop_is(struct db_txn *txn, int32_t day, const char *domain,
                 const struct tally_head *head)
{
	uint64_t ours =
		ours_of(txn, day, domain) + left_over(txn, day - 1, domain);

	return ours > 0 &&
	       head->success + head->failure + head->unjudged <= ours;
}
