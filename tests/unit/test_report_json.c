#include "unit/test.h"

#include "base/auto.h"
#include "base/json.h"
#include "report/report_json.h"
#include "unit/sample_report.h"

/* tests/golden/report.json was read against RFC 8460 section 4.4. */
static void test_golden(void **state)
{
	auto_(report_free) struct report *report = sample_report();
	auto_(strbuf_clear) struct strbuf golden = {0}, text = {0};
	auto_(json_free) json_t *got = NULL;
	auto_(json_free) json_t *want = NULL;

	(void)state;
	sample_file("report.json", &golden);
	want = json_read(golden.data, golden.len, false, NULL);
	assert_non_null(want);
	report_json_write(report, true, &text);
	got = json_read(text.data, text.len, false, NULL);
	assert_non_null(got);
	if (!json_equal(got, want))
		print_message("%s\n", strbuf_text(&text));
	assert_true(json_equal(got, want));
}

static void test_members_are_in_the_order_of_the_rfc(void **state)
{
	static const char *const order[] = {
		"{\"organization-name\":",
		"\"date-range\":",
		"\"start-datetime\":",
		"\"end-datetime\":",
		"\"contact-info\":",
		"\"report-id\":",
		"\"policies\":[{",
		"\"policy\":",
		"\"policy-type\":",
		"\"policy-string\":",
		"\"policy-domain\":",
		"\"mx-host\":",
		"\"summary\":",
		"\"total-successful-session-count\":",
		"\"total-failure-session-count\":",
		"\"failure-details\":",
		"\"result-type\":",
		"\"sending-mta-ip\":",
		"\"receiving-mx-hostname\":",
		"\"receiving-ip\":",
		"\"failed-session-count\":",
		"\"failure-reason-code\":"};
	auto_(report_free) struct report *report = sample_report();
	auto_(strbuf_clear) struct strbuf text = {0};
	const char *at;

	(void)state;
	report_json_write(report, true, &text);
	at = strbuf_text(&text);
	for (size_t i = 0; i < COUNT(order); i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
	}
}

/* One policy and one detail for the rows below to change. */
struct small {
	struct report report;
	struct report_policy policy;
	struct report_detail detail;
	const char *string;
	const char *mx;
};

static void small_init(struct small *s)
{
	*s = (struct small){
		.report = {.organization_name = "O",
	                   .contact_info = "c@example.net",
	                   .report_id = "i@example.net",
	                   .start = 0,
	                   .end = 86399,
	                   .policy_count = 1},
		.policy = {.type = POLICY_STS,
	                   .domain = "example.com",
	                   .string_count = 1,
	                   .mx_count = 1,
	                   .success = 1,
	                   .failure = 2,
	                   .detail_count = 1},
		.detail = {.detail = {.result = RESULT_VALIDATION_FAILURE},
	                   .count = 2},
		.string = "version: STSv1",
		.mx = "mx.example.com",
	};
	s->report.policies = &s->policy;
	s->policy.strings = &s->string;
	s->policy.mx_hosts = &s->mx;
	s->policy.details = &s->detail;
}

static void as_is(struct small *s)
{
	(void)s;
}

static void text_no_uri(struct small *s)
{
	s->detail.detail.additional = "This is additional information";
}

static void a_uri(struct small *s)
{
	s->detail.detail.additional = "https://example.net/x?y=1#z";
}

static void scheme_and_blank(struct small *s)
{
	s->detail.detail.additional = "Error: no route";
}

static void bad_ip(struct small *s)
{
	s->detail.detail.sending_ip = "unknown";
	s->detail.detail.receiving_ip = "10.0.0.256";
}

static void odd_ip(struct small *s)
{
	s->detail.detail.receiving_ip = "2001:DB8:0::1";
}

static void empty_texts(struct small *s)
{
	s->detail.detail.mx_host = "";
	s->detail.detail.mx_helo = "";
	s->detail.detail.reason = "";
}

static void control(struct small *s)
{
	s->detail.detail.reason = "two\nlines";
}

static void bad_utf8(struct small *s)
{
	s->detail.detail.reason = "\xff\xfe";
}

static void other_result(struct small *s)
{
	s->detail.detail.result = RESULT_OTHER;
}

static void other_policy(struct small *s)
{
	s->policy.type = POLICY_OTHER;
	s->policy.mx_count = 0;
}

static void mx_of_tlsa(struct small *s)
{
	s->policy.type = POLICY_TLSA;
	s->policy.string_count = 0;
}

static void bad_mx(struct small *s)
{
	s->mx = "not a host";
}

static void bad_tlsa(struct small *s)
{
	s->policy.type = POLICY_TLSA;
	s->policy.mx_count = 0;
	s->string = "3 1 1 XYZ";
}

static void no_sessions(struct small *s)
{
	s->detail.count = 0;
}

static void huge(struct small *s)
{
	s->policy.success = UINT64_MAX;
	s->detail.count = UINT64_MAX;
}

