#include "unit/test.h"

#include "api/json_pointer.h"
#include "api/object.h"
#include "api/object_id.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/json_at.h"
#include "unit/sample_report.h"

#define DETAIL                                                                 \
	"{\"resultType\":\"certificateExpired\","                              \
	"\"sendingMtaIp\":\"192.0.2.1\","                                      \
	"\"receivingMxHostname\":\"mx.example.com\","                          \
	"\"receivingMxHelo\":null,"                                            \
	"\"receivingIp\":\"2001:db8::1\","                                     \
	"\"failedSessionCount\":2,"                                            \
	"\"additionalInformation\":null,"                                      \
	"\"failureReasonCode\":\"X509_V_ERR_CERT_HAS_EXPIRED\"}"
#define POLICY                                                                 \
	"{\"policyType\":\"sts\","                                             \
	"\"policyStrings\":[\"version: STSv1\",\"mode: enforce\"],"            \
	"\"policyDomain\":\"example.com\","                                    \
	"\"mxHosts\":[\"*.example.com\"],"                                     \
	"\"totalSuccessfulSessions\":5,"                                       \
	"\"totalFailedSessions\":2,"                                           \
	"\"failureDetails\":[" DETAIL "]}"
#define REPORT                                                                 \
	"{\"organizationName\":null,"                                          \
	"\"contactInfo\":\"tls@example.net\","                                 \
	"\"reportId\":\"a@example.net\","                                      \
	"\"dateRangeStart\":\"2026-03-01T00:00:00Z\","                         \
	"\"dateRangeEnd\":\"2026-03-01T23:59:59Z\","                           \
	"\"policies\":[" POLICY "]}"
#define WHOLE                                                                  \
	"{\"id\":null,"                                                        \
	"\"policyIdentifiers\":[7,9],"                                         \
	"\"mailRua\":[\"tls@example.com\"],"                                   \
	"\"httpRua\":[\"https://example.com/v1/tls\"],"                        \
	"\"report\":" REPORT ","                                               \
	"\"domain\":\"example.com\","                                          \
	"\"createdAt\":\"2026-03-02T00:15:00Z\","                              \
	"\"deliverAt\":\"2026-03-02T01:15:00Z\","                              \
	"\"day\":null,\"doneAt\":null,\"status\":null,"                        \
	"\"successfulSessions\":0,\"failedSessions\":0,"                       \
	"\"missingHosts\":null,"                                               \
	"\"jsonBlobId\":null,\"gzipBlobId\":null,"                             \
	"\"destinations\":[]}"

static json_t *parsed(const char *text)
{
	struct err err = {0};
	json_t *json = json_read(text, strlen(text), false, &err);

	if (json == NULL)
		print_message("%s\n", err.text);
	assert_non_null(json);
	return json;
}

/* A good object without what the server sets, one value of it replaced:
 * "report.policies.0.policyType". */
static json_t *changed(const char *path, const char *value)
{
	json_t *root = parsed(WHOLE), *at = root;
	char copy[256], *rest = copy, *step;

	json_object_del(root, "id");
	json_object_del(root, "day");
	json_object_del(root, "doneAt");
	json_object_del(root, "status");
	json_object_del(root, "successfulSessions");
	json_object_del(root, "failedSessions");
	json_object_del(root, "missingHosts");
	json_object_del(root, "jsonBlobId");
	json_object_del(root, "gzipBlobId");
	json_object_del(root, "destinations");
	if (path == NULL)
		return root;
	snprintf(copy, sizeof(copy), "%s", path);
	while ((step = strsep(&rest, ".")) != NULL && rest != NULL)
		at = json_is_array(at) ? json_array_get(at, (size_t)atoi(step))
		                       : json_object_get(at, step);
	if (value == NULL)
		json_object_del(at, step);
	else
		json_object_set_new(at, step,
		                    json_loads(value, JSON_DECODE_ANY, NULL));
	return root;
}

static void test_comes_back(void **state)
{
	auto_(object_free) struct internal_report *object = object_new();
	auto_(json_free) json_t *want = parsed(WHOLE);
	auto_(json_free) json_t *given = changed(NULL, NULL);
	auto_(json_free) json_t *got = NULL;
	auto_(strbuf_clear) struct strbuf text = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(object_read(given, object, NULL, &err), 0);
	assert_int_equal(object->report->policies[0].details[0].count, 2);
	assert_int_equal(object->policy_ids[1], 9);
	got = object_write(object);
	json_write(got, &text);
	assert_string_equal(text.data, WHOLE);
	assert_true(json_equal(got, want));
}

