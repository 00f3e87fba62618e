/* The answers of a tlsrpt-fetcher: byte for byte what Python's json.dumps()
 * gives of the same values, and read as the events that they were counted of.
 */
#include "unit/test.h"

#include "base/auto.h"
#include "base/xalloc.h"
#include "sealed/fetcher_answer.h"
#include "sealed/sealed_merge.h"
#include "session/datagram.h"

static const struct tally_limits caps = {32, 1000, 1 << 24, 1 << 25};

/* clang-format off */
/* json.dumps(..., indent=4) and a newline */
static const char from_python[] =
	"{\n"
	"    \"d\": \"a.example\",\n"
	"    \"policies\": {\n"
	"        \"v=TLSRPTv1; rua=mailto:t@a.example\": {\n"
	"            \"{\\\"policy-type\\\": 9, \\\"policy-domain\\\": \\\"a.example\\\"}\": {\n"
	"                \"cntrtotal\": 3,\n"
	"                \"cntrfailure\": 0,\n"
	"                \"failures\": {}\n"
	"            },\n"
	"            \"{\\\"policy-type\\\": 2, \\\"policy-domain\\\": \\\"a.example\\\", \\\"policy-string\\\": [\\\"version: STSv1\\\", \\\"mode: enforce\\\"], \\\"mx-host\\\": [\\\"*.a.example\\\"]}\": {\n"
	"                \"cntrtotal\": 5,\n"
	"                \"cntrfailure\": 4,\n"
	"                \"failures\": {\n"
	"                    \"{\\\"c\\\": 203, \\\"s\\\": \\\"192.0.2.1\\\", \\\"n\\\": \\\"mx.a.example\\\", \\\"h\\\": \\\"h\\\\u00e9\\\\u007f\\\\ud83d\\\\ude00\\\", \\\"r\\\": \\\"2001:db8::1\\\", \\\"a\\\": \\\"https://x.example/?a=\\\\\\\"b\\\\\\\"\\\\\\\\\\\", \\\"f\\\": \\\"tab\\\\there / </x>\\\"}\": 3,\n"
	"                    \"{\\\"c\\\": 205}\": 2\n"
	"                }\n"
	"            }\n"
	"        }\n"
	"    }\n"
	"}\n";
/* clang-format on */

static void encode_policy(const struct session_policy *policy,
                          struct strbuf *bytes, struct tally_policy *to)
{
	strbuf_init(bytes, 0);
	session_policy_encode(policy, bytes);
	to->key.bytes = bytes->data;
	to->key.len = bytes->len;
}

static void encode_detail(const struct failure_detail *detail,
                          struct strbuf *bytes, struct tally_detail *to)
{
	strbuf_init(bytes, 0);
	session_failure_encode(detail, bytes);
	to->key.bytes = bytes->data;
	to->key.len = bytes->len;
}

/* Bytes that the normal form would not leave in are there, too. */
static void test_bytes(void **state)
{
	const char *strings[] = {"version: STSv1", "mode: enforce"};
	const char *mx[] = {"*.a.example"};
	const struct session_policy sts = {
		.type = POLICY_STS,
		.domain = "a.example",
		.strings = strings,
		.string_count = 2,
		.mx_hosts = mx,
		.mx_count = 1,
	};
	const struct failure_detail untrusted = {
		.result = RESULT_CERTIFICATE_NOT_TRUSTED,
		.sending_ip = "192.0.2.1",
		.mx_host = "mx.a.example",
		.mx_helo = "h\xc3\xa9\x7f\xf0\x9f\x98\x80",
		.receiving_ip = "2001:db8::1",
		.additional = "https://x.example/?a=\"b\"\\",
		.reason = "tab\there / </x>",
	};
	struct strbuf bytes[6] = {{0}};
	auto_(strbuf_clear) struct strbuf out = {0};
	auto_(strbuf_clear) struct strbuf unjudged = {0};
	struct tally_detail details[3] = {{.count = 3, .next = &details[1]},
	                                  {.count = 1, .next = &details[2]},
	                                  {.count = 1}};
	struct tally_policy policies[4] = {
		{.success = 2, .next = &policies[1]},
		{.success = 1, .next = &policies[2]},
		{.success = 1,
	         .failure = 4,
	         .unjudged = 9,
	         .details = details,
	         .next = &policies[3]},
		{.unjudged = 7},
	};
	struct sealed_domain domain = {.counts = {
					       .domain = "a.example",
					       .record = "v=TLSRPTv1; "
							 "rua=mailto:t@a."
							 "example",
					       .policies = policies,
				       }};

	(void)state;
	encode_policy(&(struct session_policy){.type = POLICY_NONE,
	                                       .domain = "a.example"},
	              &bytes[0], &policies[0]);
	/* sent as no policy, too: one text, and its counts together */
	encode_policy(&(struct session_policy){.type = POLICY_OTHER,
	                                       .domain = "a.example"},
	              &bytes[1], &policies[1]);
	encode_policy(&sts, &bytes[2], &policies[2]);
	/* nothing is known of how its sessions ended */
	encode_policy(&(struct session_policy){.type = POLICY_STS,
	                                       .domain = "b.example"},
	              &unjudged, &policies[3]);
	encode_detail(&untrusted, &bytes[3], &details[0]);
	encode_detail(&(struct failure_detail){.result = RESULT_OTHER},
	              &bytes[4], &details[1]);
	encode_detail(
		&(struct failure_detail){.result = RESULT_VALIDATION_FAILURE},
		&bytes[5], &details[2]);
	assert_int_equal(fetcher_write_domain(&domain, &out, NULL), 0);
	assert_string_equal(out.data, from_python);
	for (size_t i = 0; i < COUNT(bytes); i++)
		strbuf_clear(&bytes[i]);
}

