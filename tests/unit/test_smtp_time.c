#include "unit/test.h"

#include "reply/smtp_time.h"

static void test_steps(void **state)
{
	static const struct {
		const char *name;
		enum smtp_step step;
		int64_t dot_secs, want;
	} rows[] = {
		{"greeting", SMTP_STEP_GREETING, 600, 300},
		{"MAIL", SMTP_STEP_MAIL, 600, 300},
		{"RCPT", SMTP_STEP_RCPT, 600, 300},
		{"DATA", SMTP_STEP_DATA, 600, 120},
		{"a piece of the text", SMTP_STEP_TEXT, 600, 180},
		{"the final dot", SMTP_STEP_DOT, 600, 600},
		{"a longer one", SMTP_STEP_DOT, 3600, 3600},
		{"which leaves the others alone", SMTP_STEP_MAIL, 3600, 300},
		{"a shorter one does not", SMTP_STEP_MAIL, 60, 60},
		{"connect", SMTP_STEP_CONNECT, 600, 30},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(
			smtp_time_step_secs(rows[i].step, rows[i].dot_secs),
			rows[i].want);
	}
	assert_int_equal(smtp_time_opening_secs(600), 900);
	assert_int_equal(smtp_time_opening_secs(1), 2);
	assert_int_equal(smtp_time_message_secs(600), 1800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
