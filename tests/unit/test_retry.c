#include "unit/test.h"

#include "reply/retry.h"

enum { MINUTE = 60, HOUR = 3600 };

#define NOW 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static void test_backoff(void **state)
{
	static const struct {
		const char *name;
		unsigned attempts;
		int64_t delay;
	} rows[] = {
		{"after the first attempt", 1, 5 * MINUTE},
		{"after the second", 2, 10 * MINUTE},
		{"after the third", 3, 20 * MINUTE},
		{"after the fourth", 4, 40 * MINUTE},
		{"after the fifth", 5, 80 * MINUTE},
		{"after the sixth", 6, 160 * MINUTE},
		{"then every four hours", 7, 4 * HOUR},
		{"and so on", 8, 4 * HOUR},
		{"for ever", UINT32_MAX, 4 * HOUR},
		{"no attempt counts as one", 0, 5 * MINUTE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t least = INT64_MAX, most = 0;

		ROW(&rows[i]);
		for (uint64_t seed = 0; seed < 500; seed++) {
			int64_t got = retry_next(NOW, rows[i].attempts, 0, NOW,
			                         seed) -
			              NOW;

			least = got < least ? got : least;
			most = got > most ? got : most;
		}
		/* a tenth up or down, and really both */
		assert_true(least >= rows[i].delay * 9 / 10);
		assert_true(least < rows[i].delay * 92 / 100);
		assert_true(most <= rows[i].delay * 11 / 10);
		assert_true(most > rows[i].delay * 108 / 100);
	}
}

static void test_jitter_is_the_seeds(void **state)
{
	(void)state;
	assert_int_equal(retry_next(NOW, 3, 0, NOW, 42),
	                 retry_next(NOW, 3, 0, NOW, 42));
	assert_int_not_equal(retry_next(NOW, 3, 0, NOW, 42),
	                     retry_next(NOW, 3, 0, NOW, 43));
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *name;
		unsigned attempts;
		int64_t asked, left, at_least, at_most;
	} rows[] = {
		{"an hour", 1, HOUR, 24 * HOUR, HOUR, HOUR},
		{"a second does not make us hurry", 1, 1, 24 * HOUR, 270, 330},
		{"a day, of which a second has passed", 1, 24 * HOUR,
	         24 * HOUR - 1, 24 * HOUR - 1, 24 * HOUR - 1},
		{"a week ends with the period", 1, 7 * 24 * HOUR,
	         24 * HOUR - 60, 24 * HOUR - 60, 24 * HOUR - 60},
		{"so does never", 1, INT64_MAX, 6 * HOUR, 6 * HOUR, 6 * HOUR},
		{"the end is nearer than the backoff", 1, HOUR, 60, 270, 330},
		{"the period is over", 1, HOUR, -60, 270, 330},
		{"the past", 1, -HOUR, 24 * HOUR, 270, 330},
		{"less than the backoff", 7, HOUR, 24 * HOUR, 4 * HOUR * 9 / 10,
	         4 * HOUR * 11 / 10},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t got = retry_next(NOW, rows[i].attempts, rows[i].asked,
		                         NOW + rows[i].left, 7) -
		              NOW;

		ROW(&rows[i]);
		assert_in_range(got, rows[i].at_least, rows[i].at_most);
	}
}

static void test_retry_is_over(void **state)
{
	(void)state;
	assert_false(retry_is_over(NOW, NOW, 24 * HOUR));
	assert_false(retry_is_over(NOW, NOW + 24 * HOUR, 24 * HOUR));
	assert_true(retry_is_over(NOW, NOW + 24 * HOUR + 1, 24 * HOUR));
	assert_true(retry_is_over(NOW, NOW + 1, 0));
}

static void test_retry_after_parse(void **state)
{
	static const struct {
		const char *name, *text;
		int64_t want;
	} rows[] = {
		{"seconds", "120", 120},
		{"white space around", " \t120 ", 120},
		{"zero", "0", 0},
		{"a day", "86400", 24 * HOUR},
		{"more than a day", "86401", 24 * HOUR},
		{"more than any number", "99999999999999999999999999",
	         24 * HOUR},
		{"IMF-fixdate", "Sun, 06 Nov 1994 09:49:37 GMT", HOUR},
		{"RFC 850", "Sunday, 06-Nov-94 09:49:37 GMT", HOUR},
		{"asctime", "Sun Nov  6 09:49:37 1994", HOUR},
		{"a date in the past", "Sun, 06 Nov 1994 07:49:37 GMT", 0},
		{"this very second", "Sun, 06 Nov 1994 08:49:37 GMT", 0},
		{"a date far away", "Fri, 01 Jan 2100 00:00:00 GMT", 24 * HOUR},
		{"a leap second", "Sun, 06 Nov 1994 08:59:60 GMT", 623},
		{"a negative number", "-5", 0},
		{"a sign", "+5", 0},
		{"a fraction", "1.5", 0},
		{"a unit", "120s", 0},
		{"words after the date", "Sun, 06 Nov 1994 09:49:37 GMT x", 0},
		{"another zone", "Sun, 06 Nov 1994 09:49:37 CET", 0},
		{"no zone", "Sun, 06 Nov 1994 09:49:37", 0},
		{"a month in German", "Die, 06 Dez 1994 09:49:37 GMT", 0},
		{"hour 25", "Sun, 06 Nov 1994 25:49:37 GMT", 0},
		{"RFC 3339", "1994-11-06T09:49:37Z", 0},
		{"empty", "", 0},
		{"white space", "  ", 0},
		{"words", "soon", 0},
		{"no header", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(retry_after_parse(rows[i].text, NOW),
		                 rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_jitter_is_the_seeds),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_retry_is_over),
		cmocka_unit_test(test_retry_after_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
