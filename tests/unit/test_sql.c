#include "unit/test.h"

#include <string.h>

#include "ledger/sql.h"

/* What a driver was asked, and what it is to answer next. */
struct fake {
	struct sql sql;
	char asked[256];
	int answer; /* class */
	bool lose;  /* the connection, with it */
};

static int fake_run(struct sql *sql, const char *statement,
                    const struct sql_args *args, struct sql_rows *rows,
                    struct err *err)
{
	struct fake *fake = (struct fake *)sql;

	(void)args;
	(void)rows;
	strcat(fake->asked, statement);
	strcat(fake->asked, ";");
	if (fake->answer == 0)
		return 0;
	sql->is_lost = fake->lose;
	return err_set(err, fake->answer, "fake");
}

static const struct sql_driver driver = {.run = fake_run};

static void test_transactions(void **state)
{
	struct fake fake = {.sql.driver = &driver};
	struct err err;

	(void)state;
	assert_int_equal(sql_begin(&fake.sql, &err), 0);
	assert_int_equal(sql_commit(&fake.sql, &err), 0);
	sql_rollback(&fake.sql);
	assert_string_equal(fake.asked, "BEGIN;COMMIT;");

	/* undone because of another one: the caller begins again */
	fake.asked[0] = '\0';
	assert_int_equal(sql_begin(&fake.sql, &err), 0);
	fake.answer = ERR_BUSY;
	assert_int_equal(sql_do(&fake.sql, "X", NULL, NULL, &err), ERR_BUSY);
	fake.answer = 0;
	sql_rollback(&fake.sql);
	assert_string_equal(fake.asked, "BEGIN;X;ROLLBACK;");

	/* whether it was committed nobody knows, and nothing is asked after */
	fake.asked[0] = '\0';
	assert_int_equal(sql_begin(&fake.sql, &err), 0);
	fake.answer = ERR_IO;
	fake.lose = true;
	assert_int_equal(sql_commit(&fake.sql, &err), ERR_UNCERTAIN);
	assert_int_equal(err.class, ERR_UNCERTAIN);
	sql_rollback(&fake.sql);
	assert_int_equal(sql_do(&fake.sql, "X", NULL, NULL, &err), ERR_IO);
	assert_string_equal(fake.asked, "BEGIN;COMMIT;");
}

static void test_texts(void **state)
{
	struct sql_args args = {.count = 0};
	struct strbuf text = {0};

	(void)state;
	sql_args_number(&args, INT64_MIN);
	sql_args_null(&args);
	sql_args_text(&args, "x");
	assert_int_equal(args.count, 3);
	assert_string_equal(args.at[0], "-9223372036854775808");
	assert_null(args.at[1]);

	sql_array_end(&text);
	assert_string_equal(strbuf_text(&text), "{}");
	strbuf_reset(&text);
	sql_array_add(&text, "a,b");
	sql_array_add(&text, "\\\"}");
	sql_array_end(&text);
	assert_string_equal(strbuf_text(&text), "{\"a,b\",\"\\\\\\\"}\"}");

	strbuf_reset(&text);
	sql_copy_number(&text, -5);
	sql_copy_text(&text, "a\tb\\N\n\r", 7);
	sql_copy_end_row(&text);
	sql_copy_text(&text, "", 0);
	sql_copy_text(&text, "z", 1);
	sql_copy_end_row(&text);
	assert_string_equal(strbuf_text(&text), "-5\ta\\tb\\\\N\\n\\r\n\tz\n");
	strbuf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
