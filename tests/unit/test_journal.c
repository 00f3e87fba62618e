#include "unit/store_test.h"

#include "base/day.h"
#include "session/tally.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/derived.h"
#include "store/domain_period.h"
#include "store/feed_table.h"
#include "store/journal_apply.h"
#include "store/journal_row.h"
#include "store/journal_table.h"
#include "store/journal_write.h"
#include "store/purge.h"
#include "store/tally_table.h"

enum { DAY = 20513 };

static const struct tally_limits limits = {32, 1000, 16 << 20, 24 << 20};

/* --- bytes of a row --- */

static const struct {
	const char *name;
	uint8_t bytes[16];
	size_t len;
	const char *want; /* of the error; NULL: it is read */
	bool whole;       /* its domains, too */
} rows[] = {
	{"nothing but a time", {1, 5, 0, 0}, 4, NULL, true},
	{"another form", {2, 5, 0, 0}, 4, "upgrade tlstally", false},
	{"nothing at all", {0}, 0, "damaged", false},
	{"a cut time", {1, 0x85}, 2, "damaged", false},
	{"a long number", {1, 0x85, 0, 0, 0}, 5, "damaged", false},
	{"a sum that is 0", {1, 5, 0, 1, 0, 0}, 6, "damaged", false},
	{"a sum that is none", {1, 5, 0, 1, 120, 1}, 6, "damaged", false},
	{"a domain", {1, 5, 0, 0, 0, 1, 'a', 2, 3, 14, 1}, 11, NULL, true},
	{"a domain without policies",
         {1, 5, 0, 0, 0, 1, 'a', 0, 3, 0},
         10,
         NULL,
         true},
	{"a cut domain", {1, 5, 0, 0, 0, 1, 'a', 2, 3}, 9, NULL, false},
	{"a domain without a name",
         {1, 5, 0, 0, 0, 0, 0, 3, 0},
         9,
         NULL,
         false},
	{"a name after nothing",
         {1, 5, 0, 0, 4, 1, 'a', 0, 3, 0},
         10,
         NULL,
         false},
	{"an unknown bit", {1, 5, 0, 0, 0, 1, 'a', 32, 3, 0}, 10, NULL, false},
	{"an unknown policy type",
         {1, 5, 0, 0, 0, 1, 'a', 2, 3, 14, 99},
         11,
         NULL,
         false},
	{"no id", {1, 5, 0, 0, 0, 1, 'a', 2, 3, 0, 1}, 11, NULL, false},
	{"a blob past the end",
         {1, 5, 0, 0, 0, 1, 'a', 2, 3, 15, 90, 1},
         12,
         NULL,
         false},
	{"failures that are none",
         {1, 5, 0, 0, 0, 1, 'a', 4, 3, 0, 0},
         11,
         NULL,
         false},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct journal_head head;
		struct err err = {0};
		struct reader in;
		int rc;

		print_message("  - %s\n", rows[i].name);
		reader_init(&in, rows[i].bytes, rows[i].len);
		rc = journal_head_read(&in, &head, &err);
		assert_int_equal(rc, rows[i].want != NULL ? ERR_PARSE : 0);
		if (rc < 0)
			assert_non_null(strstr(err.text, rows[i].want));
		else
			assert_int_equal(journal_domains_are_whole(in),
			                 rows[i].whole);
	}
}

/* --- appended, seen, applied --- */

static void append_record(struct db *db, const char *const *names, size_t count,
                          uint64_t n, const char *record,
                          struct journal_ids *ids)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	struct feed feed = {.name = "events", .seen_at = day_start(DAY)};
	struct day_stats stats = {.events = count * n, .success = count * n};
	const int32_t day = DAY;
	struct journal_commit commit = {.days = &day,
	                                .stats = &stats,
	                                .day_count = 1,
	                                .feed = &feed,
	                                .now = day_start(DAY)};

	for (size_t i = 0; i < count; i++) {
		/* of which the journal has the bytes but once */
		struct failure_detail detail = {.result = RESULT_OTHER,
		                                .reason = "why"};
		struct session_policy policy = {.type = POLICY_NONE,
		                                .domain = names[i],
		                                .failures = &detail,
		                                .failure_count = 1};
		struct session session = {.domain = names[i],
		                          .record = record,
		                          .policies = &policy,
		                          .policy_count = 1,
		                          .valid = true};

		assert_true(tally_add(tally, DAY, &session, n));
	}
	feed.events = n;
	commit.domains = tally_sorted(tally);
	commit.count = tally_domain_count(tally);
	journal_write(txn, &commit, ids);
	commit_ok(&txn);
}

static void append(struct db *db, const char *const *names, size_t count,
                   uint64_t n, struct journal_ids *ids)
{
	append_record(db, names, count, n, "v=TLSRPTv1; rua=mailto:a@b.c", ids);
}

static uint64_t success_of(struct db *db, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct tally_head head;

	return tally_head_get(txn, DAY, domain, &head) ? head.success : 0;
}

