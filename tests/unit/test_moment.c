#include "unit/test.h"

#include "base/clock.h"
#include "base/moment.h"

enum { NOW = 1772323200, HOUR = 3600, DAY = 86400, YEAR = 365 * 86400 };

static const struct {
	const char *name;
	int64_t moment, longest;
	bool come;
} rows[] = {
	{"the present", NOW, HOUR, true},
	{"the past", NOW - YEAR, HOUR, true},
	{"a time without a clock", 0, HOUR, true},
	{"in a second", NOW + 1, HOUR, false},
	{"as far off as the rule looks", NOW + HOUR, HOUR, false},
	{"a second further than the rule looks", NOW + HOUR + 1, HOUR, true},
	{"written by a clock a year ahead", NOW + YEAR + DAY, DAY, true},
	{"a person's, in a year", NOW + YEAR, MOMENT_STANDS, false},
	{"a person's, past", NOW - 1, MOMENT_STANDS, true},
	{"a person's, at the end of time", INT64_MAX, MOMENT_STANDS, false},
};

static void test_has_come(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("  - %s\n", rows[i].name);
		assert_int_equal(
			moment_has_come(rows[i].moment, NOW, rows[i].longest),
			rows[i].come);
	}
}

static void test_age(void **state)
{
	(void)state;
	assert_int_equal(moment_age(NOW, NOW), 0);
	assert_int_equal(moment_age(NOW - HOUR, NOW), HOUR);
	/* clocks are set by seconds every day */
	assert_int_equal(moment_age(NOW + CLOCK_BOUND_SECS, NOW), 0);
	assert_false(moment_is_to_come(NOW + CLOCK_BOUND_SECS, NOW));
	assert_true(moment_is_to_come(NOW + CLOCK_BOUND_SECS + 1, NOW));
	assert_true(moment_age(NOW + CLOCK_BOUND_SECS + 1, NOW) == INT64_MAX);
	assert_true(moment_age(NOW + YEAR, NOW) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_come),
		cmocka_unit_test(test_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
