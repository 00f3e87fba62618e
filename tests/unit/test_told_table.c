#include "unit/store_test.h"

#include "store/policy_cache_table.h"
#include "store/row_check.h"
#include "store/told_table.h"

static void tell(struct db_txn *txn, const char *domain, int64_t since,
                 enum told_kind kind, const char *sts_id)
{
	const struct told told = {
		.since = since,
		.kind = kind,
		.sts_fetch = kind == TOLD_STS_FAILED ? VIEW_FETCH_ERROR
	                                             : VIEW_UNKNOWN,
		.problem = kind == TOLD_STS_FAILED ? "HTTP status 404" : NULL,
		.sts_id = sts_id};

	told_put(txn, domain, &told);
}

/* What was told then, or -1. */
static int kind_at(struct db_txn *txn, const char *domain, int64_t moment)
{
	auto_(arena_clear) struct arena arena = {0};
	struct told told;

	return told_get(txn, domain, moment, &arena, &told) ? (int)told.kind
	                                                    : -1;
}

static void test_what_was_told_then(void **state)
{
	static const struct {
		const char *name, *domain;
		int64_t moment;
		int kind;
	} rows[] = {
		{"before anything was", "a.example", 99, -1},
		{"from that second on", "a.example", 100, TOLD_STS_TESTING},
		{"until the next", "a.example", 199, TOLD_STS_TESTING},
		{"the next", "a.example", 200, TOLD_STS_FAILED},
		{"now", "a.example", INT64_MAX, TOLD_STS_FAILED},
		{"another domain", "a.example.org", 500, TOLD_NONE},
		{"one that nobody asked for", "a.exampl", 500, -1},
		{"the end of a name", "example", 500, -1},
		{"past the last", "z.example", 500, -1},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	tell(txn, "a.example.org", 150, TOLD_NONE, NULL);
	tell(txn, "a.example", 200, TOLD_STS_FAILED, NULL);
	commit_ok(&txn);
	txn = db_begin_write(f->db);
	tell(txn, "b.example", 120, TOLD_DANE, NULL);
	commit_ok(&txn);
	txn = db_begin_write(f->db);
	/* a later time than this is no more */
	tell(txn, "a.example", 100, TOLD_STS_TESTING, "1");
	assert_int_equal(kind_at(txn, "a.example", INT64_MAX),
	                 TOLD_STS_TESTING);
	tell(txn, "a.example", 200, TOLD_STS_FAILED, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(kind_at(txn, rows[i].domain, rows[i].moment),
		                 rows[i].kind);
	}
	commit_ok(&txn);
}

static void test_its_words(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(arena_clear) struct arena arena = {0};
	struct told told;

	tell(txn, "a.example", 100, TOLD_STS_TESTING, "20261130");
	tell(txn, "a.example", 200, TOLD_STS_FAILED, NULL);
	assert_int_equal(told_get(txn, "a.example", 250, &arena, &told), 1);
	commit_ok(&txn);
	/* ours, not LMDB's */
	assert_int_equal(told.since, 200);
	assert_int_equal(told.sts_fetch, VIEW_FETCH_ERROR);
	assert_string_equal(told.problem, "HTTP status 404");
	assert_null(told.sts_id);
	txn = db_begin_read(f->db);
	assert_int_equal(
		told_get(txn, "a.example", told.since - 1, &arena, &told), 1);
	commit_ok(&txn);
	assert_int_equal(told.since, 100);
	assert_string_equal(told.sts_id, "20261130");
}

static void test_purged(void **state)
{
	static const struct {
		const char *name, *domain;
		int64_t moment;
		int kind;
	} rows[] = {
		{"long over", "a.example", 10, -1},
		{"told at that time, though not since", "a.example", 119,
	         TOLD_STS_TESTING},
		{"still told", "a.example", 500, TOLD_STS_FAILED},
		{"the last, of a domain that is known", "known.example", 500,
	         TOLD_DANE},
		{"and what it was told before", "known.example", 20, -1},
		{"the last, of one that is forgotten", "gone.example", 500, -1},
		{"the last and not old", "new.example", 500, TOLD_NONE},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	const struct domain_view view = {.domain = "known.example"};
	uint64_t gone = 0;

	policy_cache_put(txn, &view);
	tell(txn, "a.example", 10, TOLD_NONE, NULL);
	tell(txn, "a.example", 50, TOLD_STS_TESTING, "1");
	tell(txn, "a.example", 120, TOLD_STS_FAILED, NULL);
	tell(txn, "gone.example", 10, TOLD_DANE, NULL);
	tell(txn, "gone.example", 60, TOLD_NONE, NULL);
	tell(txn, "known.example", 20, TOLD_NONE, NULL);
	tell(txn, "known.example", 30, TOLD_DANE, NULL);
	tell(txn, "new.example", 100, TOLD_NONE, NULL);
	assert_int_equal(told_purge(txn, 100, &gone), 0);
	assert_int_equal(gone, 4);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(kind_at(txn, rows[i].domain, rows[i].moment),
		                 rows[i].kind);
	}
	assert_int_equal(told_purge(txn, 100, &gone), 0);
	assert_int_equal(gone, 4);
	commit_ok(&txn);
}

static void test_damaged_rows(void **state)
{
	static const struct {
		const char *name;
		const char *key;
		size_t key_len;
		const char *value;
		size_t value_len;
	} rows[] = {
		{"no moment", "a.example", 9, "\1\0", 2},
		{"half a moment", "a.example\0\1\1\1", 13, "\1\0", 2},
		{"no value", "a.example\0\1\1\1\1\1\1\1\1", 18, "", 0},
		{"a kind that there is not", "a.example\0\1\1\1\1\1\1\1\1", 18,
	         "\x77\0\xff\xff\xff\xff\xff\xff\xff\xff", 10},
		{"text past the end", "a.example\0\1\1\1\1\1\1\1\1", 18,
	         "\1\0\0\0\1\0", 6},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		struct db_key all = raw_key(TABLE_TOLD, "", 0);
		auto_(db_rows_end) struct db_rows each = {0};

		ROW(&rows[i]);
		raw_put(txn, TABLE_TOLD, rows[i].key, rows[i].key_len,
		        rows[i].value, rows[i].value_len);
		each = db_rows(txn, &all);
		assert_true(db_rows_next(&each));
		row_check(txn, &each.row);
		assert_true(db_failed(txn));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_was_told_then),
		STORE_TEST(test_its_words),
		STORE_TEST(test_purged),
		STORE_TEST(test_damaged_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
