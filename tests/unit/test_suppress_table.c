#include "unit/store_test.h"

#include "store/keys.h"
#include "store/own_report_table.h"
#include "store/suppress_table.h"

enum { NOW = 1772359200 };

static void suppress(struct db_txn *txn, const char *address, int64_t until)
{
	struct suppression row = {.since = NOW,
	                          .until = until,
	                          .by_hand = until == 0,
	                          .reason = "550 5.1.1 no such user"};

	snprintf(row.address, sizeof(row.address), "%s", address);
	suppress_put(txn, &row);
}

static void test_listed(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct suppression row = {0};

	suppress(txn, "b@example.com", NOW + 10);
	suppress(txn, "a@example.com", 0);
	assert_int_equal(suppress_get(txn, "b@example.com", &row), 1);
	assert_string_equal(row.address, "b@example.com");
	assert_int_equal(row.since, NOW);
	assert_int_equal(row.until, NOW + 10);
	assert_false(row.by_hand);
	assert_string_equal(row.reason, "550 5.1.1 no such user");
	assert_int_equal(suppress_get(txn, "c@example.com", &row), 0);
	row.address[0] = '\0';
	assert_int_equal(suppress_next(txn, &row), 1);
	assert_string_equal(row.address, "a@example.com");
	assert_true(row.by_hand);
	/* again by the row's own address */
	assert_int_equal(suppress_get(txn, row.address, &row), 1);
	assert_int_equal(suppress_next(txn, &row), 1);
	assert_string_equal(row.address, "b@example.com");
	assert_int_equal(suppress_next(txn, &row), 0);
	assert_int_equal(suppress_delete(txn, "b@example.com"), 1);
	assert_int_equal(suppress_delete(txn, "b@example.com"), 0);
	commit_ok(&txn);
}

static void test_purged(void **state)
{
	static const struct {
		const char *name, *address;
		int64_t until;
		int kept;
	} rows[] = {
		{"for good", "a@example.com", 0, 1},
		{"ended long ago", "b@example.com", 1, 0},
		{"ended just now", "c@example.com", NOW - 1, 0},
		{"ends now", "d@example.com", NOW, 0},
		{"ends later", "e@example.com", NOW + 1, 1},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct suppression row;
	uint64_t n = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		suppress(txn, rows[i].address, rows[i].until);
	assert_int_equal(suppress_purge(txn, NOW, &n), 0);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(suppress_get(txn, rows[i].address, &row),
		                 rows[i].kept);
	}
	commit_ok(&txn);
}

/* A rule's 30 days are no more when a clock was wrong; a person's end stands.
 */
static void test_has_ended(void **state)
{
	const int64_t days_30 = 30 * INT64_C(86400),
		      year = 365 * INT64_C(86400);
	const struct {
		const char *name;
		struct suppression row;
		bool ended;
	} rows[] = {
		{"by an answer", {.since = NOW, .until = NOW + days_30}, false},
		{"by an answer, 30 days ago",
	         {.since = NOW - days_30, .until = NOW},
	         true},
		{"by an answer, when the clock was a year ahead",
	         {.since = NOW + year, .until = NOW + year + days_30},
	         true},
		{"by hand, for good", {.since = NOW, .by_hand = true}, false},
		{"by hand, for a year",
	         {.since = NOW, .until = NOW + year, .by_hand = true},
	         false},
		{"by an answer, and its end moved by hand",
	         {.since = NOW, .until = NOW + year},
	         false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(suppress_has_ended(&rows[i].row, NOW),
		                 rows[i].ended);
	}
}

static void test_own_reports(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t n = 0;

	own_report_add(txn, 20512, "example.com", 2);
	own_report_add(txn, 20512, "example.com", 3);
	own_report_add(txn, 20513, "example.com", 1);
	assert_int_equal(own_report_get(txn, 20512, "example.com"), 5);
	assert_int_equal(own_report_get(txn, 20512, "example.org"), 0);
	assert_int_equal(own_report_purge(txn, 20513, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(own_report_get(txn, 20512, "example.com"), 0);
	assert_int_equal(own_report_get(txn, 20513, "example.com"), 1);
	/* 1970 is a broken clock, not the time to forget all */
	assert_int_equal(own_report_purge(txn, -4, &n), 0);
	assert_int_equal(n, 1);
	commit_ok(&txn);
}

static void test_rates(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t n = 0;

	own_rate_add(txn, 492322, "", 10);
	own_rate_add(txn, 492322, "example.com", 4);
	own_rate_add(txn, 492323, "", 1);
	assert_int_equal(own_rate_get(txn, 492322, ""), 10);
	assert_int_equal(own_rate_get(txn, 492322, "example.com"), 4);
	assert_int_equal(own_rate_purge(txn, 492323, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(own_rate_get(txn, 492323, ""), 1);
	assert_int_equal(own_rate_purge(txn, -1, &n), 0);
	assert_int_equal(n, 2);
	commit_ok(&txn);
}

static void test_damaged_rows(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct suppression row;
	struct db_key key = key_of_day(TABLE_OWN_REPORT, 20512);

	raw_put(txn, TABLE_SUPPRESS, "a@b", 3, "x", 1);
	assert_int_equal(suppress_get(txn, "a@b", &row), 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "table suppress"));
	txn = db_begin_write(f->db);
	key_text(&key, "a.b");
	db_put_bytes(txn, &key, "x", 1);
	own_report_add(txn, 20512, "a.b", 1);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "table own-report"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_listed), STORE_TEST(test_has_ended),
		STORE_TEST(test_purged), STORE_TEST(test_own_reports),
		STORE_TEST(test_rates),  STORE_TEST(test_damaged_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
