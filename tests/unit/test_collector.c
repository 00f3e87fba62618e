#include "unit/store_test.h"

#include <stdatomic.h>
#include <syslog.h>
#include <time.h>

#include "base/day.h"
#include "base/log.h"
#include "intake/collector.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/journal_aside.h"
#include "store/journal_scan.h"
#include "store/journal_table.h"
#include "store/keys.h"
#include "store/tally_table.h"

enum { DAY = 20513 /* 2026-03-01 */, NOON = 43200 };

static struct clock test_clock;
/* The committing thread logs, too. */
static atomic_int errors_said, infos_said, without_domain_said, full_said;
static uint64_t received; /* since start() */

static void capture(void *arg, int priority, const char *line)
{
	(void)arg;
	without_domain_said +=
		strstr(line, "counted without their domain") != NULL;
	full_said += strstr(line, "the journal of counts is full, and cannot "
	                          "be applied: ") != NULL;
	errors_said += priority == LOG_ERR;
	infos_said += priority == LOG_INFO;
}

static struct collector *start_that(struct db *db, int64_t interval_ms,
                                    bool leaves_journal)
{
	struct collector_options options = {
		.committer = {.feed = "events",
	                      .db = db,
	                      .clock = &test_clock,
	                      .interval_ms = interval_ms},
		.limits = {32, 1000, 1 << 22, 1 << 23},
		.leaves_journal = leaves_journal,
	};
	struct collector *collector;
	struct err err = {0};

	errors_said = infos_said = without_domain_said = full_said = 0;
	received = 0;
	log_capture(capture, NULL);
	test_clock = clock_fixed(day_start(DAY) + NOON);
	collector = collector_new(&options);
	assert_int_equal(collector_start(collector, &err), 0);
	return collector;
}

static struct collector *start(struct db *db, int64_t interval_ms)
{
	return start_that(db, interval_ms, false);
}

/* What the receiving thread does with one datagram. */
static void receive(struct collector *collector, const char *text)
{
	struct session session;
	struct memo_event event = {.data = text, .len = strlen(text)};

	received++;
	session_init(&session);
	collector_begin(collector);
	collector_prepare(collector, &event, 1);
	if (!collector_recall(collector, &event)) {
		enum bad_input bad =
			datagram_decode(text, strlen(text), &session, NULL);

		if (bad == BAD_NONE)
			collector_learn(collector, &event, &session);
		else
			collector_bad(collector, bad);
	}
	collector_end(collector);
	session_clear(&session);
}

static const char good[] = "{\"d\":\"a.example\",\"pr\":\"v=TLSRPTv1;"
			   "rua=mailto:a@b.example\",\"policies\":["
			   "{\"policy-type\":9,\"f\":0}]}";

static struct tally_head head_of(struct db *db, int32_t day, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct tally_head head = {0};

	tally_head_get(txn, day, domain, &head);
	return head;
}

static void stop_ok(struct collector **collector)
{
	struct err err = {0};

	if (collector_stop(*collector, &err) != 0)
		fail_msg("%s", err.text);
	collector_free(collector);
	log_capture(NULL, NULL);
}

static void test_all_is_committed_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 3600 * 1000);
	struct day_stats stats = {0};
	struct feed feed = {0};

	for (int i = 0; i < 100; i++)
		receive(collector, good);
	receive(collector, "rubbish");
	stop_ok(&collector);
	assert_int_equal(head_of(f->db, DAY, "a.example").success, 100);
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	assert_true(day_table_stats_get(txn, DAY, &stats));
	assert_int_equal(stats.events, 100);
	assert_int_equal(stats.success, 100);
	assert_int_equal(stats.unnamed, 100);
	assert_int_equal(stats.named, 0);
	assert_int_equal(stats.bad[BAD_JSON], 1);
	assert_int_equal(feed_table_get(txn, "events", &feed), 1);
	assert_int_equal(feed.watermark, day_start(DAY) + NOON);
	assert_int_equal(feed.last_event, day_start(DAY) + NOON);
	assert_int_equal(feed.events, 101);
}

