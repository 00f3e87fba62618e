#include "unit/test.h"

#include "deliver/alike.h"

static void test_key(void **state)
{
	static const struct {
		const char *name, *one, *other;
		bool alike;
	} rows[] = {
		{"another address", "550 5.1.1 <a@b.example>: User unknown",
	         "550 5.1.1 <c@d.example>: User unknown", true},
		{"another host and number",
	         "550 Sender verify failed for mx1.b.example id 4711",
	         "550 Sender verify failed for mx.d.example id 4712", true},
		{"other words", "550 relay not permitted",
	         "550 Unrouteable address", false},
		{"another code", "550 5.1.1 no", "550 5.1.2 no", false},
		{"the same", "550 no", "550 no", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct delivery_answer one, other;

		ROW(&rows[i]);
		answer_set(&one, EVENT_REFUSED, STAGE_RCPT, "%s", rows[i].one);
		answer_set(&other, EVENT_REFUSED, STAGE_RCPT, "%s",
		           rows[i].other);
		assert_int_equal(alike_key(&one) == alike_key(&other),
		                 rows[i].alike);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
