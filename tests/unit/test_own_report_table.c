#include "unit/store_test.h"

#include "base/day.h"
#include "store/own_report_table.h"

enum { DAY = 20513 };

static void test_counts_stand_apart(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	own_report_add(txn, DAY, "a.example", 1);
	own_seen_add(txn, DAY, "a.example", 2);
	own_seen_add(txn, DAY, "a.example", 4);
	own_seen_add(txn, DAY + 1, "a.example", 8);
	own_seen_add(txn, DAY, "b.example", 16);
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	assert_int_equal(own_report_get(txn, DAY, "a.example"), 1);
	assert_int_equal(own_seen_get(txn, DAY, "a.example"), 6);
	assert_int_equal(own_seen_get(txn, DAY + 1, "a.example"), 8);
	assert_int_equal(own_seen_get(txn, DAY, "b.example"), 16);
	assert_int_equal(own_seen_get(txn, DAY, "c.example"), 0);
	commit_ok(&txn);
}

/* A day is whole when the milter ran through it. */
static void test_whole_days(void **state)
{
	static const struct {
		const char *name;
		int64_t from[2], to[2]; /* secs of the day */
		bool whole;
	} rows[] = {
		{"it never ran", {0}, {0}, false},
		{"from before to after", {-100}, {DAY_SECS + 100}, true},
		{"the host started anew",
	         {0, 40000 + OWN_SEEN_GAP_SECS},
	         {40000, DAY_SECS},
	         true},
		{"it was away longer",
	         {0, 40001 + OWN_SEEN_GAP_SECS},
	         {40000, DAY_SECS},
	         false},
		{"from noon", {43200}, {DAY_SECS + 100}, false},
		{"until noon", {-100}, {43200}, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);

		ROW(&rows[i]);
		for (int j = 0; j < 2; j++)
			own_seen_ran(txn, day_start(DAY) + rows[i].from[j],
			             day_start(DAY) + rows[i].to[j]);
		assert_int_equal(own_seen_is_whole(txn, DAY), rows[i].whole);
	}
}

/* The watermarks that it committed say when it ran. */
static void test_by_watermark(void **state)
{
	static const struct {
		const char *name;
		int64_t step, skip; /* secs; skip: at noon */
		bool whole;
	} rows[] = {
		{"idle", 10, 0, true},
		{"a slow disk", OWN_SEEN_STEP_SECS, 0, true},
		{"nobody knows what was between", OWN_SEEN_STEP_SECS + 1, 0,
	         false},
		{"away at noon", 10, 3600, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		int64_t before = day_start(DAY) - 20;

		ROW(&rows[i]);
		for (int64_t t = -20; t < DAY_SECS + 20; t += rows[i].step) {
			if (t >= 43200 && t < 43200 + rows[i].skip)
				continue;
			own_seen_committed(txn, before, day_start(DAY) + t);
			before = day_start(DAY) + t;
		}
		assert_int_equal(own_seen_is_whole(txn, DAY), rows[i].whole);
		assert_false(own_seen_is_whole(txn, DAY - 1));
		assert_false(own_seen_is_whole(txn, DAY + 1));
	}
}

/* A clock that is set back counts nothing twice. */
static void test_clock_goes_back(void **state)
{
	struct fixture *f = *state;
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
	int64_t before = day_start(DAY);

	for (int round = 0; round < 3; round++)
		for (int64_t t = 0; t < DAY_SECS / 2; t += 50) {
			own_seen_committed(txn, before, day_start(DAY) + t);
			before = day_start(DAY) + t;
		}
	/* three times the same half */
	assert_false(own_seen_is_whole(txn, DAY));
}

static void test_purged(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t rows = 0;

	own_seen_add(txn, DAY, "a.example", 1);
	own_seen_ran(txn, day_start(DAY), day_start(DAY + 1));
	own_seen_add(txn, DAY + 1, "a.example", 1);
	assert_int_equal(own_seen_purge(txn, 0, &rows), 0);
	assert_int_equal(own_seen_purge(txn, DAY + 1, &rows), 0);
	assert_int_equal(rows, 2);
	assert_int_equal(own_seen_get(txn, DAY, "a.example"), 0);
	assert_false(own_seen_is_whole(txn, DAY));
	assert_int_equal(own_seen_get(txn, DAY + 1, "a.example"), 1);
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_counts_stand_apart),
		STORE_TEST(test_whole_days),
		STORE_TEST(test_by_watermark),
		STORE_TEST(test_clock_goes_back),
		STORE_TEST(test_purged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
