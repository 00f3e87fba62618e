#include "unit/test.h"

#include "base/day.h"
#include "base/strbuf.h"
#include "received/received_report.h"

/* A report of one policy; each row below says what is other. */
#define WHO                                                                    \
	"\"organization-name\":\"Sender\",\"contact-info\":\"a@s.example\","   \
	"\"report-id\":\"1@s.example\","
#define RANGE(start, end)                                                      \
	"\"date-range\":{\"start-datetime\":\"" start                          \
	"\",\"end-datetime\":\"" end "\"},"
#define DAY RANGE("2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z")
#define POLICY(policy, summary, rest)                                          \
	"{\"policy\":{" policy "},\"summary\":{" summary "}" rest "}"
#define STS                                                                    \
	"\"policy-type\":\"sts\",\"policy-domain\":\"example.com\","           \
	"\"policy-string\":[\"version: STSv1\"],"                              \
	"\"mx-host\":[\"*.example.com\"]"
#define SUMS(good, bad)                                                        \
	"\"total-successful-session-count\":" good                             \
	",\"total-failure-session-count\":" bad
#define DETAILS(details) ",\"failure-details\":[" details "]"
#define REPORT(who, range, policies)                                           \
	"{" who range "\"policies\":[" policies "]}"
#define WITH(policy, summary, rest)                                            \
	REPORT(WHO, DAY, POLICY(policy, summary, rest))
#define DETAIL(type, count)                                                    \
	"{\"result-type\":\"" type "\",\"failed-session-count\":" count "}"