static void nameless(struct small *s)
{
	s->report.organization_name = NULL;
}

static void anonymous(struct small *s)
{
	s->report.organization_name = NULL;
	s->report.contact_info = NULL;
}

static void test_what_is_sent(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct small *s);
		const char *sent, *not_sent; /* NULL: not looked for */
		bool other;                  /* the stored form differs */
	} rows[] = {
		{"mx-host is an array", as_is,
	         "\"mx-host\":[\"mx.example.com\"]", "null", false},
		{"text that is no URI is left out", text_no_uri, NULL,
	         "additional", true},
		{"a URI", a_uri,
	         "\"additional-information\":\"https://example.net/x?y=1#z\"",
	         NULL, false},
		{"a scheme makes no URI", scheme_and_blank, NULL, "additional",
	         true},
		{"no addresses", bad_ip, NULL, "-ip", true},
		{"an address in another spelling", odd_ip, NULL, "-ip", true},
		{"nothing is empty", empty_texts, NULL, "\"\"", true},
		{"no line ends", control, NULL, "reason", true},
		{"no UTF-8", bad_utf8, NULL, "reason", true},
		{"other is validation-failure", other_result,
	         "\"result-type\":\"validation-failure\"", "other", true},
		{"other is no-policy-found", other_policy,
	         "\"policy-type\":\"no-policy-found\"", "other", true},
		{"mx-host is for sts", mx_of_tlsa, NULL, "mx-host", true},
		{"no MX pattern", bad_mx, NULL, "mx-host", true},
		{"no TLSA record", bad_tlsa, NULL, "policy-string", true},
		{"a detail without sessions", no_sessions,
	         "\"failure-details\":[]", "validation", true},
		{"counts stop at 2^53-1", huge,
	         "\"failed-session-count\":9007199254740991", NULL, false},
		{"the submitter stands in for a name", nameless,
	         "\"organization-name\":\"example.net\"", NULL, true},
		{"nobody said who", anonymous, NULL, "organization", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf sent = {0}, stored = {0};
		struct small s;

		ROW(&rows[i]);
		small_init(&s);
		rows[i].change(&s);
		report_json_write(&s.report, true, &sent);
		report_json_write(&s.report, false, &stored);
		assert_non_null(strstr(sent.data, "\"policy-domain\":"));
		if (rows[i].sent != NULL)
			assert_non_null(strstr(sent.data, rows[i].sent));
		if (rows[i].not_sent != NULL)
			assert_null(strstr(sent.data, rows[i].not_sent));
		assert_int_equal(report_has_other(&s.report), rows[i].other);
		/* bytes that are no UTF-8 have no place in either form */
		if (rows[i].change != bad_utf8)
			assert_int_equal(strcmp(sent.data, stored.data) != 0,
			                 rows[i].other);
	}
}

static void check_as_jansson(const struct strbuf *text)
{
	auto_(strbuf_clear) struct strbuf again = {0};
	auto_(json_free) json_t *json =
		json_read(text->data, text->len, false, NULL);

	assert_non_null(json);
	json_write(json, &again);
	assert_string_equal(text->data, again.data);
}

/* What must be escaped is, in the same way; all else stands as it is. */
static void test_bytes_are_those_of_jansson(void **state)
{
	static const char *const others[] = {
		"",     "\xc3\xa4",     "\xe2\x80\xa8 \xf0\x9f\x93\xa7", "/",
		"\\\"", "\\u0041 \n\n", "plain, \"quoted\", plain"};
	struct small s;

	(void)state;
	for (unsigned i = 1; i < 128 + COUNT(others); i++) {
		auto_(strbuf_clear) struct strbuf text = {0};
		char one[] = {'a', (char)i, 'b', '\0'};

		small_init(&s);
		s.report.organization_name = i < 128 ? one : others[i - 128];
		report_json_write(&s.report, false, &text);
		check_as_jansson(&text);
	}
}

static void test_stored_form_comes_back(void **state)
{
	static void (*const changes[])(struct small * s) = {
		as_is,        text_no_uri,  a_uri,       scheme_and_blank,
		bad_ip,       odd_ip,       empty_texts, control,
		other_result, other_policy, mx_of_tlsa,  bad_mx,
		bad_tlsa,     no_sessions,  huge,        nameless,
		anonymous};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		auto_(report_free) struct report *report = report_new();
		auto_(strbuf_clear) struct strbuf first = {0}, again = {0};
		struct err err = {0};
		struct small s;

		small_init(&s);
		changes[i](&s);
		report_json_write(&s.report, false, &first);
		check_as_jansson(&first);
		assert_int_equal(
			report_json_read(first.data, first.len, report, &err),
			0);
		report_json_write(report, false, &again);
		assert_string_equal(again.data, first.data);
		assert_int_equal(report_has_other(report),
		                 report_has_other(&s.report));
	}
}