static void check_seen(struct db *db, uint64_t n, bool has_rows)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct report *report = report_new();
	struct day_stats stats;
	struct tally_head head;
	struct err err = {0};
	int32_t day = DAY;
	int heads = 0;

	assert_int_equal(journal_table_has(txn, DAY), has_rows);
	while (tally_head_next(txn, &day, domain, &head)) {
		assert_int_equal(day, DAY);
		assert_int_equal(head.success, n);
		assert_int_equal(tally_load(txn, day, domain, report, &err), 0);
		assert_int_equal(report->policy_count, 1);
		assert_int_equal(report->policies[0].success, n);
		heads++;
	}
	assert_int_equal(heads, 3);
	assert_true(day_table_stats_get(txn, DAY, &stats));
	assert_int_equal(stats.success, 3 * n);
	report_free(&report);
}

static void test_seen_before_and_after(void **state)
{
	static const char *const names[] = {"a.example", "ab.example",
	                                    "b.test"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct db_txn *old;
	struct tally_head head;
	struct err err = {0};
	uint64_t before, after;

	append(f->db, names, 3, 2, &ids);
	append(f->db, names, 3, 5, &ids);
	check_seen(f->db, 7, true);
	old = db_begin_read(f->db);
	before = change_state(old, CHANGE_DOMAIN);
	append(f->db, names, 3, 1, &ids);
	assert_int_equal(success_of(f->db, "ab.example"), 8);
	/* who began before sees what was there then, whatever comes */
	assert_int_equal(tally_head_get(old, DAY, "ab.example", &head), 1);
	assert_int_equal(head.success, 7);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	assert_int_equal(tally_head_get(old, DAY, "b.test", &head), 1);
	assert_int_equal(head.success, 7);
	db_abort(&old);
	check_seen(f->db, 8, false);
	old = db_begin_read(f->db);
	after = change_state(old, CHANGE_DOMAIN);
	db_abort(&old);
	assert_true(after > before);
	append(f->db, names, 3, 1, &ids);
	check_seen(f->db, 9, true);
}

static void test_one_domain_applied_alone(void **state)
{
	static const char *const names[] = {"a.example", "ab.example",
	                                    "b.test"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct tally_domain more = {.day = DAY,
	                            .domain = "ab.example",
	                            .valid = true,
	                            .success = 100};
	struct err err = {0};
	struct db_txn *txn;

	append(f->db, names, 3, 2, &ids);
	txn = db_begin_write(f->db);
	tally_apply(txn, &more, &limits);
	commit_ok(&txn);
	assert_int_equal(success_of(f->db, "ab.example"), 102);
	append(f->db, names, 3, 3, &ids);
	assert_int_equal(success_of(f->db, "ab.example"), 105);
	assert_int_equal(success_of(f->db, "a.example"), 5);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	assert_int_equal(success_of(f->db, "ab.example"), 105);
	assert_int_equal(success_of(f->db, "b.test"), 5);
}

enum { MANY = 2 * DB_BATCH_ROWS + 500 };

/* Each by itself, in lists, and with its policy. */
static void check_many(struct db *db, const char *const *names, uint64_t n)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	auto_(report_free) struct report *report = report_new();
	struct tally_head head;
	struct err err = {0};
	int32_t day = DAY;
	int heads = 0;

	while (tally_head_next(txn, &day, domain, &head)) {
		assert_string_equal(domain, names[heads++]);
		assert_int_equal(head.success, n);
		assert_int_equal(tally_load(txn, day, domain, report, &err), 0);
		assert_int_equal(report->policy_count, 1);
		assert_int_equal(report->policies[0].success, n);
		assert_string_equal(report->policies[0].domain, domain);
		assert_int_equal(report->policies[0].detail_count, 1);
		assert_int_equal(report->policies[0].details[0].count, n);
	}
	assert_int_equal(heads, MANY);
}

/* In pieces, by one process and then by another, while more is appended. */
static void test_applied_in_pieces(void **state)
{
	static char text[MANY][16];
	static const char *names[MANY];
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	struct err err = {0};
	uint64_t n = 2;
	int rounds = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof(text[i]), "d%04d.example", i);
		names[i] = text[i];
	}
	append(f->db, names, MANY, n, &ids);
	while (journal_apply_some(f->db, DAY, &limits, &err) == 1) {
		check_many(f->db, names, n);
		append(f->db, names, MANY, 1, &ids);
		check_many(f->db, names, ++n);
		db_close(&f->db);
		fixture_open(f);
		check_many(f->db, names, n);
		rounds++;
	}
	assert_int_equal(rounds, MANY / DB_BATCH_ROWS);
	check_many(f->db, names, n);
	append(f->db, names, MANY, 1, &ids);
	check_many(f->db, names, ++n);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	check_many(f->db, names, n);
	txn = db_begin_read(f->db);
	assert_false(journal_table_has(txn, DAY));
	derived_check_day(txn, DAY);
	assert_int_equal(db_failure(txn, &err), 0);
}

