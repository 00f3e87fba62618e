#include "unit/test.h"

#include "base/auto.h"
#include "report/report.h"
#include "report/report_id.h"
#include "report/report_json.h"
#include "unit/sample_report.h"

static void test_totals(void **state)
{
	auto_(report_free) struct report *report = sample_report();

	(void)state;
	assert_int_equal(report_success(report), 5338);
	assert_int_equal(report_failure(report), 303);
	report->policies[0].success = UINT64_MAX;
	assert_true(report_success(report) == UINT64_MAX);
}

static void swap_policies(struct report *report, size_t a, size_t b)
{
	struct report_policy policy = report->policies[a];

	report->policies[a] = report->policies[b];
	report->policies[b] = policy;
}

static void test_equal_input_gives_equal_bytes(void **state)
{
	auto_(report_free) struct report *one = sample_report();
	auto_(report_free) struct report *two = sample_report();
	auto_(strbuf_clear) struct strbuf a = {0}, b = {0};
	struct report_detail *details = two->policies[0].details;
	struct report_detail detail = details[0];

	(void)state;
	details[0] = details[2];
	details[2] = detail;
	swap_policies(two, 0, 2);
	swap_policies(two, 1, 2);
	report_sort(one);
	report_sort(two);
	report_json_write(one, true, &a);
	report_json_write(two, true, &b);
	assert_string_equal(strbuf_text(&a), strbuf_text(&b));
}

static void test_sort_puts_the_largest_first(void **state)
{
	auto_(report_free) struct report *report = sample_report();
	const struct report_policy *sts;

	(void)state;
	report_sort(report);
	assert_int_equal(report->policies[0].type, POLICY_NONE);
	assert_int_equal(report->policies[1].type, POLICY_TLSA);
	sts = &report->policies[2];
	assert_int_equal(sts->details[0].count, 200);
	assert_int_equal(sts->details[1].count, 100);
	assert_int_equal(sts->details[2].count, 3);
}

enum { MANY = 500 };

/* What a hostile MX does: each session with a HELO of its own. */
static struct report *many_details(void)
{
	struct report *report = sample_report();
	struct report_policy *policy = &report->policies[0];

	policy->detail_count = MANY;
	policy->details =
		arena_array(&report->mem, MANY, sizeof(*policy->details));
	for (size_t i = 0; i < MANY; i++)
		policy->details[i] = (struct report_detail){
			.detail = {.result = RESULT_VALIDATION_FAILURE,
		                   .mx_host = i % 2 ? "a.mx.example"
		                                    : "b.mx.example",
		                   .mx_helo = arena_printf(
					   &report->mem, "\"%zu\\.example", i)},
			.count = i + 1,
		};
	return report;
}

static uint64_t count_details(const struct report *report)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		for (size_t d = 0; d < report->policies[i].detail_count; d++)
			sum += report->policies[i].details[d].count;
	return sum;
}

static void test_fold(void **state)
{
	static const struct {
		const char *name;
		size_t max_bytes;
		size_t details; /* left in the first policy, at most */
		bool fits;
	} rows[] = {
		{"there is room for all", 1 << 20, MANY, true},
		{"half of them", 40000, MANY / 2, true},
		{"some", 10000, 60, true},
		{"one for each MX", 1900, 2, true},
		{"the result type alone", 1700, 1, true},
		{"not even the strings", 1200, 1, true},
		{"nothing can help", 100, 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(report_free) struct report *report = many_details();
		auto_(strbuf_clear) struct strbuf json = {0};
		size_t folded;

		ROW(&rows[i]);
		folded = report_fold(report, rows[i].max_bytes);
		assert_int_equal(folded == 0, i == 0);
		assert_int_equal(count_details(report), MANY * (MANY + 1) / 2);
		report_json_write(report, true, &json);
		assert_int_equal(json.len <= rows[i].max_bytes, rows[i].fits);
		assert_in_range(report->policies[0].detail_count, 1,
		                rows[i].details);
	}
}

static void test_fold_takes_the_smallest(void **state)
{
	auto_(report_free) struct report *report = many_details();
	const struct report_policy *policy = &report->policies[0];

	(void)state;
	report_fold(report, 40000);
	report_sort(report);
	policy = &report->policies[2];
	assert_int_equal(policy->type, POLICY_STS);
	for (size_t i = 0; i < policy->detail_count; i++)
		if (policy->details[i].detail.mx_helo != NULL)
			assert_true(policy->details[i].count > MANY / 4);
}

static void test_reset(void **state)
{
	auto_(report_free) struct report *report = sample_report();

	(void)state;
	report_reset(report);
	assert_int_equal(report->policy_count, 0);
	assert_null(report->report_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_equal_input_gives_equal_bytes),
		cmocka_unit_test(test_sort_puts_the_largest_first),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_takes_the_smallest),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
