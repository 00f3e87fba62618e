#include "unit/store_test.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/auto.h"
#include "policyd/policy_counts.h"
#include "policyd/told_log.h"
#include "store/counter_table.h"

enum { NOW = 1772359200 };

static struct clock now;

static struct told_log *open_log(struct db *db)
{
	struct told_log *log = NULL;

	assert_int_equal(told_log_open(&log, db, &now, NULL), 0);
	return log;
}

/* At that moment; nobody waits */
static void add(struct told_log *log, const char *domain, int64_t moment,
                enum told_kind kind, const char *sts_id)
{
	const struct told told = {
		.kind = kind, .sts_fetch = VIEW_OK, .sts_id = sts_id};

	now = clock_fixed(moment);
	assert_true(told_log_add(log, domain, &told, NULL, NULL));
}

static void fill_disk(void *arg, struct db_txn *txn)
{
	(void)arg;
	db_fail(txn, ERR_IO, "the disk is full");
}

static void write_log(struct told_log *log, bool commits)
{
	assert_int_equal(
		told_log_commit(log, commits ? NULL : fill_disk, NULL, NULL),
		commits ? 0 : ERR_IO);
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
	auto_(told_log_close) struct told_log *log = open_log(db);

	add(log, "a.test", NOW, TOLD_STS_TESTING, "1");
	add(log, "none.test", NOW, TOLD_NONE, NULL);
	write_log(log, true);
	assert_int_equal(told_log_count(log), 0);
	/* the same, told by the next process */
	add(log, "a.test", NOW + 10, TOLD_STS_TESTING, "1");
	write_log(log, true);
	assert_int_equal(since(db, "a.test", TOLD_STS_TESTING), NOW);
	assert_int_equal(since(db, "none.test", TOLD_NONE), 0);
	add(log, "a.test", NOW + 20, TOLD_STS_TESTING, "2");
	write_log(log, true);
	assert_int_equal(since(db, "a.test", TOLD_STS_TESTING), NOW + 20);
	add(log, "a.test", NOW + 30, TOLD_NONE, NULL);
	write_log(log, true);
	assert_int_equal(since(db, "a.test", TOLD_NONE), NOW + 30);
}

/* The store takes nothing for a while. */
static void test_kept(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	auto_(told_log_close) struct told_log *log = open_log(db);

	add(log, "a.test", NOW, TOLD_DANE, NULL);
	write_log(log, false);
	add(log, "b.test", NOW + 1, TOLD_DANE, NULL);
	assert_int_equal(told_log_count(log), 2);
	write_log(log, true);
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
	auto_(told_log_close) struct told_log *log = open_log(db);

	assert_int_equal(until(db), 0);
	add(log, "a.test", NOW, TOLD_STS_TESTING, "1");
	now = clock_fixed(NOW + 5);
	write_log(log, false);
	assert_int_equal(until(db), 0);
	now = clock_fixed(NOW + 6);
	write_log(log, true);
	assert_int_equal(until(db), NOW + 6);
	now = clock_fixed(NOW + 9);
	write_log(log, true);
	assert_int_equal(until(db), NOW + 9);
	/* the clock was ahead */
	now = clock_fixed(NOW + 7);
	write_log(log, true);
	assert_int_equal(until(db), NOW + 7);
}

/* --- who waits --- */

struct waiter {
	struct db *db;
	const char *domain;
	int64_t found; /* since() when it went on */
	enum told_kind kind;
	atomic_bool went_on;
};

static void go_on(void *arg)
{
	struct waiter *waiter = arg;

	waiter->found = since(waiter->db, waiter->domain, waiter->kind);
	atomic_store(&waiter->went_on, true);
}

static void wait_for(struct waiter *waiter)
{
	for (int i = 0; i < 3000 && !atomic_load(&waiter->went_on); i++)
		usleep(10 * 1000);
	assert_true(atomic_load(&waiter->went_on));
}

static void add_waiter(struct told_log *log, struct waiter *waiter)
{
	const struct told told = {.kind = waiter->kind};

	assert_true(told_log_add(log, waiter->domain, &told, go_on, waiter));
}

/* Nobody goes on before it stands in the store, and nobody else commits. */
static void test_before_it_is_told(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	auto_(told_log_close) struct told_log *log = NULL;
	struct waiter a = {db, "a.test", 0, TOLD_DANE, false};
	struct waiter b = {db, "b.test", 0, TOLD_STS_FAILED, false};
	struct waiter again = {db, "a.test", 0, TOLD_DANE, false};
	struct waiter turn = {db, "a.test", 0, TOLD_DANE, false};

	now = clock_fixed(NOW);
	log = open_log(db);
	add_waiter(log, &a);
	add_waiter(log, &b);
	wait_for(&a);
	wait_for(&b);
	assert_int_equal(a.found, NOW);
	assert_int_equal(b.found, NOW);
	now = clock_fixed(NOW + 5);
	add_waiter(log, &again);
	wait_for(&again);
	assert_int_equal(again.found, NOW);
	/* what tells nothing has its turn, too */
	assert_true(told_log_add(log, "c.test", NULL, go_on, &turn));
	wait_for(&turn);
	assert_int_equal(told_log_count(log), 0);
	assert_int_equal(since(db, "c.test", TOLD_NONE), 0);
}

/* Another process has the write lock: a second later it goes on, and is written
 * when it can be. */
static void test_store_is_slow(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	struct db_txn *other;
	struct waiter a = {db, "a.test", 0, TOLD_DANE, false};
	struct told_log *log;

	now = clock_fixed(NOW);
	log = open_log(db);
	other = db_begin_write(db);
	add_waiter(log, &a);
	usleep(50 * 1000);
	told_log_release(log);
	assert_false(atomic_load(&a.went_on));
	now.fixed_ms += 1000;
	told_log_release(log);
	wait_for(&a);
	assert_int_equal(a.found, 0);
	assert_int_equal(told_log_count(log), 1);
	db_abort(&other);
	write_log(log, true);
	assert_int_equal(since(db, "a.test", TOLD_DANE), NOW);
	told_log_close(&log);
}

/* One that takes nothing is not tried for each of them. */
static void test_store_takes_nothing(void **state)
{
	struct db *db = ((struct fixture *)*state)->db;
	struct waiter a = {db, "a.test", 0, TOLD_DANE, false};
	struct waiter b = {db, "b.test", 0, TOLD_DANE, false};
	struct waiter c = {db, "c.test", 0, TOLD_DANE, false};
	struct told_log *log;

	now = clock_fixed(NOW);
	log = open_log(db);
	add(log, "first.test", NOW, TOLD_DANE, NULL);
	write_log(log, false);
	add_waiter(log, &a);
	wait_for(&a);
	assert_int_equal(a.found, 0);
	assert_int_equal(told_log_count(log), 2);
	write_log(log, true);
	add_waiter(log, &b);
	wait_for(&b);
	assert_int_equal(b.found, NOW);
	/* at the end */
	write_log(log, false);
	add_waiter(log, &c);
	told_log_close(&log);
	wait_for(&c);
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
		cmocka_unit_test_setup_teardown(test_before_it_is_told,
	                                        store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(test_store_is_slow, store_setup,
	                                        store_teardown),
		cmocka_unit_test_setup_teardown(test_store_takes_nothing,
	                                        store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(test_counts, store_setup,
	                                        store_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
