#include "unit/store_test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "base/day.h"
#include "base/log.h"
#include "intake/committer.h"
#include "store/own_report_table.h"

enum { DAY = 20513 /* 2026-03-01 */, HOUR_MS = 3600 * 1000 };

/* A feed that has so many rows on each side. */
struct fake {
	struct clock clock;
	struct committer *committer;
	size_t rows[2];
	atomic_int fails; /* so many transactions, each at its last row */
	atomic_int sums, emptied;
};

static int errors_said, infos_said;
static char last_error[256];

static void capture(void *arg, int priority, const char *line)
{
	(void)arg;
	infos_said += priority == LOG_INFO;
	if (priority != LOG_ERR)
		return;
	errors_said++;
	snprintf(last_error, sizeof(last_error), "%s", line);
}

static size_t rows(void *arg, int side)
{
	return ((struct fake *)arg)->rows[side];
}

static void put(struct db_txn *txn, void *arg, int side, size_t row)
{
	char domain[32];

	(void)arg;
	(void)side;
	snprintf(domain, sizeof(domain), "%05zu.example", row);
	own_seen_add(txn, DAY, domain, 1);
}

static void put_sums(struct db_txn *txn, void *arg, int side,
                     const struct feed *more)
{
	struct fake *fake = arg;

	(void)side;
	(void)more;
	fake->sums++;
	if (fake->fails > 0) {
		fake->fails--;
		db_fail(txn, ERR_BUSY, "the disk is full");
	}
}

static void committed(void *arg, int side)
{
	struct fake *fake = arg;

	fake->rows[side] = 0;
	fake->emptied++;
}

static const struct committer_work batches = {
	.rows = rows, .put = put, .put_sums = put_sums, .committed = committed};
static const struct committer_work whole = {.rows = rows,
                                            .put = put,
                                            .put_sums = put_sums,
                                            .committed = committed,
                                            .whole = true};

static void make(struct fake *fake, struct fixture *f, const char *feed,
                 const struct committer_work *work, int64_t interval_ms)
{
	const struct committer_options options = {
		.feed = feed,
		.db = f->db,
		.clock = &fake->clock,
		.interval_ms = interval_ms,
		.work = work,
		.arg = fake,
	};

	errors_said = infos_said = 0;
	log_capture(capture, NULL);
	fake->clock = clock_fixed(day_start(DAY));
	fake->committer = committer_new(&options);
}

static void start(struct fake *fake, struct fixture *f,
                  const struct committer_work *work, int64_t interval_ms)
{
	make(fake, f, FEED_EVENTS, work, interval_ms);
	assert_int_equal(committer_start(fake->committer, &f->err), 0);
}

static void stop_ok(struct fake *fake, struct fixture *f)
{
	if (committer_stop(fake->committer, &f->err) != 0)
		fail_msg("%s", f->err.text);
	committer_free(&fake->committer);
	log_capture(NULL, NULL);
}

/* Counts so many rows and events. */
static void count(struct fake *fake, size_t n, bool hurry)
{
	int64_t now;

	fake->rows[committer_begin(fake->committer, &now)] += n;
	committer_end(fake->committer, n, hurry);
}

static void wait_for(struct fake *fake, uint64_t commits, bool fails)
{
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

	for (int i = 0; i < 5000; i++) {
		struct committer_state state = committer_state(fake->committer);

		if (state.commits >= commits && state.commit_fails == fails)
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("it did not come to that");
}

static struct feed feed_of(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct feed feed = {0};

	assert_int_equal(feed_table_get(txn, FEED_EVENTS, &feed), 1);
	return feed;
}

static size_t rows_in_store(struct db *db, size_t count, uint64_t times)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	size_t there = 0;

	for (size_t i = 0; i < count; i++) {
		char domain[32];

		snprintf(domain, sizeof(domain), "%05zu.example", i);
		there += own_seen_get(txn, DAY, domain) == times;
	}
	return there;
}

/* What is in the store is not put there again; what must be there as a whole
 * is not there by half. */