static void test_midnight_divides_the_hits(void **state)
{
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 3600 * 1000);

	for (int i = 0; i < 10; i++)
		receive(collector, good);
	test_clock.fixed_ms = day_end(DAY) * 1000 + 999;
	receive(collector, good);
	test_clock.fixed_ms = day_start(DAY + 1) * 1000;
	for (int i = 0; i < 5; i++)
		receive(collector, good);
	stop_ok(&collector);
	assert_int_equal(head_of(f->db, DAY, "a.example").success, 11);
	assert_int_equal(head_of(f->db, DAY + 1, "a.example").success, 5);
}

/* Waits for the committing thread to have gone round so many times. */
static void wait_commits(struct collector *collector, uint64_t commits)
{
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

	while (collector_state(collector).commits < commits)
		nanosleep(&pause, NULL);
}

/* Waits for all that was received to be in the store. */
static void wait_received(struct db *db)
{
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	struct feed feed = {0};

	while (feed.events < received) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(db);

		feed_table_get(txn, "events", &feed);
		nanosleep(&pause, NULL);
	}
}

static void test_commits_while_more_comes_in(void **state)
{
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 1);

	for (uint64_t round = 1; round <= 20; round++) {
		for (int i = 0; i < 50; i++)
			receive(collector, good);
		wait_received(f->db);
	}
	stop_ok(&collector);
	assert_int_equal(head_of(f->db, DAY, "a.example").success, 1000);
}

static void test_the_watermark_moves_without_events(void **state)
{
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 1);
	struct feed feed = {0};

	wait_commits(collector, 1);
	test_clock.fixed_ms += 60 * 1000;
	wait_commits(collector, 2);
	stop_ok(&collector);
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	assert_int_equal(feed_table_get(txn, "events", &feed), 1);
	assert_int_equal(feed.watermark, day_start(DAY) + NOON + 60);
	assert_int_equal(feed.last_event, 0);
}

/* The watchdog compares with the monotonic clock, and so does the pause between
 * two idle commits: a clock set back a year must stop neither. */
static void test_a_clock_set_back_stops_nothing(void **state)
{
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 1);

	wait_commits(collector, 1);
	clock_step(&test_clock, INT64_C(-365) * DAY_SECS * 1000);
	test_clock.fixed_ms += 60 * 1000;
	wait_commits(collector, 2);
	assert_int_equal(collector_state(collector).progress_ms,
	                 clock_monotonic_ms(&test_clock));
	stop_ok(&collector);
}

static void receive_domain(struct collector *collector, int i)
{
	char text[400];

	snprintf(text, sizeof(text),
	         "{\"d\":\"d%d.example\",\"pr\":\"v=TLSRPTv1;"
	         "rua=mailto:a@b.example\",\"policies\":["
	         "{\"policy-type\":9,\"f\":0}]}",
	         i);
	receive(collector, text);
}

static void test_a_full_store_is_said_once_and_counted(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	struct collector *collector;
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	struct err err = {0};

	db_close(&f->db);
	options.map_size = 512 * 1024;
	assert_int_equal(db_open(&f->db, &options, &err), 0);
	collector = start(f->db, 1);
	int i = 0;
	for (; !collector_state(collector).commit_fails; i++) {
		receive_domain(collector, i);
		if (i % 1000 == 0)
			nanosleep(&pause, NULL);
	}
	/* more than the quarter in reserve takes */
	for (int more = 0; more < 8000; more++)
		receive_domain(collector, i + more);
	assert_int_equal(collector_stop(collector, &err), ERR_IO);
	assert_non_null(strstr(err.text, "events are lost"));
	/* the quarter in reserve may have let it go on for a while */
	assert_int_equal(errors_said, infos_said + 1);
	assert_true(errors_said <= 2);
	collector_free(&collector);
	log_capture(NULL, NULL);
}