static void test_sample_comes_back(void **state)
{
	auto_(report_free) struct report *report = sample_report();
	auto_(report_free) struct report *read = report_new();
	auto_(strbuf_clear) struct strbuf first = {0}, again = {0};
	auto_(strbuf_clear) struct strbuf pretty = {0};

	(void)state;
	report_json_write(report, false, &first);
	report_json_write_pretty(report, false, &pretty);
	assert_int_equal(report_json_read(pretty.data, pretty.len, read, NULL),
	                 0);
	assert_int_equal(read->start, report->start);
	assert_int_equal(read->end, report->end);
	report_json_write(read, false, &again);
	assert_string_equal(again.data, first.data);
}

#define HEAD                                                                   \
	"{\"date-range\":{\"start-datetime\":\"2026-03-01T00:00:00Z\","        \
	"\"end-datetime\":\"2026-03-01T23:59:59Z\"},\"report-id\":\"i\","
#define POLICY                                                                 \
	"\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"a.example\"}"
#define SUMMARY                                                                \
	"\"summary\":{\"total-successful-session-count\":1,"                   \
	"\"total-failure-session-count\":0}"

static void test_read_says_what_is_wrong(void **state)
{
	static const struct {
		const char *name, *text, *want; /* NULL: it is good */
	} rows[] = {
		{"the least there can be", HEAD "\"policies\":[]}", NULL},
		{"unknown members", HEAD "\"x\":1,\"policies\":[]}", NULL},
		{"null is absent",
	         HEAD "\"contact-info\":null,\"policies\":[]}", NULL},
		{"no failure-details",
	         HEAD "\"policies\":[{" POLICY "," SUMMARY "}]}", NULL},
		{"no JSON", "{", "JSON: line 1"},
		{"an array", "[]", "not an object"},
		{"twice", "{\"a\":1,\"a\":2}", "JSON: line 1"},
		{"nothing", "{}", "date-range: missing"},
		{"no policies", HEAD "\"x\":0}", "policies: missing"},
		{"policies of another type", HEAD "\"policies\":{}}",
	         "policies: not an array"},
		{"a policy that is none", HEAD "\"policies\":[7]}",
	         "policies[0]: not an object"},
		{"no summary", HEAD "\"policies\":[{" POLICY "}]}",
	         "policies[0].summary: missing"},
		{"summary of another type",
	         HEAD "\"policies\":[{" POLICY ",\"summary\":[]}]}",
	         "policies[0].summary: not an object"},
		{"a count that is text",
	         HEAD "\"policies\":[{" POLICY
	              ",\"summary\":{\"total-successful-session-count\":\"1\"}"
	              "}]}",
	         "policies[0].summary.total-successful-session-count: not a "
	         "whole number"},
		{"a negative count",
	         HEAD "\"policies\":[{" POLICY
	              ",\"summary\":{\"total-successful-session-count\":-1}}]}",
	         "policies[0].summary.total-successful-session-count: "
	         "negative"},
		{"an unknown type of policy",
	         HEAD "\"policies\":[{\"policy\":{\"policy-type\":\"dane\"},"
	              "\"summary\":{}}]}",
	         "policies[0].policy: unknown policy-type 'dane'"},
		{"a policy-string that is text",
	         HEAD "\"policies\":[{\"policy\":{\"policy-type\":\"sts\","
	              "\"policy-string\":\"x\"}," SUMMARY "}]}",
	         "policies[0].policy.policy-string: not an array"},
		{"a policy-domain that is none",
	         HEAD "\"policies\":[{\"policy\":{\"policy-type\":\"sts\","
	              "\"policy-domain\":\"a b\"}," SUMMARY "}]}",
	         "policies[0].policy.policy-domain: domain 'a b'"},
		{"a detail without its type",
	         HEAD "\"policies\":[{" POLICY "," SUMMARY
	              ",\"failure-details\":[{}]}]}",
	         "policies[0].failure-details[0].result-type: missing"},
		{"an unknown result with a line end",
	         HEAD "\"policies\":[{" POLICY "," SUMMARY
	              ",\"failure-details\":[{\"result-type\":\"a\\nb\"}]}]}",
	         "policies[0].failure-details[0]: unknown result-type 'a?b'"},
		{"a day that is none",
	         "{\"date-range\":{\"start-datetime\":\"yesterday\"}}",
	         "policies: missing"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(report_free) struct report *report = sample_report();
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = report_json_read(rows[i].text, strlen(rows[i].text),
		                      report, &err);
		if (rows[i].want == NULL) {
			assert_int_equal(rc, 0);
			continue;
		}
		assert_int_equal(rc, ERR_PARSE);
		assert_int_equal(
			strncmp(err.text, rows[i].want, strlen(rows[i].want)),
			0);
		assert_null(report->report_id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_members_are_in_the_order_of_the_rfc),
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_bytes_are_those_of_jansson),
		cmocka_unit_test(test_stored_form_comes_back),
		cmocka_unit_test(test_sample_comes_back),
		cmocka_unit_test(test_read_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
