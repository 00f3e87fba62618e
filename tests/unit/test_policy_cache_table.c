#include "unit/store_test.h"

#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"

/* A view that was checked then, with a policy until then. */
static void put_view(struct db_txn *txn, const char *domain, int64_t checked_at,
                     int64_t sts_expires_at)
{
	struct domain_view view = {.domain = domain,
	                           .checked_at = checked_at,
	                           .expires_at = checked_at + 60,
	                           .tlsrpt = VIEW_OK,
	                           .tlsrpt_record = "v=TLSRPTv1; rua=mailto:x",
	                           .sts_expires_at = sts_expires_at,
	                           .mx = VIEW_TEMPFAIL};

	policy_cache_put(txn, &view);
}

static void test_views(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;

	assert_int_equal(policy_cache_get(txn, "a.example", &arena, &view), 0);
	put_view(txn, "a.example", 100, 0);
	put_view(txn, "b.example", 200, 0);
	put_view(txn, "a.example", 300, 400);
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	assert_int_equal(policy_cache_get(txn, "a.example", &arena, &view), 1);
	commit_ok(&txn);
	/* ours, not LMDB's */
	assert_string_equal(view.domain, "a.example");
	assert_string_equal(view.tlsrpt_record, "v=TLSRPTv1; rua=mailto:x");
	assert_int_equal(view.checked_at, 300);
	assert_int_equal(view.expires_at, 360);
	assert_int_equal(view.sts_expires_at, 400);
	assert_int_equal(view.mx, VIEW_TEMPFAIL);
}

static void test_views_purged(void **state)
{
	static const struct {
		const char *name, *domain;
		int64_t checked_at, sts_expires_at;
		int left;
	} rows[] = {
		{"old", "old.example", 99, 0, 0},
		{"young enough", "young.example", 100, 0, 1},
		{"old, with a policy in force", "sts.example", 10, 100, 1},
		{"its policy has expired", "was-sts.example", 10, 99, 0},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;
	uint64_t gone = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		put_view(txn, rows[i].domain, rows[i].checked_at,
		         rows[i].sts_expires_at);
	assert_int_equal(policy_cache_purge(txn, 100, &gone), 0);
	assert_int_equal(gone, 2);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(
			policy_cache_get(txn, rows[i].domain, &arena, &view),
			rows[i].left);
	}
	commit_ok(&txn);
}

static void test_a_view_of_another_version(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;
	uint64_t gone = 0;

	raw_put(txn, TABLE_POLICY, "a.example", 9, "0123456789abcdefx", 17);
	raw_put(txn, TABLE_POLICY, "b.example", 9, "x", 1);
	assert_int_equal(policy_cache_get(txn, "a.example", &arena, &view), 0);
	assert_int_equal(policy_cache_get(txn, "b.example", &arena, &view), 0);
	put_view(txn, "a.example", 100, 0);
	assert_int_equal(policy_cache_get(txn, "a.example", &arena, &view), 1);
	assert_int_equal(policy_cache_purge(txn, 100, &gone), 0);
	assert_int_equal(gone, 1);
	commit_ok(&txn);
}

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
		STORE_TEST(test_views),
		STORE_TEST(test_views_purged),
		STORE_TEST(test_a_view_of_another_version),
		STORE_TEST(test_wanted),
		STORE_TEST(test_wanted_purged),
		STORE_TEST(test_what_is_no_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
