#include "unit/test.h"

#include "policyd/outage.h"

enum { SECOND = 1000, START = 5 * SECOND };

static void fail_for(struct outage *outage, int seconds, uint64_t domains)
{
	for (int i = 0; i <= seconds; i++)
		outage_note(outage, false, 1 + (uint64_t)i % domains,
		            START + i * SECOND);
}

static void test_everybody(void **state)
{
	struct outage outage = {0};

	(void)state;
	fail_for(&outage, 30, 2);
	assert_true(outage_is_suspected(&outage));
	assert_false(outage_is_on(&outage, START + OUTAGE_AFTER_MS - 1));
	assert_true(outage_is_on(&outage, START + OUTAGE_AFTER_MS));
	outage_note(&outage, true, 7, START + OUTAGE_AFTER_MS + 1);
	assert_false(outage_is_on(&outage, START + OUTAGE_AFTER_MS + 1));
	assert_false(outage_is_suspected(&outage));
}

/* Its servers are dead, and nobody else is asked for. */
static void test_one_domain(void **state)
{
	struct outage outage = {0};

	(void)state;
	fail_for(&outage, 3600, 1);
	assert_false(outage_is_on(&outage, START + 3600 * SECOND));
	assert_true(outage_is_suspected(&outage));
	outage_note(&outage, false, 99, START + 3600 * SECOND);
	assert_true(outage_is_on(&outage, START + 3600 * SECOND));
}

static void test_one_that_answers(void **state)
{
	struct outage outage = {0};

	(void)state;
	for (int i = 0; i < 600; i++)
		outage_note(&outage, i % 30 == 29, (uint64_t)i,
		            START + i * SECOND);
	assert_false(outage_is_on(&outage, START + 600 * SECOND));
}

/* It was on when the process began. */
static void test_begun(void **state)
{
	struct outage outage;

	(void)state;
	outage_begin(&outage, START);
	assert_true(outage_is_on(&outage, START));
	outage_note(&outage, false, 1, START + SECOND);
	assert_true(outage_is_on(&outage, START + SECOND));
	outage_note(&outage, true, 1, START + SECOND);
	assert_false(outage_is_on(&outage, START + SECOND));
	outage_begin(&outage, OUTAGE_AFTER_MS);
	assert_true(outage_is_on(&outage, OUTAGE_AFTER_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everybody),
		cmocka_unit_test(test_one_domain),
		cmocka_unit_test(test_one_that_answers),
		cmocka_unit_test(test_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