static void test_nothing(void **state)
{
	auto_(strbuf_clear) struct strbuf out = {0};

	(void)state;
	fetcher_write_nothing("a.example", &out);
	assert_string_equal(out.data, "{\n    \"d\": \"a.example\",\n"
	                              "    \"policies\": {}\n}\n");
}

static void test_damaged(void **state)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	struct tally_policy policy = {.key = {.bytes = "x", .len = 1},
	                              .success = 1};
	struct sealed_domain domain = {
		.counts = {.domain = "a.example", .policies = &policy}};
	struct err err;

	(void)state;
	assert_int_equal(fetcher_write_domain(&domain, &out, &err), ERR_PARSE);
	assert_non_null(strstr(err.text, "a.example: "));
}

static void test_list(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	auto_(strbuf_clear) struct strbuf out = {0};
	struct fetcher_list list;

	(void)state;
	arena_init(&arena);
	fetcher_write_head(1772410200, 20513, &out);
	fetcher_write_name("b.example", &out);
	fetcher_write_name("a.example", &out);
	fetcher_write_end(&out);
	assert_string_equal(out.data, "TLSRPT FETCHER v1devel-c domain list\n"
	                              "2026-03-02 00:10:00\n2026-03-01\n"
	                              "b.example\na.example\n.\n");
	assert_int_equal(
		fetcher_read_list(out.data, out.len, &arena, &list, NULL), 0);
	assert_int_equal(list.clock, 1772410200);
	assert_true(list.has_complete);
	assert_int_equal(list.complete, 20513);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.names[0], "a.example");
	assert_string_equal(list.names[1], "b.example");
}

#define HEAD "TLSRPT FETCHER v1devel-c domain list\n2026-03-02 00:10:00\n"

static const struct list_row {
	const char *name, *text;
	const char *error; /* NULL: none */
	size_t count, unusable;
	bool has_complete;
} list_rows[] = {
	{"no day is complete", HEAD ".\n", NULL, 0, 0, false},
	{"no day, and a domain", HEAD "a.example\n.\n", NULL, 1, 0, false},
	{"an empty day", HEAD "2026-03-01\n.\n", NULL, 0, 0, true},
	{"carriage returns", HEAD "2026-03-01\r\na.example\r\n.\r\n", NULL, 1,
         0, true},
	{"a name twice", HEAD "2026-03-01\na.example\na.example\n.\n", NULL, 1,
         0, true},
	{"names that a shell or a program would take for something else",
         HEAD "2026-03-01\n$(id).example\n-x.example\na b.example\n;\n"
              "A.example\na.example.\n192.0.2.1\nok.example\n.\n",
         NULL, 1, 7, true},
	{"cut off", HEAD "2026-03-01\na.example\n", "cut off", 0, 0, true},
	{"cut off in a name", HEAD "2026-03-01\na.exa", "cut off", 0, 0, true},
	{"another version", "TLSRPT FETCHER v2\n", "first line", 0, 0, false},
	{"nothing", "", "first line", 0, 0, false},
	{"no clock", "TLSRPT FETCHER v1devel-c domain list\n.\n", "second line",
         0, 0, false},
	{"a clock that is none",
         "TLSRPT FETCHER v1devel-c domain list\n2026-13-02 00:10:00\n.\n",
         "second line", 0, 0, false},
};

