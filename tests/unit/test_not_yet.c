#include "unit/store_test.h"

#include "base/clock.h"
#include "base/day.h"
#include "session/tally.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/not_yet.h"
#include "store/own_report_table.h"
#include "store/tally_table.h"

enum { TODAY = 20513, HOUR = 3600 };

#define NOW (day_start(TODAY) + 10 * HOUR)
#define YEAR (365 * (int64_t)DAY_SECS)

static const struct tally_limits LIMITS = {32, 1000, 1 << 20, 2 << 20};

static void put_head(struct db_txn *txn, int32_t day, const char *domain,
                     uint64_t sessions)
{
	struct tally_domain delta = {
		.day = day,
		.domain = domain,
		.success = sessions,
	};

	tally_apply(txn, &delta, &LIMITS);
}

static struct tally_head head_at(struct db *db, int32_t day, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct tally_head head;

	assert_int_equal(tally_head_get(txn, day, domain, &head), 1);
	return head;
}

static struct not_yet take_back(struct fixture *f, bool vouched)
{
	struct not_yet done;

	assert_int_equal(
		not_yet_take_back(f->db, NOW, vouched, &LIMITS, &done, &f->err),
		0);
	return done;
}

static void test_feeds(void **state)
{
	static const struct {
		const char *name;
		int64_t watermark, seen_at, last_event;
		int64_t want[3];
	} rows[] = {
		{"right", -5, 0, -60, {-5, 0, -60}},
		{"a-little-ahead", 60, 60, 60, {60, 60, 60}},
		{"a-year-ahead", YEAR, YEAR, YEAR - 5, {INT64_MIN, 0, 0}},
		{"long-silent", -60, -60, YEAR, {-60, -60, 0}},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct feed feed = {.events = 7};

	for (size_t i = 0; i < COUNT(rows); i++) {
		strcpy(feed.name, rows[i].name);
		feed.watermark = NOW + rows[i].watermark;
		feed.seen_at = NOW + rows[i].seen_at;
		feed.last_event = NOW + rows[i].last_event;
		feed_table_put(txn, &feed);
	}
	commit_ok(&txn);
	assert_int_equal(take_back(f, false).feeds, 2);
	txn = db_begin_read(f->db);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(feed_table_get(txn, rows[i].name, &feed), 1);
		assert_int_equal(feed.watermark,
		                 rows[i].want[0] == INT64_MIN
		                         ? 0
		                         : NOW + rows[i].want[0]);
		assert_int_equal(feed.seen_at, NOW + rows[i].want[1]);
		assert_int_equal(feed.last_event, NOW + rows[i].want[2]);
		assert_int_equal(feed.events, 7);
	}
	db_abort(&txn);
	assert_int_equal(take_back(f, false).feeds, 0);
}

/* Of today and tomorrow, and of days that are over, nothing is touched. */
static void test_sessions(void **state)
{
	static const int32_t days[] = {TODAY - 1, TODAY, TODAY + 1,
	                               TODAY + 365};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	int32_t first, last;

	for (size_t i = 0; i < COUNT(days); i++)
		put_head(txn, days[i], "a.example", 5);
	assert_int_equal(tally_days_until(txn, TODAY, &first, &last), 1);
	assert_int_equal(first, TODAY - 1);
	assert_int_equal(last, TODAY);
	assert_int_equal(tally_days_until(txn, TODAY + 300, &first, &last), 1);
	assert_int_equal(last, TODAY + 1);
	assert_int_equal(tally_days_until(txn, TODAY - 2, &first, &last), 0);
	commit_ok(&txn);
	/* nobody vouches for the time: it may be this clock that is wrong */
	assert_int_equal(take_back(f, false).domains, 0);
	assert_int_equal(head_at(f->db, TODAY + 365, "a.example").success, 5);
	assert_int_equal(take_back(f, true).domains, 2);
	assert_int_equal(head_at(f->db, TODAY - 1, "a.example").success, 5);
	assert_int_equal(head_at(f->db, TODAY, "a.example").success, 5);
	assert_int_equal(head_at(f->db, TODAY + 1, "a.example").success, 0);
	assert_int_equal(head_at(f->db, TODAY + 1, "a.example").late_success,
	                 5);
	assert_int_equal(head_at(f->db, TODAY + 365, "a.example").late_success,
	                 5);
	assert_int_equal(take_back(f, true).domains, 0);
}

/* More than one transaction takes. */
static void test_many_sessions(void **state)
{
	enum { MANY = 250 };
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	for (int i = 0; i < MANY; i++) {
		char domain[32];

		snprintf(domain, sizeof(domain), "d%03d.example", i);
		put_head(txn, TODAY + 100 + i % 3, domain, 1);
	}
	commit_ok(&txn);
	assert_int_equal(take_back(f, true).domains, MANY);
}

/* Only days that are not over are open again. */
static void test_closed(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct not_yet done;

	for (int32_t day = TODAY - 1; day <= TODAY; day++) {
		put_head(txn, day, "a.example", 5);
		tally_mark_set(txn, day, "a.example", 1, TALLY_NO_RECORD, 0,
		               "");
		day_table_closed_set(txn, day);
	}
	commit_ok(&txn);
	done = take_back(f, false);
	assert_int_equal(done.days, 1);
	assert_int_equal(head_at(f->db, TODAY, "a.example").mark, TALLY_OPEN);
	assert_int_equal(head_at(f->db, TODAY - 1, "a.example").mark,
	                 TALLY_NO_RECORD);
	txn = db_begin_read(f->db);
	assert_false(day_table_is_closed(txn, TODAY));
	assert_true(day_table_is_closed(txn, TODAY - 1));
	db_abort(&txn);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	const int64_t hour = NOW / HOUR;

	own_rate_add(txn, hour, "", 3);
	own_rate_add(txn, hour + 1000, "", 4);
	own_report_add(txn, TODAY, "a.example", 1);
	own_report_add(txn, TODAY + 9, "a.example", 2);
	own_seen_add(txn, TODAY + 9, "a.example", 2);
	commit_ok(&txn);
	take_back(f, false);
	txn = db_begin_read(f->db);
	assert_int_equal(own_rate_get(txn, hour, ""), 3);
	assert_int_equal(own_rate_get(txn, hour + 1000, ""), 0);
	assert_int_equal(own_report_get(txn, TODAY, "a.example"), 1);
	assert_int_equal(own_report_get(txn, TODAY + 9, "a.example"), 0);
	assert_int_equal(own_seen_get(txn, TODAY + 9, "a.example"), 0);
	db_abort(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_feeds),         STORE_TEST(test_sessions),
		STORE_TEST(test_many_sessions), STORE_TEST(test_closed),
		STORE_TEST(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