/* What the day has in all: with their domains, and without. */
static void check_totals(struct db *db, uint64_t domains)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	struct day_stats stats = {0};
	uint64_t heads = 0;
	int32_t day = DAY;

	while (tally_head_next(txn, &day, domain, &head))
		heads += head.success;
	assert_true(day_table_stats_get(txn, DAY, &stats));
	assert_int_equal(stats.events, domains);
	assert_int_equal(stats.success, domains);
	assert_int_equal(heads + stats.catch_all.success, domains);
	assert_int_equal(stats.catch_all.policy_success[POLICY_NONE],
	                 stats.catch_all.success);
	assert_int_equal(stats.catch_all.failure, 0);
}

/* Nobody waits for the interval, and nothing of the day's totals is cut. */
static void test_a_flood_of_domains_is_committed_early(void **state)
{
	enum { DOMAINS = 40000 }; /* three times what a side may hold */
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 3600 * 1000);

	for (int i = 0; i < DOMAINS; i++)
		receive_domain(collector, i);
	/* the interval is an hour: whatever is committed now is early */
	while (collector_state(collector).commits == 0)
		nanosleep(&pause, NULL);
	stop_ok(&collector);
	check_totals(f->db, DOMAINS);
}

/* The sides run to their bounds: the rest counts in the day's totals. */
static void test_past_the_bound_only_the_domain_is_lost(void **state)
{
	enum { DOMAINS = 60000 };
	struct fixture *f = *state;
	auto_(db_abort) struct db_txn *busy = db_begin_write(f->db);
	struct collector *collector = start(f->db, 1);

	for (int i = 0; i < DOMAINS; i++)
		receive_domain(collector, i);
	db_abort(&busy);
	stop_ok(&collector);
	check_totals(f->db, DOMAINS);
	assert_true(without_domain_said > 0);
}

/* --- what is applied --- */

static void wait_until_applied(struct db *db, int32_t day)
{
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

	for (bool has = true; has;) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(db);

		has = journal_table_has(txn, day);
		nanosleep(&pause, NULL);
	}
}

/* The row of the day's counters, which nothing can mend: damaged, or gone. */
static void set_stats(struct db *db, int32_t day, bool damaged)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct db_key key = key_of_day(TABLE_DAY, day);

	if (damaged)
		db_put_bytes(txn, &key, "x", 1);
	else
		db_delete(txn, &key);
	commit_ok(&txn);
}

static void check_trouble(struct db *db, int32_t day, const char *want)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char words[JOURNAL_WORDS];

	journal_trouble_get(txn, day, words);
	if (want == NULL)
		assert_string_equal(words, "");
	else
		assert_non_null(strstr(words, want));
}

static void wait_for_error(void)
{
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

	while (errors_said == 0)
		nanosleep(&pause, NULL);
}

/* A day of which something is damaged waits, and says why, until somebody has
 * mended it; others do not. */
static void test_one_day_keeps_no_other_waiting(void **state)
{
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 1);

	receive(collector, good);
	wait_received(f->db);
	set_stats(f->db, DAY, true);
	test_clock.fixed_ms = day_start(DAY + 1) * 1000;
	wait_for_error();
	check_trouble(f->db, DAY, "damaged");
	receive(collector, good);
	wait_received(f->db);
	test_clock.fixed_ms += 3601 * 1000;
	wait_until_applied(f->db, DAY + 1);
	check_trouble(f->db, DAY, "damaged");
	assert_int_equal(errors_said, 1);
	assert_int_equal(infos_said, 0);
	set_stats(f->db, DAY, false);
	test_clock.fixed_ms += 31 * 1000;
	wait_until_applied(f->db, DAY);
	check_trouble(f->db, DAY, NULL);
	stop_ok(&collector);
	assert_int_equal(infos_said, 1);
	assert_int_equal(head_of(f->db, DAY, "a.example").success, 1);
	assert_int_equal(head_of(f->db, DAY + 1, "a.example").success, 1);
}