static void test_least(void **state)
{
	static const char text[] =
		"{\"domain\":\"EXAMPLE.com.\",\"report\":{\"reportId\":\"x\","
		"\"dateRangeStart\":\"2026-03-01T00:00:00Z\","
		"\"dateRangeEnd\":\"2026-03-01T23:59:59Z\"},"
		"\"createdAt\":\"2026-03-02T00:15:00Z\","
		"\"deliverAt\":\"2026-03-02T00:15:00Z\"}";
	auto_(object_free) struct internal_report *object = object_new();
	auto_(json_free) json_t *given = parsed(text);
	auto_(json_free) json_t *got = NULL;

	(void)state;
	assert_int_equal(object_read(given, object, NULL, NULL), 0);
	assert_string_equal(object->domain, "example.com");
	got = object_write(object);
	assert_int_equal(json_object_size(got), 17);
	assert_int_equal(json_object_size(json_object_get(got, "report")), 6);
	assert_true(json_is_null(json_object_get(json_object_get(got, "report"),
	                                         "contactInfo")));
	assert_int_equal(json_array_size(json_object_get(got, "mailRua")), 0);
	assert_true(json_is_array(json_object_get(got, "mailRua")));
}

static void test_server_set(void **state)
{
	auto_(object_free) struct internal_report *object = object_new();
	struct object_destination destinations[] = {
		{.uri = "mailto:tls@example.com",
	         .state = DELIVERY_DEFERRED,
	         .attempts = 2,
	         .last_attempt = 1772409600,
	         .next_attempt = 1772410200,
	         .last_answer = "451 later"},
		{.uri = "https://example.com/v1/tls", .is_copy = true},
	};
	struct object_try tries[] = {{.at = 1772409000},
	                             {.at = 1772409600, .answer = "451 later"}};
	auto_(json_free) json_t *got = NULL;
	auto_(strbuf_clear) struct strbuf text = {0};

	(void)state;
	object->id = 1;
	object->status = "deferred";
	destinations[0].tries = tries;
	destinations[0].try_count = 2;
	object->destinations = destinations;
	object->destination_count = 2;
	got = object_write(object);
	json_write(json_object_get(got, "destinations"), &text);
	assert_string_equal(
		text.data,
		"[{\"uri\":\"mailto:tls@example.com\",\"state\":\"deferred\","
		"\"attempts\":2,\"lastAttempt\":\"2026-03-02T00:00:00Z\","
		"\"nextAttempt\":\"2026-03-02T00:10:00Z\",\"uncertain\":false,"
		"\"copy\":false,"
		"\"lastAnswer\":\"451 later\",\"history\":["
		"{\"at\":\"2026-03-01T23:50:00Z\",\"answer\":null},"
		"{\"at\":\"2026-03-02T00:00:00Z\",\"answer\":\"451 later\"}],"
		"\"blobId\":null},"
		"{\"uri\":\"https://example.com/v1/tls\",\"state\":\"pending\","
		"\"attempts\":0,\"lastAttempt\":null,\"nextAttempt\":null,"
		"\"uncertain\":false,\"copy\":true,"
		"\"lastAnswer\":null,\"history\":[],\"blobId\":null}]");
	assert_string_equal(json_string_value(json_object_get(got, "id")),
	                    "a000000000001");
	assert_string_equal(json_string_value(json_object_get(got, "status")),
	                    "deferred");
}