static void test_goes_on_where_it_failed(void **state)
{
	enum { ROWS = 2 * DB_BATCH_ROWS + 10 };
	static const struct {
		const char *name;
		const struct committer_work *work;
		size_t before; /* rows in the store while it fails */
	} cases[] = {
		{"in batches", &batches, 2 * DB_BATCH_ROWS},
		{"as a whole", &whole, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake fake = {.fails = 1};
		struct fixture f;

		ROW(&cases[i]);
		fixture_make(&f);
		fixture_open(&f);
		start(&fake, &f, cases[i].work, HOUR_MS);
		count(&fake, ROWS, true);
		wait_for(&fake, 0, true);
		assert_int_equal(rows_in_store(f.db, ROWS, 1), cases[i].before);
		wait_for(&fake, 1, false);
		assert_int_equal(rows_in_store(f.db, ROWS, 1), ROWS);
		assert_int_equal(feed_of(f.db).events, ROWS);
		assert_int_equal(fake.sums, 2);
		assert_int_equal(fake.emptied, 1);
		stop_ok(&fake, &f);
		assert_int_equal(errors_said, 1);
		assert_string_equal(last_error,
		                    "cannot commit counters: the disk is full; "
		                    "kept in memory, will retry");
		assert_int_equal(infos_said, 1);
		fixture_clear(&f);
	}
}

static void test_an_idle_feed_shows_that_it_lives(void **state)
{
	struct fixture *f = *state;
	struct fake fake = {.fails = 0};

	start(&fake, f, &batches, 1);
	wait_for(&fake, 1, false);
	fake.clock.fixed_ms += COMMITTER_IDLE_MS;
	wait_for(&fake, 2, false);
	stop_ok(&fake, f);
	assert_int_equal(feed_of(f->db).seen_at, day_start(DAY) + 10);
	assert_int_equal(feed_of(f->db).watermark, day_start(DAY) + 10);
	assert_int_equal(feed_of(f->db).last_event, 0);
}

/* All before the watermark is counted: that stays so when a clock steps back;
 * but what a clock said that proved wrong was never so. */
static void test_the_watermark_stays(void **state)
{
	static const struct {
		const char *name;
		int64_t stored, want; /* secs after now */
	} cases[] = {
		{"it moves on", -10, 0},
		{"the clock was set back by a minute", 60, 60},
		{"it was a day ahead", 86400, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct db_txn *txn = db_begin_write(f->db);
		struct feed feed = {.name = FEED_EVENTS,
		                    .watermark =
		                            day_start(DAY) + cases[i].stored};
		struct fake fake = {.fails = 0};

		ROW(&cases[i]);
		feed_table_put(txn, &feed);
		commit_ok(&txn);
		start(&fake, f, &batches, 1);
		wait_for(&fake, 1, false);
		stop_ok(&fake, f);
		assert_int_equal(feed_of(f->db).watermark,
		                 day_start(DAY) + cases[i].want);
	}
}

static int64_t waited_ms(struct fake *fake)
{
	int64_t now, began = clock_host_ms();

	committer_begin(fake->committer, &now);
	committer_end_committed(fake->committer, 1, 5000);
	return clock_host_ms() - began;
}

/* Who must not go on before it is in the store waits for that, and not for a
 * store that takes nothing. */
static void test_who_waits_for_the_commit(void **state)
{
	struct fixture *f = *state;
	struct fake fake = {.fails = 0};

	start(&fake, f, &batches, HOUR_MS);
	waited_ms(&fake);
	assert_int_equal(feed_of(f->db).events, 1);
	fake.fails = 1;
	assert_true(waited_ms(&fake) < 5000);
	assert_int_equal(feed_of(f->db).events, 1);
	stop_ok(&fake, f);
	assert_int_equal(feed_of(f->db).events, 2);
}

static void test_what_is_lost_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct fake fake = {.fails = 1000};
	struct err err = {0};

	start(&fake, f, &batches, 1);
	count(&fake, 7, true);
	wait_for(&fake, 0, true);
	count(&fake, 3, false);
	assert_int_equal(committer_stop(fake.committer, &err), ERR_IO);
	assert_non_null(strstr(err.text, "those of 10 events are lost"));
	committer_free(&fake.committer);
	log_capture(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on_where_it_failed),
		STORE_TEST(test_an_idle_feed_shows_that_it_lives),
		STORE_TEST(test_the_watermark_stays),
		STORE_TEST(test_who_waits_for_the_commit),
		STORE_TEST(test_what_is_lost_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
