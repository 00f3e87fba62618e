#include "store/day_table.h"
#include "store/not_yet.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/day.h"
#include "base/moment.h"
#include "store/feed_table.h"
#include "store/journal_apply.h"
#include "store/keys.h"
#include "store/outbox_table.h"
#include "store/own_report_table.h"
#include "store/tally_table.h"

enum { BATCH_DOMAINS = 100 };

/* The first day that cannot be over, and the first that cannot have begun. */
static int32_t first_not_over(int64_t now)
{
	return day_of(now + CLOCK_BOUND_SECS);
}

static int32_t first_to_come(int64_t now)
{
	return first_not_over(now) + 1;
}

/* --- feeds --- */

static bool take_back_feed(struct feed *feed, int64_t now)
{
	bool any = false;

	if (moment_is_to_come(feed->watermark, now)) {
		feed->watermark = 0;
		any = true;
	}
	if (moment_is_to_come(feed->seen_at, now)) {
		feed->seen_at = now;
		any = true;
	}
	if (moment_is_to_come(feed->last_event, now)) {
		feed->last_event = now;
		any = true;
	}
	return any;
}

static uint64_t take_back_feeds(struct db_txn *txn, int64_t now)
{
	struct feed feed = {.name = ""};
	uint64_t n = 0;

	while (feed_table_next(txn, &feed))
		if (take_back_feed(&feed, now)) {
			feed_table_put(txn, &feed);
			n++;
		}
	return n;
}

static bool has_feeds(struct db_txn *txn, int64_t now)
{
	struct feed feed = {.name = ""};

	while (feed_table_next(txn, &feed))
		if (take_back_feed(&feed, now))
			return true;
	return false;
}

/* --- days that are closed and not over --- */

static int32_t last_day(struct db_txn *txn)
{
	int32_t first, last;

	return tally_day_range(txn, &first, &last) ? last : INT32_MIN;
}

static bool has_closed(struct db_txn *txn, int64_t now)
{
	int32_t last = last_day(txn);

	for (int32_t day = first_not_over(now); day <= last; day++)
		if (day_table_is_closed(txn, day))
			return true;
	return false;
}

static void open_domain(struct db_txn *txn, int32_t day, const char *domain,
                        const struct tally_head *head, struct not_yet *done)
{
	if (head->mark == TALLY_OPEN || head->mark == TALLY_UNSENT)
		return;
	if (head->mark == TALLY_QUEUED) {
		struct outbox_head queued;

		/* one that a run has taken up may have been sent: it stays */
		if (!outbox_head_get(txn, head->outbox_id, &queued) ||
		    queued.frozen)
			return;
		outbox_remove(txn, head->outbox_id);
		done->reports++;
	}
	tally_mark_set(txn, day, domain, head->revision, TALLY_OPEN, 0, "");
}

static void open_days(struct db_txn *txn, int64_t now, struct not_yet *done)
{
	int32_t last = last_day(txn);

	for (int32_t day = first_not_over(now); day <= last; day++) {
		char domain[TALLY_DOMAIN_TEXT] = "";
		struct tally_head head;
		int32_t at = day;

		if (!day_table_is_closed(txn, day))
			continue;
		day_table_closed_clear(txn, day);
		done->days++;
		while (tally_head_next(txn, &at, domain, &head) && at == day)
			open_domain(txn, day, domain, &head, done);
	}
}

/* --- sessions of days to come --- */

/* The next domain after (*day, domain) that has such sessions. */
static bool next_counted(struct db_txn *txn, int32_t *day,
                         char domain[TALLY_DOMAIN_TEXT])
{
	struct tally_head head;

	while (tally_head_next(txn, day, domain, &head))
		if (head.success + head.failure + head.policies > 0)
			return true;
	return false;
}

static int make_late(struct db *db, int64_t now, uint64_t *domains,
                     struct err *err)
{
	uint64_t n;

	do {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);
		char domain[TALLY_DOMAIN_TEXT] = "";
		int32_t day = first_to_come(now);
		int rc;

		for (n = 0;
		     n < BATCH_DOMAINS && next_counted(txn, &day, domain); n++)
			tally_make_late(txn, day, domain);
		rc = db_commit(&txn, err);
		if (rc < 0)
			return rc;
		*domains += n;
	} while (n == BATCH_DOMAINS);
	return 0;
}

/* --- all of it --- */

struct found {
	bool rows, sessions;
};

static int find_all(struct db *db, int64_t now, struct found *found,
                    struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	int32_t day = first_to_come(now);

	found->rows = has_feeds(txn, now) || has_closed(txn, now) ||
	              own_report_has_after(txn, now + CLOCK_BOUND_SECS);
	found->sessions = next_counted(txn, &day, domain);
	return db_failure(txn, err);
}

static int take_back_rows(struct db *db, int64_t now, struct not_yet *done,
                          struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);

	done->feeds = take_back_feeds(txn, now);
	open_days(txn, now, done);
	own_report_forget_after(txn, now + CLOCK_BOUND_SECS);
	return db_commit(&txn, err);
}

int not_yet_take_back(struct db *db, int64_t now, bool vouched,
                      const struct tally_limits *limits, struct not_yet *done,
                      struct err *err)
{
	struct found found;

	*done = (struct not_yet){.feeds = 0};
	if (find_all(db, now, &found, err) < 0)
		return err->class;
	/* what the journal says of feeds is newer than their rows */
	if ((found.rows || (found.sessions && vouched)) &&
	    journal_apply_days(db, 0, INT32_MAX, limits, err) < 0)
		return err->class;
	if (found.rows && take_back_rows(db, now, done, err) < 0)
		return err->class;
	return found.sessions && vouched
	               ? make_late(db, now, &done->domains, err)
	               : 0;
}