static void test_list_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(list_rows); i++) {
		const struct list_row *row = &list_rows[i];
		auto_(arena_clear) struct arena arena = {0};
		struct fetcher_list list;
		struct err err = {0};
		int rc;

		ROW(row);
		arena_init(&arena);
		rc = fetcher_read_list(row->text, strlen(row->text), &arena,
		                       &list, &err);
		assert_int_equal(rc, row->error ? ERR_PARSE : 0);
		if (row->error != NULL) {
			assert_non_null(strstr(err.text, row->error));
			continue;
		}
		assert_int_equal(list.count, row->count);
		assert_int_equal(list.unusable, row->unusable);
		assert_int_equal(list.has_complete, row->has_complete);
	}
}

/* --- a domain's answer --- */

#define RECORD "v=TLSRPTv1; rua=mailto:t@a.example"
#define ANSWER(policies) "{\"d\":\"a.example\",\"policies\":{" policies "}}"
#define OF(policy, total, failure, failures)                                   \
	"\"" policy "\":{\"cntrtotal\":" total ",\"cntrfailure\":" failure     \
	",\"failures\":{" failures "}}"
#define ONE(policy, total, failure, failures)                                  \
	ANSWER("\"" RECORD "\":{" OF(policy, total, failure, failures) "}")
#define NO_POLICY "{\\\"policy-type\\\": 9}"
#define TESTING                                                                \
	"{\\\"policy-type\\\": 2, \\\"policy-domain\\\": \\\"a.example\\\", "  \
	"\\\"policy-string\\\": [\\\"mode: testing\\\"]}"
#define UNTRUSTED "\"{\\\"c\\\": 203}\":3"
#define CODE(c, n) "\"{\\\"c\\\": " c "}\":" n

static const struct answer_row {
	const char *name, *text;
	const char *error; /* NULL: none */
	uint64_t success, failure, unjudged;
	size_t policies, details;
} answer_rows[] = {
	{"no policy", ONE(NO_POLICY, "5", "2", CODE("201", "2")), NULL, 3, 2, 0,
         1, 1},
	{"an event of a policy in testing mode says success",
         ONE(TESTING, "5", "2", CODE("202", "2")), NULL, 0, 2, 3, 1, 1},
	{"a certificate that nobody asked for is no failure",
         ONE(NO_POLICY, "5", "3", UNTRUSTED), NULL, 5, 0, 0, 1, 0},
	{"one of several",
         ONE(NO_POLICY, "5", "4", UNTRUSTED "," CODE("201", "1")), NULL, 1, 4,
         0, 1, 1},
	{"two spellings of one policy",
         ANSWER("\"" RECORD "\":{" OF(NO_POLICY, "5", "0", "") "," OF(
		 "{\\\"policy-type\\\": 9, \\\"policy-domain\\\": "
		 "\\\"A.example.\\\"}",
		 "2", "0", "") "}"),
         NULL, 7, 0, 0, 1, 0},
	{"two records",
         ANSWER("\"" RECORD
                "\":{" OF(NO_POLICY, "5", "0",
                          "") "},"
                              "\"rubbish\":{" OF(NO_POLICY, "2", "0", "") "}"),
         NULL, 7, 0, 0, 1, 0},
	{"an unknown code", ONE(NO_POLICY, "5", "2", CODE("999", "2")), NULL, 3,
         2, 0, 1, 1},
	{"nothing", ANSWER(""), NULL, 0, 0, 0, 0, 0},
	{"more failed than there were", ONE(NO_POLICY, "1", "2", ""),
         "more sessions failed", 0, 0, 0, 0, 0},
	{"another domain", "{\"d\":\"b.example\",\"policies\":{}}",
         "'b.example'", 0, 0, 0, 0, 0},
	{"no policies", "{\"d\":\"a.example\"}", "policies", 0, 0, 0, 0, 0},
	{"below 0", ONE(NO_POLICY, "-1", "0", ""), "cntrtotal", 0, 0, 0, 0, 0},
	{"a policy that is no object", ONE("[]", "1", "0", ""), "policies", 0,
         0, 0, 0, 0},
	{"a failure without a code", ONE(NO_POLICY, "1", "1", "\"{}\":1"),
         "no code", 0, 0, 0, 0, 0},
	{"a failure that is no JSON", ONE(NO_POLICY, "1", "1", "\"{\":1"),
         "JSON", 0, 0, 0, 0, 0},
	{"too many sessions in all",
         ANSWER("\"" RECORD "\":{" OF(NO_POLICY, "9007199254740991", "0",
                                      "") "," OF(TESTING, "1", "0", "") "}"),
         "too many sessions", 0, 0, 0, 0, 0},
	{"cut off", "{\"d\":\"a.exa", "JSON", 0, 0, 0, 0, 0},
};