/* clang-format off */
static const struct {
	const char *name, *json;
	uint64_t success, failure;
	size_t details;
	const char *domain, *mx; /* of the first policy */
	const char *problems[4];
	const char *day; /* NULL: 2026-03-01 */
} good[] = {
	{"as RFC 8460 has it",
	 WITH(STS, SUMS("5", "2"), DETAILS(DETAIL("certificate-expired", "2"))),
	 5, 2, 1, "example.com", "*.example.com", {NULL}, NULL},
	{"no failure-details",
	 WITH(STS, SUMS("5", "0"), ""), 5, 0, 0, "example.com",
	 "*.example.com", {NULL}, NULL},
	{"times without a zone",
	 REPORT(WHO, RANGE("2026-03-01T00:00:00", "2026-03-01T23:59:59"),
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range.start-datetime: has no time zone, read as UTC",
	  "date-range.end-datetime: has no time zone, read as UTC"}, NULL},
	{"days without times",
	 REPORT(WHO, RANGE("2026-03-01", "2026-03-02"),
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range.start-datetime: has no time of day",
	  "date-range.end-datetime: has no time of day",
	  "date-range: ends at 00:00 of the next day"}, NULL},
	{"the end is the next day's midnight",
	 REPORT(WHO, RANGE("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range: ends at 00:00 of the next day"}, NULL},
	{"somebody's own midnight: the day that most of it is in",
	 REPORT(WHO, RANGE("2026-02-28T23:00:00Z", "2026-03-01T22:59:59Z"),
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range: does not begin at 00:00 UTC"}, NULL},
	{"west of Greenwich",
	 REPORT(WHO, RANGE("2026-03-01T00:00:00-08:00",
			   "2026-03-01T23:59:59-08:00"),
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range: does not begin at 00:00 UTC"}, NULL},
	{"a week",
	 REPORT(WHO, RANGE("2026-03-01T00:00:00Z", "2026-03-07T23:59:59Z"),
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range: 7 days long"}, NULL},
	{"it ends before it begins",
	 REPORT(WHO, RANGE("2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z"),
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range: ends before it begins"}, NULL},
	{"no end",
	 REPORT(WHO, "\"date-range\":{\"start-datetime\":"
		     "\"2026-03-01T00:00:00Z\"},",
		POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"date-range.end-datetime: missing"}, NULL},
	{"contact-info is null",
	 REPORT("\"organization-name\":\"S\",\"contact-info\":null,"
		"\"report-id\":7,", DAY, POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"contact-info: null", "report-id: a number instead of a text"}, NULL},
	{"mx-host is a text with 'mx: ' before it",
	 WITH("\"policy-type\":\"sts\",\"policy-string\":[],"
	      "\"policy-domain\":\"Example.COM.\","
	      "\"mx-host\":\"mx: MX.example.com\"", SUMS("1", "0"), ""),
	 1, 0, 0, "example.com", "mx.example.com",
	 {"policies[0].policy.mx-host: not a list",
	  "policies[0].policy.mx-host: begins with 'mx:'"}, NULL},
	{"no policy-domain, an unknown policy-type, no failure total",
	 WITH("\"policy-type\":\"invalid-policy-type\"",
	      "\"total-successful-session-count\":3",
	      DETAILS(DETAIL("certificate-expired", "1") ","
		      DETAIL("certificate-expired", "4"))),
	 3, 5, 2, NULL, NULL,
	 {"policies[0].policy.policy-type: unknown, 'invalid-policy-type'",
	  "policies[0].policy.policy-domain: missing",
	  "policies[0].summary.total-failure-session-count: missing"}, NULL},
	{"the total contradicts the details",
	 WITH(STS, SUMS("0", "1"), DETAILS(DETAIL("starttls-not-supported", "2"))),
	 0, 1, 1, "example.com", "*.example.com",
	 {"policies[0]: 1 failed sessions in total, 2 in the details"}, NULL},
	{"a total without details does not contradict them",
	 WITH(STS, SUMS("0", "9"), DETAILS("")), 0, 9, 0, "example.com",
	 "*.example.com", {NULL}, NULL},
	{"an unknown result-type",
	 WITH(STS, SUMS("0", "1"), DETAILS(DETAIL("moon-phase", "1"))),
	 0, 1, 1, "example.com", "*.example.com",
	 {"policies[0].failure-details[0].result-type: unknown, 'moon-phase'"},
	 NULL},
	{"counts as texts and fractions",
	 WITH(STS, SUMS("\"12\"", "1.0"), ""), 12, 1, 0, "example.com",
	 "*.example.com",
	 {"policies[0].summary.total-successful-session-count: "
	  "not written as a whole number",
	  "policies[0].summary.total-failure-session-count: "
	  "not written as a whole number"}, NULL},
	{"counts above 2^53 and 2^63",
	 WITH(STS, SUMS("9007199254740993", "18446744073709551615"), ""),
	 9007199254740993, UINT64_MAX, 0, "example.com", "*.example.com",
	 {"policies[0].summary.total-failure-session-count: "
	  "not written as a whole number"}, NULL},
	{"what is no count",
	 WITH(STS, SUMS("-1", "1.5"), ""), 0, 0, 0, "example.com",
	 "*.example.com",
	 {"policies[0].summary.total-successful-session-count: not a count",
	  "policies[0].summary.total-failure-session-count: not a count"},
	 NULL},
	{"no summary",
	 REPORT(WHO, DAY, "{\"policy\":{" STS "}"
		DETAILS(DETAIL("validation-failure", "3")) "}"),
	 0, 3, 1, "example.com", "*.example.com",
	 {"policies[0].summary: missing"}, NULL},
	{"a policy that is no object is left out",
	 REPORT(WHO, DAY, "17," POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com",
	 {"policies[0]: not an object"}, NULL},
	{"a byte order mark",
	 "\xef\xbb\xbf" WITH(STS, SUMS("1", "0"), ""), 1, 0, 0, "example.com",
	 "*.example.com", {NULL}, NULL},
	{"Latin-1",
	 REPORT("\"organization-name\":\"B\xfc\",\"contact-info\":\"a\","
		"\"report-id\":\"x\",", DAY, POLICY(STS, SUMS("1", "0"), "")),
	 1, 0, 0, "example.com", "*.example.com", {"not UTF-8"}, NULL},
	{"a name that is none is kept",
	 WITH("\"policy-type\":\"tlsa\",\"policy-domain\":\"not a name\"",
	      SUMS("1", "0"), ""),
	 1, 0, 0, "not a name", NULL, {"policies[0].policy.policy-domain: *"},
	 NULL},
	{"no policies",
	 REPORT(WHO, DAY, ""), 0, 0, 0, NULL, NULL, {"policies: empty"}, NULL},
};

static const struct {
	const char *name, *json;
	int class;
	const char *words;
} bad[] = {
	{"what cron says", "Subject: backup done", ERR_PARSE, "the report: "},
	{"another JSON", "{\"a\":1}", ERR_PARSE,
	 "not a report: it has no list 'policies'"},
	{"a list", "[1]", ERR_PARSE, "not a report"},
	{"a text", "\"policies\"", ERR_PARSE, "not a report"},
	{"policies that are no list", "{\"policies\":{}}", ERR_PARSE,
	 "not a report"},
	{"no day", "{\"policies\":[]}", ERR_PARSE,
	 "date-range.start-datetime: missing"},
	{"a day that is none",
	 REPORT(WHO, RANGE("yesterday", "today"), ""), ERR_PARSE,
	 "date-range.start-datetime: not a time"},
	{"cut off", "{\"policies\":[", ERR_PARSE, "the report: "},
	{"nothing", "", ERR_PARSE, "the report: "},
};
/* clang-format on */

/* A row's problem that ends with * is the beginning of one. */
static void check_problem(const char *got, const char *want)
{
	size_t len = strlen(want);

	if (want[len - 1] == '*')
		assert_memory_equal(got, want, len - 1);
	else
		assert_string_equal(got, want);
}

static void test_good(void **state)
{
	struct received_report got;

	(void)state;
	received_report_init(&got);
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct report_policy *policy;
		char day[DAY_TEXT];
		struct err err = {0};
		size_t n = 0;

		ROW(&good[i]);
		assert_int_equal(received_report_read(&got, good[i].json,
		                                      strlen(good[i].json),
		                                      &err),
		                 0);
		assert_int_equal(report_success(got.report), good[i].success);
		assert_int_equal(report_failure(got.report), good[i].failure);
		assert_string_equal(day_format(got.day, day),
		                    good[i].day ? good[i].day : "2026-03-01");
		for (; n < COUNT(good[i].problems) && good[i].problems[n];
		     n++) {
			assert_true(n < got.problem_count);
			check_problem(got.problems[n], good[i].problems[n]);
		}
		assert_int_equal(got.problem_count, n);
		if (got.report->policy_count == 0)
			continue;
		policy = &got.report->policies[0];
		assert_int_equal(policy->detail_count, good[i].details);
		assert_int_equal(policy->domain != NULL,
		                 good[i].domain != NULL);
		if (policy->domain != NULL)
			assert_string_equal(policy->domain, good[i].domain);
		assert_int_equal(policy->mx_count, good[i].mx != NULL);
		if (policy->mx_count > 0)
			assert_string_equal(policy->mx_hosts[0], good[i].mx);
	}
	received_report_clear(&got);
}

static void test_bad(void **state)
{
	struct received_report got;

	(void)state;
	received_report_init(&got);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = {0};

		ROW(&bad[i]);
		assert_int_equal(received_report_read(&got, bad[i].json,
		                                      strlen(bad[i].json),
		                                      &err),
		                 bad[i].class);
		assert_memory_equal(err.text, bad[i].words,
		                    strlen(bad[i].words));
		assert_int_equal(got.report->policy_count, 0);
		assert_int_equal(got.problem_count, 0);
	}
	received_report_clear(&got);
}

/* The texts of a detail in the spelling that compares, or as they came. */
static void test_detail(void **state)
{
	static const char json[] =
		WITH(STS, SUMS("0", "1"),
	             DETAILS("{\"result-type\":\"certificate-not-trusted\","
	                     "\"sending-mta-ip\":\"2001:0db8::0:1\","
	                     "\"receiving-mx-hostname\":\"MX.Example.com.\","
	                     "\"receiving-ip\":\"none\\r\\n\","
	                     "\"failed-session-count\":1,"
	                     "\"failure-reason-code\":\"a\\tb\"}"));
	struct received_report got;
	const struct failure_detail *detail;

	(void)state;
	received_report_init(&got);
	assert_int_equal(received_report_read(&got, json, strlen(json), NULL),
	                 0);
	detail = &got.report->policies[0].details[0].detail;
	assert_string_equal(detail->sending_ip, "2001:db8::1");
	assert_string_equal(detail->mx_host, "mx.example.com");
	assert_string_equal(detail->receiving_ip, "none");
	assert_string_equal(detail->reason, "ab");
	assert_null(detail->mx_helo);
	received_report_clear(&got);
}

/* 10,000 details, each odd: all are read, and the first problems are told. */
static void test_many(void **state)
{
	struct received_report got;
	struct strbuf json;

	(void)state;
	strbuf_init(&json, 0);
	strbuf_puts(&json, "{" WHO DAY "\"policies\":[{\"policy\":{" STS
	                   "},\"summary\":{" SUMS(
				   "0", "10000") "},"
	                                         "\"failure-details\":[");
	for (size_t i = 0; i < 10000; i++)
		strbuf_printf(&json, "%s" DETAIL("odd-%zu", "1"),
		              i > 0 ? "," : "", i);
	strbuf_puts(&json, "]}]}");
	received_report_init(&got);
	assert_int_equal(received_report_read(&got, json.data, json.len, NULL),
	                 0);
	assert_int_equal(got.report->policies[0].detail_count, 10000);
	assert_int_equal(got.problem_count, RECEIVED_PROBLEMS_MAX);
	assert_int_equal(got.problems_left_out, 10000 - RECEIVED_PROBLEMS_MAX);
	received_report_clear(&got);
	strbuf_clear(&json);
}

static void test_limits(void **state)
{
	struct received_report got;
	struct strbuf json;
	struct err err = {0};

	(void)state;
	strbuf_init(&json, 0);
	received_report_init(&got);
	strbuf_puts(&json, "[0");
	for (size_t i = 0; i <= RECEIVED_VALUES_MAX; i++)
		strbuf_puts(&json, ",0");
	assert_int_equal(received_report_read(&got, json.data, json.len, &err),
	                 ERR_LIMIT);
	strbuf_reset(&json);
	while (json.len <= RECEIVED_JSON_MAX)
		strbuf_puts(&json, "                ");
	assert_int_equal(received_report_read(&got, json.data, json.len, &err),
	                 ERR_LIMIT);
	received_report_clear(&got);
	strbuf_clear(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_bad),
		cmocka_unit_test(test_detail), cmocka_unit_test(test_many),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
