#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_work.h"
#include "ledger/sql.h"

/* What a driver was asked, and what it is to answer next. */
struct fake {
	struct sql sql;
	char asked[256];
	char told[64]; /* the first argument, or the rows */
	int answer;    /* class */
	bool lose;     /* the connection, with it */
};

static int fake_run(struct sql *sql, const char *statement,
                    const struct sql_args *args, struct sql_rows *rows,
                    struct err *err)
{
	struct fake *fake = (struct fake *)sql;

	(void)rows;
	if (args != NULL)
		snprintf(fake->told, sizeof(fake->told), "%s", args->at[0]);
	strcat(fake->asked, statement);
	strcat(fake->asked, ";");
	if (fake->answer == 0)
		return 0;
	sql->is_lost = fake->lose;
	return err_set(err, fake->answer, "fake");
}

static int fake_copy(struct sql *sql, const char *statement, const char *rows,
                     size_t len, struct err *err)
{
	struct fake *fake = (struct fake *)sql;

	(void)statement;
	(void)err;
	snprintf(fake->told, sizeof(fake->told), "%.*s", (int)len, rows);
	return 0;
}

static const struct sql_driver driver = {.run = fake_run, .copy = fake_copy};

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

/* A database refuses what is no UTF-8, for ever. */
static void test_cut_texts(void **state)
{
	struct fake fake = {.sql.driver = &driver};
	struct sql_args args = {.count = 0};
	struct strbuf rows = {0};
	struct err err;

	(void)state;
	sql_args_text(&args, "caf\xc3");
	sql_args_null(&args);
	assert_int_equal(sql_do(&fake.sql, "X", &args, NULL, &err), 0);
	assert_string_equal(fake.told, "caf\xef\xbf\xbd");
	assert_string_equal(args.at[0], "caf\xc3");

	sql_copy_text(&rows, "caf\xc3", 4);
	sql_copy_end_row(&rows);
	assert_int_equal(sql_copy(&fake.sql, "X", &rows, &err), 0);
	assert_string_equal(fake.told, "caf\xef\xbf\xbd\n");
	strbuf_clear(&rows);
}

/* --- the steps of a schema, by a database that has version had --- */

struct steps_fake {
	struct sql sql;
	int had;           /* 0: none */
	int version;       /* that it was told */
	const char *fails; /* a statement */
	char asked[1024];
};

static void answer_row(struct sql_rows *rows, size_t columns, const char *one,
                       const char *two, const char *three)
{
	rows->count = 1;
	rows->columns = columns;
	rows->values = arena_array(&rows->mem, 3, sizeof(*rows->values));
	rows->values[0] = one;
	rows->values[1] = two;
	rows->values[2] = three;
}

static int steps_run(struct sql *sql, const char *statement,
                     const struct sql_args *args, struct sql_rows *rows,
                     struct err *err)
{
	static const char *const numbers[] = {"0", "1", "2", "3", "4"};
	struct steps_fake *fake = (struct steps_fake *)sql;

	if (fake->fails != NULL && strcmp(statement, fake->fails) == 0)
		return err_set(err, ERR_IO, "fake");
	if (strncmp(statement, "SELECT current_user", 19) == 0)
		answer_row(rows, 1, "owner", NULL, NULL);
	else if (strstr(statement, "information_schema") != NULL)
		fake->had > 0 ? answer_row(rows, 1, "1", NULL, NULL) : (void)0;
	else if (strncmp(statement, "SELECT version", 14) == 0)
		answer_row(rows, 3, numbers[fake->had], "00000000000000aa",
		           "f");
	else if (strncmp(statement, "INSERT", 6) == 0 ||
	         strncmp(statement, "UPDATE", 6) == 0)
		fake->version = atoi(args->at[0]);
	else
		snprintf(fake->asked + strlen(fake->asked),
		         sizeof(fake->asked) - strlen(fake->asked), "%s;",
		         statement);
	return 0;
}

static const struct {
	const char *name;
	int had;
	const char *fails;
	int want_rc;
	const char *want; /* that was asked */
	int version;      /* that it has then */
} step_rows[] = {
	{"a new one has all steps", 0, NULL, 0, "BEGIN;a;b;c;d;COMMIT;", 3},
	{"of the first version", 1, NULL, 0, "BEGIN;c;d;COMMIT;", 3},
	{"of the last but one", 2, NULL, 0, "BEGIN;d;COMMIT;", 3},
	{"of ours: nothing is written", 3, NULL, 0, "BEGIN;COMMIT;", 0},
	{"a newer one is refused", 4, NULL, ERR_IO, "BEGIN;ROLLBACK;", 0},
	{"a step that fails undoes those before", 1, "d", ERR_IO,
         "BEGIN;c;ROLLBACK;", 0},
};

static void test_steps(void **state)
{
	static const char *const one[] = {"a", "b"};
	static const char *const two[] = {"c"};
	static const char *const three[] = {"d"};
	static const struct ledger_step list[] = {
		{one, 2}, {two, 1}, {three, 1}};
	static const struct sql_driver steps_driver = {.run = steps_run};

	(void)state;
	for (size_t i = 0; i < sizeof(step_rows) / sizeof(step_rows[0]); i++) {
		struct steps_fake fake = {.sql.driver = &steps_driver,
		                          .had = step_rows[i].had,
		                          .fails = step_rows[i].fails};
		struct ledger_made made;
		struct err err;
		int rc = ledger_make(&fake.sql, list, 3, false, &made, &err);

		if (rc != step_rows[i].want_rc ||
		    strcmp(fake.asked, step_rows[i].want) != 0 ||
		    fake.version != step_rows[i].version)
			fail_msg("%s: %d, '%s', version %d", step_rows[i].name,
			         rc, fake.asked, fake.version);
		if (rc == 0)
			assert_int_equal(made.was_version, step_rows[i].had);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_cut_texts),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