static void check_counts(const struct answer_row *row,
                         const struct sealed_domain *counts)
{
	if (row->success + row->failure + row->unjudged == 0) {
		assert_null(counts);
		return;
	}
	assert_string_equal(counts->counts.domain, "a.example");
	assert_string_equal(counts->counts.record, RECORD);
	assert_true(counts->counts.valid);
	assert_int_equal(counts->counts.success, row->success);
	assert_int_equal(counts->counts.failure, row->failure);
	assert_int_equal(counts->counts.unjudged, row->unjudged);
	assert_int_equal(counts->counts.policy_count, row->policies);
	assert_int_equal(counts->counts.detail_count, row->details);
}

static void test_answers(void **state)
{
	auto_(fetcher_reader_free) struct fetcher_reader *reader =
		fetcher_reader_new(&caps);

	(void)state;
	for (size_t i = 0; i < COUNT(answer_rows); i++) {
		const struct answer_row *row = &answer_rows[i];
		const struct sealed_domain *counts;
		struct err err = {0};
		int rc;

		ROW(row);
		rc = fetcher_read_domain(reader, "a.example", row->text,
		                         strlen(row->text), &counts, &err);
		if (rc < 0 && row->error == NULL)
			fail_msg("%s", err.text);
		assert_int_equal(rc < 0, row->error != NULL);
		if (row->error == NULL)
			check_counts(row, counts);
		else if (strstr(err.text, row->error) == NULL)
			fail_msg("%s", err.text);
	}
}

/* What we say of counts that came of events is read as those counts. */
static void test_there_and_back(void **state)
{
	static const char *const events[] = {
		"{\"d\":\"a.example\",\"pr\":\"" RECORD "\",\"policies\":[{"
		"\"policy-type\":1,\"policy-domain\":\"a.example\","
		"\"policy-string\":[\"3 1 1 ab\",\"2 0 1 cd\"],"
		"\"mx-host\":[\"mx.a.example\"],\"failure-details\":[{"
		"\"c\":304,\"n\":\"mx.a.example\",\"h\":\"250-caf\\u00e9\","
		"\"f\":\"\\ud83d\\ude00\"}],\"f\":1}]}",
		"{\"d\":\"a.example\",\"pr\":\"" RECORD "\",\"policies\":[{"
		"\"policy-type\":9,\"f\":0}]}",
	};
	auto_(fetcher_reader_free) struct fetcher_reader *reader =
		fetcher_reader_new(&caps);
	auto_(session_clear) struct session session;
	auto_(tally_free) struct tally *tally = tally_new(1, &caps);
	auto_(strbuf_clear) struct strbuf out = {0}, again = {0};
	const struct sealed_domain *counts;
	struct sealed_domain written = {.waits = false};

	(void)state;
	session_init(&session);
	for (size_t i = 0; i < COUNT(events); i++) {
		assert_int_equal(datagram_decode(events[i], strlen(events[i]),
		                                 &session, NULL),
		                 BAD_NONE);
		assert_true(tally_add(tally, 20513, &session, 3));
	}
	written.counts = *tally_sorted(tally)[0];
	assert_int_equal(fetcher_write_domain(&written, &out, NULL), 0);
	assert_int_equal(fetcher_read_domain(reader, "a.example", out.data,
	                                     out.len, &counts, NULL),
	                 0);
	assert_int_equal(counts->counts.success, 3);
	assert_int_equal(counts->counts.failure, 3);
	assert_int_equal(counts->counts.policy_count, 2);
	assert_int_equal(fetcher_write_domain(counts, &again, NULL), 0);
	assert_int_equal(again.len, out.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_rows),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
