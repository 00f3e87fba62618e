#include "unit/store_test.h"

#include "store/token_table.h"

#define T "0123456789abcdef0123456789abcdef"

static void test_tokens(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct token_owner owner = {.id = 0x123456789a, .index = 513};

	token_put(txn, T, &owner);
	owner = (struct token_owner){.id = 7, .index = 0};
	token_put(txn, "ff" T, &owner);
	commit_ok(&txn);
	txn = db_begin_write(f->db);
	assert_int_equal(token_get(txn, T, &owner), 1);
	assert_int_equal(owner.id, 0x123456789a);
	assert_int_equal(owner.index, 513);
	assert_int_equal(token_get(txn, "", &owner), 0);
	assert_int_equal(token_get(txn, "ee" T, &owner), 0);
	token_delete(txn, T);
	token_delete(txn, T);
	token_delete(txn, "");
	assert_int_equal(token_get(txn, T, &owner), 0);
	assert_int_equal(token_get(txn, "ff" T, &owner), 1);
	assert_int_equal(owner.id, 7);
	commit_ok(&txn);
}

/* A row of another length is damage, not an owner. */
static void test_damaged(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} rows[] = {{"empty", 0}, {"short", 9}, {"long", 11}};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		struct token_owner owner;

		ROW(&rows[i]);
		raw_put(txn, TABLE_TOKEN, T, strlen(T), "0123456789a",
		        rows[i].len);
		assert_int_equal(token_get(txn, T, &owner), 0);
		assert_true(db_failed(txn));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_tokens),
		STORE_TEST(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
