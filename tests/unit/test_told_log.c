#include "unit/store_test.h"

#include "base/auto.h"
#include "policyd/policy_counts.h"
#include "policyd/told_log.h"
#include "store/counter_table.h"

enum { NOW = 1772359200 };

static struct clock now;

/* At that moment */
static void add(struct told_log *log, const char *domain, int64_t moment,
                enum told_kind kind, const char *sts_id)
{
	const struct told told = {
		.kind = kind, .sts_fetch = VIEW_OK, .sts_id = sts_id};

	now = clock_fixed(moment);
	assert_true(told_log_add(log, domain, &told));
}

static void write_log(struct told_log *log, struct db *db, bool commits)
{
	struct db_txn *txn = db_begin_write(db);

	told_log_write(log, txn);
	if (!commits) {
		db_abort(&txn);
		return;
	}
	assert_int_equal(db_commit(&txn, NULL), 0);
	told_log_written(log);
}

/* Since when that is told; 0: nothing is. */
static int64_t since(struct db *db, const char *domain, enum told_kind kind)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	auto_(arena_clear) struct arena arena = {0};
	struct told told;

	if (!told_get(txn, domain, INT64_MAX, &arena, &told))
		return 0;
	assert_int_equal(told.kind, kind);
	return told.since;
}

static void test_only_changes(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	auto_(told_log_free) struct told_log *log = told_log_new(&now);

	add(log, "a.test", NOW, TOLD_STS_TESTING, "1");
	add(log, "none.test", NOW, TOLD_NONE, NULL);
	write_log(log, db, true);
	assert_int_equal(told_log_count(log), 0);
	/* the same, told by the next process */
	add(log, "a.test", NOW + 10, TOLD_STS_TESTING, "1");
	write_log(log, db, true);
	assert_int_equal(since(db, "a.test", TOLD_STS_TESTING), NOW);
	assert_int_equal(since(db, "none.test", TOLD_NONE), 0);
	add(log, "a.test", NOW + 20, TOLD_STS_TESTING, "2");
	write_log(log, db, true);
	assert_int_equal(since(db, "a.test", TOLD_STS_TESTING), NOW + 20);
	add(log, "a.test", NOW + 30, TOLD_NONE, NULL);
	write_log(log, db, true);
	assert_int_equal(since(db, "a.test", TOLD_NONE), NOW + 30);
}

/* The store takes nothing for a while. */
static void test_kept(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	auto_(told_log_free) struct told_log *log = told_log_new(&now);

	add(log, "a.test", NOW, TOLD_DANE, NULL);
	write_log(log, db, false);
	add(log, "b.test", NOW + 1, TOLD_DANE, NULL);
	assert_int_equal(told_log_count(log), 2);
	write_log(log, db, true);
	assert_int_equal(told_log_count(log), 0);
	assert_int_equal(since(db, "a.test", TOLD_DANE), NOW);
	assert_int_equal(since(db, "b.test", TOLD_DANE), NOW + 1);
}

static int64_t until(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	return told_until(txn);
}

/* Until when all is written */
static void test_until(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	auto_(told_log_free) struct told_log *log = told_log_new(&now);

	assert_int_equal(until(db), 0);
	add(log, "a.test", NOW, TOLD_STS_TESTING, "1");
	now = clock_fixed(NOW + 5);
	write_log(log, db, false);
	assert_int_equal(until(db), 0);
	now = clock_fixed(NOW + 6);
	write_log(log, db, true);
	assert_int_equal(until(db), NOW + 6);
	now = clock_fixed(NOW + 9);
	write_log(log, db, true);
	assert_int_equal(until(db), NOW + 9);
	/* the clock was ahead */
	now = clock_fixed(NOW + 7);
	write_log(log, db, true);
	assert_int_equal(until(db), NOW + 7);
}

static uint64_t counter(struct db *db, const char *name)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct counter counter = {.name = ""};

	while (counter_next(txn, &counter))
		if (strcmp(counter.name, name) == 0)
			return counter.n;
	return 0;
}

static void test_counts(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	struct policy_counts counts = {0};
	uint64_t taken[POLICY_COUNTS];

	for (int i = 0; i < 2; i++) {
		struct db_txn *txn = db_begin_write(db);

		policy_count(&counts, TOLD_STS_ENFORCE);
		policy_count(&counts, COUNT_COLD);
		policy_counts_write(&counts, taken, txn);
		policy_count(&counts, COUNT_COLD);
		assert_int_equal(db_commit(&txn, NULL), 0);
		policy_counts_written(&counts, taken);
	}
	assert_int_equal(counter(db, "policyd/answers/stsEnforce"), 2);
	assert_int_equal(counter(db, "policyd/cold"), 3);
	assert_int_equal(atomic_load(&counts.n[COUNT_COLD]), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_changes, store_setup,
	                                        store_teardown),
		cmocka_unit_test_setup_teardown(test_kept, store_setup,
	                                        store_teardown),
		cmocka_unit_test_setup_teardown(test_until, store_setup,
	                                        store_teardown),
		cmocka_unit_test_setup_teardown(test_counts, store_setup,
	                                        store_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