/* Much is applied whatever the time, and the rest stays. */
static void test_much_is_applied_at_once(void **state)
{
	enum { DOMAINS = 13000, RECORD = 1100, MUCH = 12 << 20 };
	struct fixture *f = *state;
	struct collector *collector = start_that(f->db, 1, true);
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	struct journal_scan waiting = {0};
	char text[RECORD + 200];
	struct db_txn *txn;
	size_t rows;

	for (int i = 0; i < DOMAINS; i++) {
		snprintf(text, sizeof(text),
		         "{\"d\":\"d%d.example\",\"pr\":\"v=TLSRPTv1;"
		         "rua=mailto:%0*d@b.example\",\"policies\":["
		         "{\"policy-type\":9,\"f\":0}]}",
		         i, RECORD, i);
		receive(collector, text);
		if (i % 1000 == 999)
			wait_received(f->db);
		if (i != 3999)
			continue;
		/* a half of it stays */
		txn = db_begin_read(f->db);
		journal_scan_get(txn, DAY, &waiting);
		db_abort(&txn);
		assert_true(waiting.size.bytes > 4 << 20);
	}
	do {
		nanosleep(&pause, NULL);
		txn = db_begin_read(f->db);
		journal_scan_get(txn, DAY, &waiting);
		rows = rows_in(txn, TABLE_TALLY);
		db_abort(&txn);
	} while (waiting.size.bytes >= MUCH || rows < 2000);
	stop_ok(&collector);
	check_totals(f->db, DOMAINS);
}

/* So much that cannot be read, behind one row of a domain. */
static void fill_journal(struct db *db, int32_t day, uint64_t after)
{
	enum { MIB = 1 << 20, ROWS = 65 };
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	auto_(xfree_str) char *junk = xcalloc(MIB, 1);

	for (uint64_t i = 1; i <= ROWS; i++) {
		struct db_key key = key_of_day(TABLE_JOURNAL, day);

		key_u64(&key, after + i);
		db_put_bytes(txn, &key, junk, MIB);
	}
	commit_ok(&txn);
}

/* What cannot be applied is bounded: past that counts stay in memory, which
 * has bounds of its own, and nothing of a day's totals is cut. */
static void test_a_journal_that_is_full(void **state)
{
	struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	struct fixture *f = *state;
	struct collector *collector = start(f->db, 1);

	receive(collector, good);
	wait_received(f->db);
	set_stats(f->db, DAY, true);
	fill_journal(f->db, DAY, 1000);
	wait_for_error();
	while (!collector_state(collector).commit_fails) {
		receive(collector, good);
		nanosleep(&pause, NULL);
	}
	assert_true(full_said > 0);
	for (int i = 0; i < 50; i++)
		receive(collector, good);
	set_stats(f->db, DAY, false);
	test_clock.fixed_ms += 31 * 1000;
	while (collector_state(collector).commit_fails)
		nanosleep(&pause, NULL);
	stop_ok(&collector);
	assert_int_equal(head_of(f->db, DAY, "a.example").success, received);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_all_is_committed_at_the_end),
		STORE_TEST(test_midnight_divides_the_hits),
		STORE_TEST(test_commits_while_more_comes_in),
		STORE_TEST(test_the_watermark_moves_without_events),
		STORE_TEST(test_a_clock_set_back_stops_nothing),
		STORE_TEST(test_a_full_store_is_said_once_and_counted),
		STORE_TEST(test_a_flood_of_domains_is_committed_early),
		STORE_TEST(test_past_the_bound_only_the_domain_is_lost),
		STORE_TEST(test_one_day_keeps_no_other_waiting),
		STORE_TEST(test_much_is_applied_at_once),
		STORE_TEST(test_a_journal_that_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