/* A day of which nothing is applied yet. */
static void test_a_period_has_what_waits(void **state)
{
	static const char *const names[] = {"a.example", "b.test"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	auto_(domain_period_free) struct period *period = NULL;
	struct domain_period of;

	append(f->db, names, 2, 3, &ids);
	txn = db_begin_read(f->db);
	period = domain_period_new(txn, DAY - 3, DAY);
	assert_true(domain_period_get(period, "b.test", &of));
	assert_int_equal(of.sessions, 3);
}

static void append_of(struct db *db, int32_t day, uint64_t events,
                      struct journal_ids *ids)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	const struct feed feed = {.name = "events",
	                          .watermark = (int64_t)events,
	                          .events = events};
	const struct day_stats stats = {.events = 1};
	const struct journal_commit commit = {.days = &day,
	                                      .stats = &stats,
	                                      .day_count = 1,
	                                      .feed = &feed,
	                                      .now = day_start(DAY)};

	journal_write(txn, &commit, ids);
	commit_ok(&txn);
}

static void check_feed(struct db *db, uint64_t events)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct feed feed = {0};

	assert_int_equal(feed_table_get(txn, "events", &feed), 1);
	assert_int_equal(feed.events, events);
	assert_int_equal(feed.watermark, events);
}

/* In whatever order days are applied, a feed says what it said last. */
static void test_a_feed_never_falls_back(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct err err = {0};

	append_of(f->db, DAY, 3, &ids);
	append_of(f->db, DAY - 1, 5, &ids);
	check_feed(f->db, 5);
	assert_int_equal(
		journal_apply_days(f->db, DAY - 1, DAY - 1, &limits, &err), 0);
	check_feed(f->db, 5);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	check_feed(f->db, 5);
}

static uint64_t domain_state(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	return change_state(txn, CHANGE_DOMAIN);
}

/* A host that stood still for a month: what was never applied goes, and no
 * number comes twice. */
static void test_purged_rows_leave_the_state(void **state)
{
	static const char *const names[] = {"a.example"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct purge_counts counts;
	uint64_t before;

	append(f->db, names, 1, 1, &ids);
	append(f->db, names, 1, 1, &ids);
	before = domain_state(f->db);
	assert_int_equal(purge_run(f->db, DAY + 31, day_start(DAY + 31), 30, 30,
	                           &counts, &f->err),
	                 0);
	assert_int_equal(success_of(f->db, "a.example"), 0);
	assert_true(domain_state(f->db) > before);
	append(f->db, names, 1, 1, &ids);
	assert_true(domain_state(f->db) > before + 1);
}

/* Who appends applies after an hour, when the day is over, and when a clock
 * that was ahead has been set back; not before. */
static void test_when_it_is_due(void **state)
{
	static const char *const names[] = {"a.example"};
	static const struct {
		const char *name;
		int64_t at; /* secs after it was appended, at midnight */
		int want;
	} moments[] = {
		{"at once", 0, 0},
		{"a moment before the hour", 3599, 0},
		{"after an hour", 3600, 1},
		{"the day is over", 86400, 1},
		{"the clock was ahead", -3600, 1},
	};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	int32_t day;

	assert_int_equal(journal_apply_due(f->db, day_start(DAY), &day, NULL),
	                 0);
	append(f->db, names, 1, 1, &ids);
	for (size_t i = 0; i < COUNT(moments); i++) {
		ROW(&moments[i]);
		assert_int_equal(
			journal_apply_due(f->db, day_start(DAY) + moments[i].at,
		                          &day, NULL),
			moments[i].want);
	}
	assert_int_equal(day, DAY);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, NULL), 0);
	assert_int_equal(
		journal_apply_due(f->db, day_start(DAY + 1), &day, NULL), 0);
}

/* And when much waits, whatever the time. */
static void test_much_is_due(void **state)
{
	static const char *const names[] = {"a.example"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	char record[SESSION_RECORD_MAX];
	int32_t day;
	int n = 0;

	memset(record, 'r', sizeof(record) - 1);
	record[sizeof(record) - 1] = '\0';
	while (n < 10000 &&
	       journal_apply_due(f->db, day_start(DAY), &day, NULL) == 0) {
		/* another one each time, or it would be left out */
		snprintf(record, 9, "%08d", n++);
		record[8] = 'r';
		append_record(f->db, names, 1, 1, record, &ids);
	}
	assert_true(n > 1000 && n < 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		STORE_TEST(test_seen_before_and_after),
		STORE_TEST(test_one_domain_applied_alone),
		STORE_TEST(test_applied_in_pieces),
		STORE_TEST(test_a_period_has_what_waits),
		STORE_TEST(test_a_feed_never_falls_back),
		STORE_TEST(test_purged_rows_leave_the_state),
		STORE_TEST(test_when_it_is_due),
		STORE_TEST(test_much_is_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