static void test_accepted(void **state)
{
	static const struct {
		const char *name, *path, *value, *property, *want;
	} rows[] = {
		{"a set of addresses", "mailRua",
	         "{\"a@b.example\":true,\"c@d.example\":true}", "mailRua",
	         "[\"a@b.example\",\"c@d.example\"]"},
		{"equal addresses are one", "mailRua",
	         "[\"a@b.example\",\"a@B.example\"]", "mailRua",
	         "[\"a@b.example\"]"},
		{"a set of URIs", "httpRua", "{\"https://B.example/x\":true}",
	         "httpRua", "[\"https://b.example/x\"]"},
		{"a list with numbers, in their order", "mailRua",
	         "{\"10\":\"b@b.example\",\"9\":\"a@b.example\"}", "mailRua",
	         "[\"a@b.example\",\"b@b.example\"]"},
		{"a set of numbers", "policyIdentifiers",
	         "{\"17\":true,\"3\":true}", "policyIdentifiers", "[17,3]"},
		{"what is false is not in the set", "mailRua",
	         "{\"a@b.example\":true,\"c@d.example\":false}", "mailRua",
	         "[\"a@b.example\"]"},
		{"nothing in the set", "mailRua", "{\"c@d.example\":false}",
	         "mailRua", "[]"},
		{"numbers as text", "policyIdentifiers", "[\"17\",3]",
	         "policyIdentifiers", "[17,3]"},
		{"numbers up to 2^53-1 are numbers, above text",
	         "policyIdentifiers",
	         "[\"9007199254740991\",\"9007199254740992\","
	         "\"18446744073709551615\"]",
	         "policyIdentifiers",
	         "[9007199254740991,\"9007199254740992\","
	         "\"18446744073709551615\"]"},
		{"a set of great numbers", "policyIdentifiers",
	         "{\"18446744073709551615\":true}", "policyIdentifiers",
	         "[\"18446744073709551615\"]"},
		{"null is an empty list", "policyIdentifiers", "null",
	         "policyIdentifiers", "[]"},
		{"an empty object is an empty list", "mailRua", "{}", "mailRua",
	         "[]"},
		{"any text is a contact", "report.contactInfo", "\"Example\"",
	         "report/contactInfo", "\"Example\""},
		{"with a name before the address", "report.contactInfo",
	         "\"Us <a@b.example>, at night: +49 1\"", "report/contactInfo",
	         "\"Us <a@b.example>, at night: +49 1\""},
		{"an address as it was written", "report.contactInfo",
	         "\"TLS@B.Example\"", "report/contactInfo",
	         "\"TLS@B.Example\""},
		{"no contact", "report.contactInfo", NULL, "report/contactInfo",
	         "null"},
		{"an empty contact is none", "report.contactInfo", "\"\"",
	         "report/contactInfo", "null"},
		{"no report-id: the settings make one", "report.reportId", NULL,
	         "report/reportId", "null"},
		{"an empty report-id", "report.reportId", "\"\"",
	         "report/reportId", "null"},
		{"a domain in another spelling", "domain",
	         "\"b\xc3\xbc"
	         "cher.Example.\"",
	         "domain", "\"xn--bcher-kva.example\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(object_free) struct internal_report *object =
			object_new();
		auto_(json_free) json_t *given =
			changed(rows[i].path, rows[i].value);
		auto_(json_free) json_t *shown = NULL, *got = NULL;
		auto_(strbuf_clear) struct strbuf text = {0}, at = {0};
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(object_read(given, object, NULL, &err), 0);
		shown = object_write(object);
		strbuf_printf(&at, "/%s", rows[i].property);
		got = json_pointer_get(shown, at.data, &err);
		json_write(got, &text);
		assert_string_equal(text.data, rows[i].want);
	}
}

static void test_policies_with_numbers(void **state)
{
	auto_(object_free) struct internal_report *object = object_new();
	auto_(json_free) json_t *given =
		changed("report.policies",
	                "{\"1\":{\"policyType\":\"tlsa\",\"policyDomain\":\"b."
	                "example\"},"
	                "\"0\":{\"policyType\":\"other\",\"policyDomain\":\"a."
	                "example\","
	                "\"failureDetails\":{\"0\":{\"resultType\":\"other\","
	                "\"receivingIp\":\"2001:DB8:0::1\",\"receivingMxHelo\":"
	                "\"\"}}}}");
	const struct report *report = object->report;
	struct err err = {0};

	(void)state;
	assert_int_equal(object_read(given, object, NULL, &err), 0);
	assert_int_equal(report->policy_count, 2);
	assert_int_equal(report->policies[0].type, POLICY_OTHER);
	assert_string_equal(report->policies[1].domain, "b.example");
	assert_string_equal(report->policies[0].details[0].detail.receiving_ip,
	                    "2001:db8::1");
	assert_null(report->policies[0].details[0].detail.mx_helo);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *path, *value, *want;
	} rows[] = {
		{"no domain", "domain", NULL, "domain: missing"},
		{"a domain that is none", "domain", "\"a b\"",
	         "domain: domain 'a b'"},
		{"a domain that is a number", "domain", "7",
	         "domain: not a string"},
		{"an empty domain", "domain", "\"\"", "domain: empty"},
		{"no report", "report", NULL, "report: missing"},
		{"a report that is text", "report", "\"x\"",
	         "report: not an object"},
		{"no time", "createdAt", NULL, "createdAt: missing"},
		{"a time that is none", "deliverAt", "\"soonZ\"",
	         "deliverAt: 'soonZ' is not a time"},
		{"a time elsewhere", "deliverAt",
	         "\"2026-03-02T01:15:00+01:00\"", "deliverAt: not in UTC"},
		{"an id", "id", "\"a\"", "id: set by the server"},
		{"a status", "status", "\"x\"", "status: set by the server"},
		{"destinations", "destinations", "[]",
	         "destinations: set by the server"},
		{"an unknown property", "mailrua", "[]",
	         "mailrua: unknown property, did you mean 'mailRua'?"},
		{"an unknown property far down",
	         "report.policies.0.failureDetails.0.helo", "1",
	         "report.policies[0].failureDetails[0].helo: unknown"},
		{"no address", "mailRua", "[\"tls.example.com\"]",
	         "mailRua[0]: "},
		{"an address with a line end", "mailRua",
	         "[\"a@b.example\\r\\nBcc: c@d.example\"]",
	         "mailRua[0]: has control characters"},
		{"a URI in the place of an address", "mailRua",
	         "[\"mailto:a@b.example\"]", "mailRua[0]: "},
		{"http", "httpRua", "[\"http://b.example/\"]", "httpRua[0]: "},
		{"mailto", "httpRua", "[\"mailto:a@b.example\"]",
	         "httpRua[0]: not an https URI"},
		{"too many addresses", "mailRua",
	         "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]",
	         "mailRua: more than 16"},
		{"an address that is neither true nor false", "mailRua",
	         "{\"a@b.example\":true,\"c@d.example\":1}",
	         "mailRua.c@d.example: neither true nor false"},
		{"no number", "mailRua", "{\"01\":\"a@b.example\"}",
	         "mailRua.01: neither true nor a numbered item"},
		{"a list that is text", "mailRua", "\"a@b.example\"",
	         "mailRua: not an array"},
		{"an identifier that is not a number", "policyIdentifiers",
	         "[\"1\",\"\"]", "policyIdentifiers[1]: not a whole number"},
		{"an identifier with a sign", "policyIdentifiers", "[\"-1\"]",
	         "policyIdentifiers[0]: not a whole number up to 2^64-1"},
		{"an identifier past 2^64", "policyIdentifiers",
	         "[\"18446744073709551616\"]",
	         "policyIdentifiers[0]: not a whole number up to 2^64-1"},
		{"a number past 2^53-1", "policyIdentifiers",
	         "[9007199254740992]",
	         "policyIdentifiers[0]: greater than 2^53-1"},
		{"a number past any", "policyIdentifiers", "[1e300]",
	         "policyIdentifiers[0]: greater than 2^53-1"},
		{"an identifier that is none", "policyIdentifiers",
	         "{\"x\":true}", "policyIdentifiers[0]: not a whole number"},
		{"a report-id of two lines", "report.reportId", "\"a\\nb\"",
	         "report.reportId: has control characters"},
		{"an end before the start", "report.dateRangeEnd",
	         "\"2026-02-28T23:59:59Z\"",
	         "report.dateRangeEnd: before dateRangeStart"},
		{"a contact of two lines", "report.contactInfo", "\"ask\\nus\"",
	         "report.contactInfo: has control"},
		{"a contact that is a number", "report.contactInfo", "7",
	         "report.contactInfo: not a string"},
		{"an unknown type of policy", "report.policies.0.policyType",
	         "\"no-policy-found\"",
	         "report.policies[0].policyType: not one of noPolicyFound, "
	         "tlsa"},
		{"a type that is null", "report.policies.0.policyType", "null",
	         "report.policies[0].policyType: missing"},
		{"a policy that is text", "report.policies", "[\"x\"]",
	         "report.policies[0]: not an object"},
		{"a policy of no domain", "report.policies.0.policyDomain",
	         NULL, "report.policies[0].policyDomain: missing"},
		{"an MX pattern that is none", "report.policies.0.mxHosts",
	         "[\"mx.*.example\"]", "report.policies[0].mxHosts[0]: "},
		{"policy strings that are numbers",
	         "report.policies.0.policyStrings", "[1]",
	         "report.policies[0].policyStrings[0]: not a string"},
		{"a negative count", "report.policies.0.totalFailedSessions",
	         "-1", "report.policies[0].totalFailedSessions: negative"},
		{"a count past 2^53-1",
	         "report.policies.0.totalSuccessfulSessions",
	         "9007199254740992",
	         "report.policies[0].totalSuccessfulSessions: greater"},
		{"a count with a fraction",
	         "report.policies.0.totalSuccessfulSessions", "1.5",
	         "report.policies[0].totalSuccessfulSessions: not a whole"},
		{"an unknown result",
	         "report.policies.0.failureDetails.0.resultType",
	         "\"certificate-expired\"",
	         "report.policies[0].failureDetails[0].resultType: not one of "
	         "startTls"},
		{"no address of a host",
	         "report.policies.0.failureDetails.0.receivingIp",
	         "\"10.0.0.256\"",
	         "report.policies[0].failureDetails[0].receivingIp: "
	         "'10.0.0.256' is not an IP address"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(object_free) struct internal_report *object =
			object_new();
		auto_(json_free) json_t *given =
			changed(rows[i].path, rows[i].value);
		struct err err = {0};

		ROW(&rows[i]);
		assert_true(object_read(given, object, NULL, &err) < 0);
		if (strncmp(err.text, rows[i].want, strlen(rows[i].want)) != 0)
			print_message("    got: %s\n", err.text);
		assert_int_equal(
			strncmp(err.text, rows[i].want, strlen(rows[i].want)),
			0);
		assert_null(object->domain);
	}
}

/* Everything that is wrong, as the keys of a patch would have it. */
static void test_paths(void **state)
{
	static const struct {
		const char *name, *path, *value, *want;
	} rows[] = {
		{"nothing wrong", "domain", "\"a.example\"", "[]"},
		{"no policy's type and domain", "report.policies",
	         "[{},{\"mxHosts\":[7,\"mx.example\",\"a b\"]}]",
	         "[\"report/policies/0/policyType\",\"report/policies/0/"
	         "policyDomain\",\"report/policies/1/policyType\",\"report/"
	         "policies/1/policyDomain\",\"report/policies/1/mxHosts/0\","
	         "\"report/policies/1/mxHosts/2\"]"},
		{"an empty report", "report", "{}",
	         "[\"report/dateRangeStart\",\"report/dateRangeEnd\"]"},
		{"an unknown and a bad one", "report",
	         "{\"nix\":1,\"reportId\":7,\"dateRangeStart\":"
	         "\"2026-03-02T00:00:00Z\",\"dateRangeEnd\":"
	         "\"2026-03-01T00:00:00Z\"}",
	         "[\"report/nix\",\"report/reportId\","
	         "\"report/dateRangeEnd\"]"},
		{"a property once", "deliverAt", "\"soon\"", "[\"deliverAt\"]"},
		{"names as pointers have them", "a~b/c", "1", "[\"a~0b~1c\"]"},
		{"a long name is cut between characters",
	         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	         "\xc3\xa4",
	         "1",
	         "[\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	         "xxxx\"]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(object_free) struct internal_report *object =
			object_new();
		auto_(json_free) json_t *given =
			changed(rows[i].path, rows[i].value);
		auto_(json_free) json_t *paths = json_array();
		auto_(strbuf_clear) struct strbuf text = {0};
		struct err err = {0};

		ROW(&rows[i]);
		object_read(given, object, paths, &err);
		json_write(paths, &text);
		assert_string_equal(text.data, rows[i].want);
	}
}

static void test_paths_have_an_end(void **state)
{
	auto_(object_free) struct internal_report *object = object_new();
	auto_(json_free) json_t *given = changed("policyIdentifiers", "[]");
	auto_(json_free) json_t *paths = json_array();
	json_t *ids = json_object_get(given, "policyIdentifiers");
	struct err err = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		json_array_append_new(ids, json_integer(-1));
	assert_true(object_read(given, object, paths, &err) < 0);
	assert_int_equal(json_array_size(paths), JSON_PATHS_MAX);
}

static void test_ids(void **state)
{
	static const struct {
		const char *name;
		uint64_t id;
		const char *text;
	} rows[] = {
		{"one", 1, "a000000000001"},
		{"a digit more", 32, "a000000000010"},
		{"the last digit", 31, "a00000000000v"},
		{"the first letter", UINT64_C(1) << 60, "b000000000000"},
		{"the last of all", UINT64_MAX, "pvvvvvvvvvvvv"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[OBJECT_ID_TEXT];
		uint64_t id = 0;

		ROW(&rows[i]);
		assert_string_equal(object_id_format(rows[i].id, text),
		                    rows[i].text);
		assert_true(object_id_parse(text, &id));
		assert_true(id == rows[i].id);
	}
}

static void test_ids_refused(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{"empty", ""},
		{"too short", "a00000000001"},
		{"too long", "a0000000000010"},
		{"a digit first", "0000000000001"},
		{"past 64 bits", "q000000000000"},
		{"upper case", "A000000000001"},
		{"a letter past v", "a00000000000w"},
		{"a slash", "a00000000000/"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t id = 0;

		ROW(&rows[i]);
		assert_false(object_id_parse(rows[i].text, &id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_server_set),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_policies_with_numbers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_paths_have_an_end),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
