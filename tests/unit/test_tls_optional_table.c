#include "unit/store_test.h"

#include "store/tls_optional_table.h"

enum { DAY = 20513 };

static void test_days(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	tls_optional_add(txn, DAY, "4AAAA1");
	tls_optional_add(txn, DAY, "4AAAA1");
	tls_optional_add(txn, DAY, "");
	assert_true(tls_optional_has(txn, DAY, "4AAAA1"));
	assert_true(
		tls_optional_has(txn, DAY + TLS_OPTIONAL_DAYS - 1, "4AAAA1"));
	assert_false(tls_optional_has(txn, DAY + TLS_OPTIONAL_DAYS, "4AAAA1"));
	assert_false(tls_optional_has(txn, DAY - 1, "4AAAA1"));
	assert_false(tls_optional_has(txn, DAY, "4AAAA"));
	assert_false(tls_optional_has(txn, DAY, ""));
	commit_ok(&txn);
}

static void test_bound(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	char id[16];

	for (int i = 0; i <= TLS_OPTIONAL_MAX; i++) {
		snprintf(id, sizeof(id), "4A%d", i);
		tls_optional_add(txn, DAY, id);
	}
	assert_false(tls_optional_has(txn, DAY, id));
	assert_true(tls_optional_has(txn, DAY, "4A0"));
	/* another day has its own room */
	tls_optional_add(txn, DAY + 1, id);
	assert_true(tls_optional_has(txn, DAY + 1, id));
	commit_ok(&txn);
}

static void test_purge(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t rows = 0;

	tls_optional_add(txn, DAY, "4AAAA1");
	tls_optional_add(txn, DAY + 1, "4AAAA2");
	assert_int_equal(tls_optional_purge(txn, DAY + 1, &rows), 0);
	assert_int_equal(rows, 2);
	assert_false(tls_optional_has(txn, DAY, "4AAAA1"));
	assert_true(tls_optional_has(txn, DAY + 1, "4AAAA2"));
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_days),
		STORE_TEST(test_bound),
		STORE_TEST(test_purge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
