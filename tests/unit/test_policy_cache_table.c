#include "unit/store_test.h"

#include "store/policy_cache_table.h"

static void test_wanted(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	char domain[WANTED_DOMAIN_TEXT] = "";
	uint32_t failures;
	int64_t due;

	assert_int_equal(policy_wanted_next(txn, domain, &due, &failures), 0);
	policy_wanted_put(txn, "b.example", 1772359200, 0);
	policy_wanted_put(txn, "a.example", 1772359201, 3);
	policy_wanted_put(txn, "b.example", 1772359260, 1);
	assert_int_equal(policy_wanted_next(txn, domain, &due, &failures), 1);
	assert_string_equal(domain, "a.example");
	assert_int_equal(due, 1772359201);
	assert_int_equal(failures, 3);
	assert_int_equal(policy_wanted_next(txn, domain, &due, &failures), 1);
	assert_string_equal(domain, "b.example");
	assert_int_equal(due, 1772359260);
	assert_int_equal(failures, 1);
	assert_int_equal(policy_wanted_next(txn, domain, &due, &failures), 0);
	assert_int_equal(policy_wanted_get(txn, "b.example", &due, &failures),
	                 1);
	policy_wanted_delete(txn, "b.example");
	policy_wanted_delete(txn, "b.example");
	assert_int_equal(policy_wanted_get(txn, "b.example", &due, &failures),
	                 0);
	commit_ok(&txn);
}

static void test_wanted_purged(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint32_t failures;
	uint64_t rows = 0;
	int64_t due;

	policy_wanted_put(txn, "a.example", 99, 0);
	policy_wanted_put(txn, "b.example", 100, 0);
	assert_int_equal(policy_wanted_purge(txn, 100, &rows), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(policy_wanted_get(txn, "a.example", &due, &failures),
	                 0);
	assert_int_equal(policy_wanted_get(txn, "b.example", &due, &failures),
	                 1);
	commit_ok(&txn);
}

static void test_what_is_no_domain(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	char odd[WANTED_DOMAIN_TEXT + 1];

	memset(odd, 'x', sizeof(odd));
	odd[sizeof(odd) - 1] = '\0';
	policy_wanted_put(txn, odd, 1, 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_wanted),
		STORE_TEST(test_wanted_purged),
		STORE_TEST(test_what_is_no_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
