#include "unit/store_test.h"

#include "store/mail_table.h"

enum { DAY = 20513 };

static void test_added_and_found(void **state)
{
	static const struct mail_row rows[] = {
		{DAY, "b.example", "b.example", 1},
		{DAY, "a.example", "relay.example", 2},
		{DAY + 1, "a.example", "a.example", 4},
		{DAY, "a.example", "a.example", 8},
		{DAY, "a.example-x", "", 16},
	};
	static const struct mail_row want[] = {
		{DAY, "a.example", "a.example", 10},
		{DAY, "a.example-x", "", 16},
		{DAY, "b.example", "b.example", 1},
		{DAY + 1, "a.example", "a.example", 4},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct mail_row row = {.day = INT32_MIN}, got;

	assert_int_equal(mail_next(txn, &row), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		mail_add(txn, &rows[i]);
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(mail_next(txn, &row), 1);
		assert_int_equal(row.day, want[i].day);
		assert_string_equal(row.domain, want[i].domain);
		assert_string_equal(row.next_hop, want[i].next_hop);
		assert_int_equal(row.messages, want[i].messages);
		assert_int_equal(mail_get(txn, row.day, want[i].domain, &got),
		                 1);
		assert_string_equal(got.domain, want[i].domain);
		assert_int_equal(got.messages, want[i].messages);
	}
	assert_int_equal(mail_next(txn, &row), 0);
	assert_int_equal(mail_get(txn, DAY, "c.example", &got), 0);
	/* a day's first row */
	row = (struct mail_row){.day = DAY + 1};
	assert_int_equal(mail_next(txn, &row), 1);
	assert_string_equal(row.domain, "a.example");
	commit_ok(&txn);
}

static void test_long_names(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct mail_row put = {.day = DAY, .messages = 3}, got;

	memset(put.domain, 'x', DOMAIN_MAX);
	memset(put.next_hop, 'y', DOMAIN_MAX);
	mail_add(txn, &put);
	assert_int_equal(mail_get(txn, DAY, put.domain, &got), 1);
	assert_string_equal(got.domain, put.domain);
	assert_string_equal(got.next_hop, put.next_hop);
	got = (struct mail_row){.day = INT32_MIN};
	assert_int_equal(mail_next(txn, &got), 1);
	assert_string_equal(got.domain, put.domain);
	assert_int_equal(mail_next(txn, &got), 0);
	commit_ok(&txn);
}

static void test_damaged_row(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct mail_row row = {.day = INT32_MIN};

	raw_put(txn, TABLE_MAIL, "\0\0\0\7x", 5, "\0\0\0\7x", 5);
	assert_int_equal(mail_next(txn, &row), 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "table mail"));
}

static void test_purged(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct mail_row row = {.domain = "a.example", .messages = 1};
	uint64_t rows = 0;

	for (int i = 0; i < 3; i++) {
		row.day = DAY + i;
		mail_add(txn, &row);
	}
	assert_int_equal(mail_purge(txn, 0, &rows), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(mail_purge(txn, DAY + 2, &rows), 0);
	assert_int_equal(rows, 2);
	assert_int_equal(mail_get(txn, DAY + 1, "a.example", &row), 0);
	assert_int_equal(mail_get(txn, DAY + 2, "a.example", &row), 1);
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_added_and_found),
		STORE_TEST(test_long_names),
		STORE_TEST(test_damaged_row),
		STORE_TEST(test_purged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
