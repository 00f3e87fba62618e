/* What the store says of the feeds, and of what they counted. */
#include "doctor/check.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "maillog/maillog.h"
#include "rollup/coverage.h"
#include "store/day_table.h"
#include "store/feed_table.h"

enum {
	LEVELS_ENOUGH = 5, /* sessions that show what all are like */
	WAITING_FEW = 10,
};

static void look_at_feed(struct look *look, const struct feed_kind *kind)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	auto_(strbuf_clear) struct strbuf words = {0};
	int64_t now = look->of->now;
	struct feed feed = {0};
	enum feed_state state;

	feed_table_get(txn, kind->name, &feed);
	state = feed_state(&feed, now);
	feed_tell(&feed, kind, now, &words);
	CHECK_TELL(look,
	           !feed_is_up(state)       ? FEED_DOWN
	           : state == FEED_COUNTING ? FEED_WELL
	                                    : FEED_ODD,
	           strbuf_text(&words), kind->daemon, kind->name);
	if (!feed_is_up(state))
		check_tell_since(look, feed.seen_at);
	else if (state == FEED_QUIET)
		check_tell_since(look, feed.last_event);
}

void check_events(struct look *look)
{
	look_at_feed(look, feed_kind(FEED_EVENTS));
}

void check_milter(struct look *look)
{
	look_at_feed(look, feed_kind(FEED_MILTER));
}

/* Of today and yesterday. */
static void sum_lines(const struct status_of *of,
                      struct day_lines sums[LINE_FATES])
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int32_t today = day_of(of->now);

	for (int32_t day = today; day >= today - 1; day--) {
		struct day_lines row = {0};

		while (day_table_lines_next(txn, day, &row)) {
			struct day_lines *sum = &sums[row.fate];
			uint64_t n = sum->n;

			if (n == 0)
				*sum = row;
			sum->n = n + row.n;
		}
	}
}

/* As [log] journal_users names whose the first was. */
static const char *user_of(struct look *look, const struct day_lines *lines)
{
	return lines->uid == LINE_UID_NONE
	               ? "nobody"
	               : check_number(look, (uint64_t)lines->uid);
}

void check_log(struct look *look)
{
	struct day_lines sums[LINE_FATES] = {{0}};
	struct feed_kind kind = *feed_kind(FEED_LOG);

	sum_lines(look->of, sums);
	if (sums[LINE_TELLS].n == 0 && sums[LINE_UNREAD].n > 0)
		kind.check = "its lines are not understood";
	else if (sums[LINE_TELLS].n == 0 && sums[LINE_FOREIGN].n > 0)
		kind.check = "its lines are ignored";
	look_at_feed(look, &kind);
}

/* Where no line told of a session, those that were not read are why. */
void check_lines(struct look *look)
{
	struct day_lines sums[LINE_FATES] = {{0}};
	bool none;

	sum_lines(look->of, sums);
	none = sums[LINE_TELLS].n == 0;
	if (sums[LINE_UNREAD].n > 0)
		CHECK_TELL(look, none ? LINES_UNREAD_ALL : LINES_UNREAD_SOME,
		           check_number(look, sums[LINE_UNREAD].n),
		           sums[LINE_UNREAD].first, LOG_LINE_EXAMPLE);
	else if (sums[LINE_FOREIGN].n > 0)
		CHECK_TELL(look, none ? LINES_FOREIGN_ALL : LINES_FOREIGN_SOME,
		           check_number(look, sums[LINE_FOREIGN].n),
		           sums[LINE_FOREIGN].first, check_settings_file(look),
		           user_of(look, &sums[LINE_FOREIGN]));
	else if (sums[LINE_UNCLEAR].n > 0)
		CHECK_TELL(look, LINES_UNCLEAR,
		           check_number(look, sums[LINE_UNCLEAR].n),
		           sums[LINE_UNCLEAR].first);
	else if (sums[LINE_READ].n == 0)
		CHECK_TELL(look, LINES_NONE);
	else
		CHECK_TELL(look, LINES_WELL,
		           check_number(look, sums[LINE_TELLS].n));
}

void check_faults(struct look *look)
{
	struct day_lines sums[LINE_FATES] = {{0}};

	sum_lines(look->of, sums);
	if (sums[LINE_OURS].n > 0)
		CHECK_TELL(look, FAULTS_SOME,
		           check_number(look, sums[LINE_OURS].n),
		           sums[LINE_OURS].first);
	else
		CHECK_TELL(look, FAULTS_WELL);
}

/* What only messages with "TLS-Required: No" should have, all have: so many
 * that it is no chance. */
static bool all_less(uint64_t less, uint64_t all)
{
	return all >= LEVELS_ENOUGH && less == all;
}

void check_levels(struct look *look)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	int32_t today = day_of(look->of->now);
	struct day_levels levels, yesterday;

	day_table_levels_get(txn, today, &levels);
	day_table_levels_get(txn, today - 1, &yesterday);
	levels.dane += yesterday.dane;
	levels.less_than_dane += yesterday.less_than_dane;
	levels.sts += yesterday.sts;
	levels.less_than_sts += yesterday.less_than_sts;
	if (all_less(levels.less_than_dane, levels.dane))
		CHECK_TELL(look, LEVELS_NO_DANE,
		           check_number(look, levels.dane));
	else if (all_less(levels.less_than_sts, levels.sts))
		CHECK_TELL(look, LEVELS_NO_STS, check_number(look, levels.sts),
		           check_settings_file(look));
	else
		CHECK_TELL(look, LEVELS_WELL);
}

/* Of today and yesterday; a few wait for their line. */
void check_judged(struct look *look)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	bool by_log = look->of->conf->log.complete_events;
	int32_t today = day_of(look->of->now);
	struct day_stats stats, yesterday;
	uint64_t n;

	day_table_stats_get(txn, today, &stats);
	day_table_stats_get(txn, today - 1, &yesterday);
	n = stats.unjudged + yesterday.unjudged;
	if (n < (by_log ? WAITING_FEW : 1))
		CHECK_TELL(look, JUDGED_ALL);
	else
		CHECK_TELL(look, by_log ? JUDGED_BY_NO_LINE : JUDGED_BY_NOBODY,
		           check_number(look, n), check_settings_file(look));
}

void check_coverage(struct look *look)
{
	const struct status_of *of = look->of;
	uint64_t uncovered = 0;

	for (int32_t day = day_of(of->now); day >= day_of(of->now) - 1; day--) {
		struct coverage coverage;
		struct err err = {0};
		char text[DAY_TEXT];

		if (coverage_look(of->db, of->conf, day, of->now, &coverage,
		                  &err) < 0) {
			CHECK_TELL(look, COVERAGE_TROUBLE, err.text);
			return;
		}
		if (coverage.broken) {
			CHECK_TELL(look, COVERAGE_BROKEN,
			           check_number(look, coverage.domains),
			           day_format(day, text), coverage.feed->daemon,
			           coverage.feed->check);
			check_tell_since(look, day_start(day));
			return;
		}
		uncovered += coverage.uncovered;
	}
	CHECK_TELL(look, uncovered > 0 ? COVERAGE_SOME : COVERAGE_WELL);
}
