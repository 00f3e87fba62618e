#include "unit/test.h"

#include "base/auto.h"
#include "model/report.h"
#include "model/report_json.h"
#include "unit/sample_report.h"

static void test_id(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	const char *id = report_id_make(&arena, SAMPLE_DAY, "example.com",
	                                "example.net", 42);

	(void)state;
	assert_int_equal(strncmp(id, "20260301.example.com.", 21), 0);
	assert_int_equal(strspn(id + 21, "0123456789abcdef"), 8);
	assert_string_equal(id + 29, "@example.net");
	assert_string_equal(id,
	                    report_id_make(&arena, SAMPLE_DAY, "example.com",
	                                   "example.net", 42));
	assert_string_not_equal(id, report_id_make(&arena, SAMPLE_DAY,
	                                           "example.com", "example.net",
	                                           43));
	assert_true(report_id_is_msg_id(id));
}

static void test_id_of_the_longest_names_is_a_msg_id(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	char name[DOMAIN_TEXT];
	const char *id;

	(void)state;
	memset(name, 'a', DOMAIN_MAX);
	name[63] = name[127] = name[191] = '.';
	name[DOMAIN_MAX] = '\0';
	id = report_id_make(&arena, SAMPLE_DAY, name, name, 42);
	assert_true(strlen(id) < REPORT_ID_TEXT);
	assert_true(report_id_is_msg_id(id));
}

static void test_is_msg_id(void **state)
{
	static const struct {
		const char *name, *id;
		bool want;
	} rows[] = {
		{"ours", "20260301.a_b.example.0011aaff@example.net", true},
		{"a plus, as Google has it", "2024.09.15+d@google.com", true},
		{"a colon", "2025-01-01T00:00:00Z_d@s.example", false},
		{"no at", "5065427c-23d3-47ca-b6e0-946ea0e8c4be", false},
		{"two ats", "a@b@c", false},
		{"nothing on the left", "@example.com", false},
		{"nothing on the right", "a@", false},
		{"two dots", "a..b@example.com", false},
		{"a dot first", ".a@example.com", false},
		{"a dot last", "a@example.com.", false},
		{"white space", "a b@example.com", false},
		{"a line end", "a@example.com\r\nBcc: x@example.org", false},
		{"angle brackets", "<a@example.com>", false},
		{"not ASCII", "\xc3\xa4@example.com", false},
		{"empty", "", false},
		{"absent", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(report_id_is_msg_id(rows[i].id), rows[i].want);
	}
}

static void test_spread(void **state)
{
	int64_t first = report_spread(SAMPLE_DAY, "a.example", 42, 14400);
	bool differs = false;

	(void)state;
	assert_int_equal(first,
	                 report_spread(SAMPLE_DAY, "a.example", 42, 14400));
	for (int day = 0; day < 50; day++) {
		int64_t got = report_spread(day, "a.example", 42, 14400);

		assert_true(got >= 0 && got < 14400);
		differs = differs || got != first;
	}
	assert_true(differs);
	assert_int_equal(report_spread(SAMPLE_DAY, "a.example", 42, 0), 0);
	assert_int_equal(report_spread(SAMPLE_DAY, "a.example", 42, -5), 0);
}

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
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_id_of_the_longest_names_is_a_msg_id),
		cmocka_unit_test(test_is_msg_id),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_equal_input_gives_equal_bytes),
		cmocka_unit_test(test_sort_puts_the_largest_first),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_takes_the_smallest),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
