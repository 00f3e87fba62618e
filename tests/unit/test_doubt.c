#include "unit/store_test.h"

#include "reply/doubt.h"
#include "store/doubt_table.h"

enum { DAY = 20513 };

/* "r0" refused on day 0, "s0" refused otherwise, "a1" accepted, "b1" that one
 * came back; "!" behind it: now it is dead. */
static void test_days(void **state)
{
	static const struct {
		const char *name, *story;
	} rows[] = {
		{"three days", "r0 r1 r2!"},
		{"not in a row", "r0 r9 r29!"},
		{"longer than 30 days ago", "r0 r1 r30 r31"},
		{"in another order", "r2 r0 r1!"},
		{"one day is one", "r0 r0 r0 r1 r1"},
		{"accepted in between", "r0 r1 a2 r3 r4 r5!"},
		{"accepted on such a day", "r0 r1 a2 r2"},
		{"what was accepted came back", "r0 a1 b1 r1 a2 b2 r2!"},
		{"one of two came back", "r0 r1 a2 a2 b2 r2"},
		{"both came back", "r0 r1 a2 a2 b2 r2 b2 r2!"},
		{"tomorrow's has been accepted and is on its way",
	         "r0 a1 b1 r1 a2 a3 b2 r2 b3 r3!"},
		{"not alike", "r0 s1 r2 r3"},
		{"alike again", "s0 r1 r2 r3!"},
		{"much older than what is known: the clock was ahead",
	         "r400 r401 r0 r1 r2!"},
		{"nothing was accepted that could come back",
	         "b0 r0 b1 r1 r2!"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct doubt doubt = {0};
		const char *at = rows[i].story;

		ROW(&rows[i]);
		while (*at != '\0') {
			char *end;
			char what = *at++;
			int32_t day = DAY + (int32_t)strtol(at, &end, 10);
			bool dead = false;

			if (what == 'r' || what == 's')
				dead = doubt_refused(
					&doubt, day,
					doubt_code(1, what == 's'));
			else if (what == 'a')
				doubt_accepted(&doubt, day);
			else
				doubt_came_back(&doubt, day);
			assert_int_equal(dead, *end == '!');
			at = end + strspn(end, "! ");
			assert_true(doubt.count <= DOUBT_DAYS);
		}
	}
}

/* Every day of a year, all of them of use: the list stays within its bounds and
 * in order. */
static void test_bounds(void **state)
{
	struct doubt doubt = {0};

	(void)state;
	for (int32_t day = 0; day < 365; day++) {
		doubt_accepted(&doubt, DAY + day);
		doubt_accepted(&doubt, DAY + day - day % 7);
		for (size_t i = 1; i < doubt.count; i++)
			assert_true(doubt.days[i - 1].day < doubt.days[i].day);
		assert_true(doubt.count <= DOUBT_DAYS);
	}
	assert_int_equal(doubt.count, DOUBT_DAYS);
	assert_int_equal(doubt.days[0].day, DAY + 365 - DOUBT_DAYS);
}

static void test_kept(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct doubt doubt;
	uint64_t n = 0;

	/* nobody asked about it */
	doubt_table_note_accepted(txn, "a@b.example", DAY);
	doubt_table_note_came_back(txn, "a@b.example", DAY);
	assert_int_equal(doubt_table_get(txn, "a@b.example", &doubt), 0);
	assert_false(doubt_table_note_refused(txn, "a@b.example", DAY, 7));
	assert_false(doubt_table_note_refused(txn, "c@b.example", DAY, 7));
	assert_false(doubt_table_note_refused(txn, "a@b.example", DAY + 1, 7));
	doubt_table_note_accepted(txn, "a@b.example", DAY + 2);
	assert_false(doubt_table_note_refused(txn, "a@b.example", DAY + 2, 7));
	doubt_table_note_came_back(txn, "a@b.example", DAY + 2);
	assert_int_equal(doubt_table_get(txn, "a@b.example", &doubt), 1);
	assert_int_equal(doubt.count, 3);
	assert_int_equal(doubt.days[2].day, DAY + 2);
	assert_int_equal(doubt.days[2].code, 7);
	assert_int_equal(doubt.days[2].accepted, 0);
	assert_true(doubt_table_note_refused(txn, "a@b.example", DAY + 2, 7));
	/* from now on the suppression list has it */
	assert_int_equal(doubt_table_get(txn, "a@b.example", &doubt), 0);
	commit_ok(&txn);
	txn = db_begin_write(f->db);
	/* what is accepted every day keeps no row */
	doubt_table_note_accepted(txn, "c@b.example", DAY + 29);
	assert_int_equal(doubt_table_purge(txn, DAY, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(doubt_table_purge(txn, DAY + 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(doubt_table_get(txn, "c@b.example", &doubt), 0);
	commit_ok(&txn);
}

static void test_a_damaged_row(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} rows[] = {
		{"none", 0},
		{"half a day", 6},
		{"too many", 12 * (DOUBT_DAYS + 1)},
	};
	static const char zeros[12 * (DOUBT_DAYS + 1)];
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_txn *txn = db_begin_write(f->db);
		struct doubt doubt;

		ROW(&rows[i]);
		raw_put(txn, TABLE_DOUBT, "a@b", 3, zeros, rows[i].len);
		assert_int_equal(doubt_table_get(txn, "a@b", &doubt), 0);
		assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
		assert_non_null(strstr(f->err.text, "table doubt"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_bounds),
		STORE_TEST(test_kept),
		STORE_TEST(test_a_damaged_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
