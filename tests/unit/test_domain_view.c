#include "unit/test.h"

#include "base/strbuf.h"
#include "domain/domain_view.h"

#define EE "3 1 1 0000000000000000000000000000000000000000000000000000000000"
#define PKIX "1 0 1 AB"

#define LIST(...)                                                              \
	(const char *[])                                                       \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define MXS(...)                                                               \
	.mx = VIEW_OK, .mxs = (struct view_mx[]){__VA_ARGS__},                 \
	.mx_count = sizeof((struct view_mx[]){__VA_ARGS__}) /                  \
	            sizeof(struct view_mx)

static const struct domain_view full = {
	.domain = "d.test",
	.checked_at = 1772359200,
	.expires_at = 1772362800,
	.tlsrpt = VIEW_OK,
	.tlsrpt_record = "v=TLSRPTv1; rua=mailto:a@d.test",
	.sts_record = VIEW_OK,
	.sts_id = "20260301",
	.sts = VIEW_OK,
	.sts_policy = {.mode = STS_TESTING,
                       .max_age = 604800,
                       .mx = LIST("mx.d.test", "*.d.test"),
                       .mx_count = 2,
                       .lines = LIST("version: STSv1", "mode: testing"),
                       .line_count = 2},
	.sts_expires_at = 1772964000,
	.sts_fetch = VIEW_OK,
	.sts_fetched_at = 1772359100,
	.sts_problem = "content type is text/html",
	.sts_enforced_until = 1772360000,
	.mx_secure = true,
	.mx_problem = "odd",
	MXS({.host = "mx.d.test",
             .preference = 10,
             .tlsa = VIEW_OK,
             .tlsa_strings = LIST(EE, PKIX),
             .tlsa_count = 2},
            {.host = "mx2.d.test", .preference = 65535, .tlsa = VIEW_NONE}),
	.unvouched = true,
};

static const struct domain_view empty = {.domain = "e.test"};

static void check_list(const char **got, size_t got_count, const char **want,
                       size_t want_count)
{
	assert_int_equal(got_count, want_count);
	for (size_t i = 0; i < want_count; i++)
		assert_string_equal(got[i], want[i]);
}

static void check_decoded(const struct domain_view *got)
{
	assert_string_equal(got->domain, full.domain);
	assert_int_equal(got->checked_at, full.checked_at);
	assert_int_equal(got->expires_at, full.expires_at);
	assert_int_equal(got->tlsrpt, VIEW_OK);
	assert_string_equal(got->tlsrpt_record, full.tlsrpt_record);
	assert_null(got->tlsrpt_problem);
	assert_string_equal(got->sts_id, full.sts_id);
	assert_int_equal(got->sts_policy.mode, STS_TESTING);
	assert_int_equal(got->sts_policy.max_age, 604800);
	check_list(got->sts_policy.mx, got->sts_policy.mx_count,
	           full.sts_policy.mx, 2);
	check_list(got->sts_policy.lines, got->sts_policy.line_count,
	           full.sts_policy.lines, 2);
	assert_int_equal(got->sts_expires_at, full.sts_expires_at);
	assert_int_equal(got->sts_fetched_at, full.sts_fetched_at);
	assert_string_equal(got->sts_problem, full.sts_problem);
	assert_int_equal(got->sts_enforced_until, full.sts_enforced_until);
	assert_true(got->unvouched);
	assert_true(got->mx_secure);
	assert_false(got->null_mx);
	assert_int_equal(got->mx_count, 2);
	check_list(got->mxs[0].tlsa_strings, got->mxs[0].tlsa_count,
	           full.mxs[0].tlsa_strings, 2);
	assert_string_equal(got->mxs[1].host, "mx2.d.test");
	assert_int_equal(got->mxs[1].preference, 65535);
	assert_int_equal(got->mxs[1].tlsa, VIEW_NONE);
}

static void test_code(void **state)
{
	struct strbuf bytes = {0}, again = {0};
	struct domain_view got;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	domain_view_encode(&full, &bytes);
	assert_int_equal(
		domain_view_decode(bytes.data, bytes.len, &arena, &got, NULL),
		0);
	check_decoded(&got);
	domain_view_encode(&got, &again);
	assert_int_equal(again.len, bytes.len);
	assert_memory_equal(again.data, bytes.data, bytes.len);
	strbuf_reset(&bytes);
	domain_view_encode(&empty, &bytes);
	assert_int_equal(
		domain_view_decode(bytes.data, bytes.len, &arena, &got, NULL),
		0);
	assert_string_equal(got.domain, "e.test");
	assert_int_equal(got.mx_count, 0);
	strbuf_clear(&bytes);
	strbuf_clear(&again);
	arena_clear(&arena);
}

static void test_damaged(void **state)
{
	struct strbuf bytes = {0};
	struct domain_view got;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	domain_view_encode(&full, &bytes);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(
			domain_view_decode(bytes.data, len, &arena, &got, NULL),
			ERR_PARSE);
	strbuf_putc(&bytes, 'x');
	assert_int_equal(
		domain_view_decode(bytes.data, bytes.len, &arena, &got, NULL),
		ERR_PARSE);
	bytes.data[0] = 99;
	assert_int_equal(domain_view_decode(bytes.data, bytes.len - 1, &arena,
	                                    &got, NULL),
	                 ERR_PARSE);
	strbuf_clear(&bytes);
	arena_clear(&arena);
}

struct complete_row {
	const char *name;
	struct domain_view view;
	bool plain, dane, sts;
};

static const struct complete_row complete_rows[] = {
	{"never asked", {0}, false, false, false},
	{"no TLSRPT record", {.tlsrpt = VIEW_NONE}, true, false, false},
	{"DNS does not say whether there is one",
         {.tlsrpt = VIEW_TEMPFAIL, .mx = VIEW_NONE, .sts_record = VIEW_NONE},
         false,
         false,
         false},
	{"its answer is bogus", {.tlsrpt = VIEW_BOGUS}, false, false, false},
	{"all of nothing",
         {.tlsrpt = VIEW_NONE, .mx = VIEW_NONE, .sts_record = VIEW_NONE},
         true,
         true,
         true},
	{"a malformed record is an answer",
         {.tlsrpt = VIEW_BAD, .mx = VIEW_NONE, .sts_record = VIEW_BAD},
         true,
         true,
         true},
	{"MX without an answer",
         {.tlsrpt = VIEW_OK, .mx = VIEW_TEMPFAIL, .sts_record = VIEW_NONE},
         true,
         false,
         true},
	{"MX that DNSSEC refuses",
         {.tlsrpt = VIEW_OK, .mx = VIEW_BOGUS},
         true,
         true,
         false},
	{"one TLSA without an answer",
         {.tlsrpt = VIEW_OK,
          .mx_secure = true,
          MXS({.tlsa = VIEW_OK}, {.tlsa = VIEW_TEMPFAIL})},
         true,
         false,
         false},
	{"... that does not matter",
         {.tlsrpt = VIEW_OK, MXS({.tlsa = VIEW_UNKNOWN})},
         true,
         true,
         false},
	{"TLSA that DNSSEC refuses",
         {.tlsrpt = VIEW_OK, .mx_secure = true, MXS({.tlsa = VIEW_BOGUS})},
         true,
         true,
         false},
	{"an STS record, and no fetch yet",
         {.tlsrpt = VIEW_OK, .sts_record = VIEW_OK},
         true,
         false,
         false},
	{"an STS record, and a fetch that failed",
         {.tlsrpt = VIEW_OK,
          .sts_record = VIEW_OK,
          .sts_fetch = VIEW_FETCH_ERROR},
         true,
         false,
         true},
	{"an STS policy in force, and no answer about the record",
         {.tlsrpt = VIEW_OK, .sts_record = VIEW_TEMPFAIL, .sts = VIEW_OK},
         true,
         false,
         true},
};

static void test_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(complete_rows); i++) {
		const struct complete_row *row = &complete_rows[i];
		const struct domain_view *view = &row->view;

		ROW(row);
		assert_int_equal(domain_view_is_complete(view, false, false),
		                 row->plain);
		assert_int_equal(domain_view_is_complete(view, true, false),
		                 row->dane);
		assert_int_equal(domain_view_is_complete(view, false, true),
		                 row->sts);
	}
}

#define FETCHED .sts_record = VIEW_OK, .sts_fetch = VIEW_OK
#define POLICY(how, age, ...)                                                  \
	.sts = VIEW_OK,                                                        \
	.sts_policy = {.mode = how,                                            \
	               .max_age = age,                                         \
	               .mx = LIST(__VA_ARGS__),                                \
	               .mx_count = sizeof(LIST(__VA_ARGS__)) / sizeof(char *)}
#define WEEK 604800

struct problem_row {
	const char *name;
	struct domain_view view;
	const char *want[3]; /* parts of the sentences, in order */
};

static const struct problem_row problem_rows[] = {
	{"nothing asked", {0}, {NULL}},
	{"nothing there",
         {.tlsrpt = VIEW_NONE, .sts_record = VIEW_NONE, MXS({.host = "m.d"})},
         {NULL}},
	{"all well",
         {.tlsrpt = VIEW_OK,
          .tlsrpt_record = "v=TLSRPTv1; rua=mailto:a@d.test",
          FETCHED,
          POLICY(STS_ENFORCE, WEEK, "*.d"),
          .mx_secure = true,
          MXS({.host = "m.d",
               .tlsa = VIEW_OK,
               .tlsa_strings = LIST(EE),
               .tlsa_count = 1})},
         {NULL}},

	{"two TLSRPT records",
         {.tlsrpt = VIEW_BAD,
          .tlsrpt_problem =
                  "TLSRPT record: 2 records where only one is allowed"},
         {"TLSRPT: not usable: TLSRPT record: 2 records"}},
	{"TLSRPT without an answer",
         {.tlsrpt = VIEW_TEMPFAIL},
         {"TLSRPT: no answer from DNS"}},
	{"a rua with an unknown scheme",
         {.tlsrpt = VIEW_OK,
          .tlsrpt_record = "v=TLSRPTv1; rua=xmpp:a@b,mailto:a@d.test"},
         {"TLSRPT: a destination is ignored: rua: a scheme other than"}},
	{"a rua with http alone",
         {.tlsrpt = VIEW_OK, .tlsrpt_record = "v=TLSRPTv1; rua=http://a.b/"},
         {"'http://a.b/'", "no usable destination remains"}},
	{"a comma too many, and a bare address",
         {.tlsrpt = VIEW_OK,
          .tlsrpt_record = "v=TLSRPTv1; rua=,mailto:a@d.test,b@d.test"},
         {"a destination is ignored: rua: an empty element",
          "no scheme in 'b@d.test'"}},
	{"two rua fields",
         {.tlsrpt = VIEW_OK,
          .tlsrpt_record = "v=TLSRPTv1; rua=mailto:a@d.test;"
                           "rua=mailto:b@d.test"},
         {"the record has 2 rua fields instead of one: their "
          "destinations are merged"}},
	{"a record that cannot be read, though it could",
         {.tlsrpt = VIEW_OK, .tlsrpt_record = "v=TLSRPTv1;"},
         {"TLSRPT: TLSRPT record: no rua field"}},

	{"two STS records",
         {.sts_record = VIEW_BAD,
          .sts_problem = "STS record: 2 records where only one is allowed"},
         {"MTA-STS: not usable: STS record: 2 records"}},
	{"an STS record without a policy",
         {.sts_record = VIEW_OK,
          .sts_fetch = VIEW_FETCH_ERROR,
          .sts_problem = "HTTP status 404"},
         {"MTA-STS: the policy cannot be fetched: HTTP status 404"}},
	{"a policy that we cannot fetch",
         {.sts_record = VIEW_OK,
          .sts = VIEW_TEMPFAIL,
          .sts_problem = "no list of authorities"},
         {"MTA-STS: the policy cannot be fetched from here: no list of "
          "authorities"}},
	{"an expired certificate of the policy's host",
         {.sts_record = VIEW_OK,
          .sts_fetch = VIEW_WEBPKI_ERROR,
          .sts_problem = "certificate has expired"},
         {"policy host is not valid: certificate has expired"}},
	{"a malformed policy",
         {.sts_record = VIEW_OK,
          .sts_fetch = VIEW_BAD,
          .sts_problem = "line 2: mode 'on' is not"},
         {"MTA-STS: the policy is malformed: line 2: mode 'on'"}},
	{"the wrong content type",
         {FETCHED, POLICY(STS_ENFORCE, WEEK, "m.d"),
          .sts_problem = "media type text/html"},
         {"the policy was fetched, but: media type text/html"}},
	{"a policy whose record is gone",
         {POLICY(STS_ENFORCE, WEEK, "m.d"), .sts_record = VIEW_NONE,
          .sts_expires_at = 1772359200},
         {"(mode enforce) stays in force until 2026-03-01T10:00:00Z"}},
	{"mode none", {FETCHED, POLICY(STS_NONE, 60, "m.d")}, {"mode is none"}},
	{"mode testing and a short max_age",
         {FETCHED, POLICY(STS_TESTING, 3600, "m.d")},
         {"mode is testing", "max_age is only 3600 seconds"}},
	{"an MX that the policy does not name",
         {FETCHED, POLICY(STS_ENFORCE, WEEK, "m.d"),
          MXS({.host = "m.d"}, {.host = "n.d"})},
         {"MX n.d does not match any mx line of the policy: senders do not "
          "deliver to it"}},

	{"no MX at all", {.mx = VIEW_NONE}, {"the domain has neither an MX"}},
	{"null MX",
         {.mx = VIEW_NONE, .null_mx = true},
         {"does not accept mail"}},
	{"an odd MX set",
         {MXS({.host = "m.d"}), .mx_problem = "an MX is odd"},
         {"MX: an MX is odd"}},
	{"MX that DNSSEC refuses",
         {.mx = VIEW_BOGUS, .mx_problem = "signature expired"},
         {"MX: DNSSEC validation failed: signature expired"}},

	{"TLSA, and one record cannot be used",
         {.mx_secure = true,
          MXS({.host = "m.d",
               .tlsa = VIEW_OK,
               .tlsa_strings = LIST(PKIX, EE),
               .tlsa_count = 2})},
         {"MX m.d: TLSA record '1 0 1 AB' cannot be used for SMTP"}},
	{"TLSA, and none can be used",
         {.mx_secure = true,
          MXS({.host = "m.d",
               .tlsa = VIEW_BAD,
               .tlsa_strings = LIST(PKIX),
               .tlsa_count = 1})},
         {"'1 0 1 AB' cannot be used", "none of its TLSA records"}},
	{"TLSA of one MX of two",
         {.mx_secure = true,
          MXS({.host = "m.d", .tlsa = VIEW_OK},
              {.host = "n.d", .tlsa = VIEW_NONE})},
         {"MX n.d has no TLSA records, but other MX hosts have"}},
	{"TLSA in a zone that is not signed",
         {MXS({.host = "m.d", .tlsa = VIEW_OK})},
         {"are not signed by DNSSEC"}},
	{"TLSA that DNSSEC refuses",
         {.mx_secure = true, MXS({.host = "m.d", .tlsa = VIEW_BOGUS})},
         {"DANE: TLSA records of MX m.d: DNSSEC validation failed"}},
};

static void test_problems(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(problem_rows); i++) {
		const struct problem_row *row = &problem_rows[i];
		const char **got;
		size_t want = 0;
		size_t count = domain_view_problems(&row->view, &arena, &got);

		ROW(row);
		while (want < 3 && row->want[want] != NULL)
			want++;
		for (size_t j = 0; j < count && j < want; j++)
			if (strstr(got[j], row->want[j]) == NULL)
				fail_msg("'%s' does not say '%s'", got[j],
				         row->want[j]);
		if (count > want)
			fail_msg("one too many: '%s'", got[want]);
		assert_int_equal(count, want);
	}
	arena_clear(&arena);
}

enum { AGE_NOW = 1772323200, HOUR = 3600, DAY = 24 * HOUR, YEAR = 365 * DAY };

/* How long a view and its policy are believed, also when the clock was a year
 * ahead when they were found out. */
static void test_good(void **state)
{
	static const struct {
		const char *name;
		int64_t expires_at, moment;
		bool good;
	} rows[] = {
		{"for a minute yet", AGE_NOW + 60, AGE_NOW, true},
		{"not any more", AGE_NOW, AGE_NOW, false},
		{"as long as any", AGE_NOW + VIEW_KEEP_MAX, AGE_NOW, true},
		{"longer than any: the clock was wrong",
	         AGE_NOW + VIEW_KEEP_MAX + 1, AGE_NOW, false},
		{"from a year ahead", AGE_NOW + YEAR, AGE_NOW, false},
		{"it was, on a day that is over", AGE_NOW - HOUR, AGE_NOW - DAY,
	         true},
		{"and still is", AGE_NOW + HOUR, AGE_NOW - DAY, true},
		{"a year ahead, for a day that is over", AGE_NOW + YEAR,
	         AGE_NOW - DAY, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct domain_view view = {.expires_at = rows[i].expires_at};

		ROW(&rows[i]);
		assert_int_equal(
			domain_view_was_good(&view, rows[i].moment, AGE_NOW),
			rows[i].good);
	}
}

static void test_sts_in_force(void **state)
{
	static const struct {
		const char *name;
		int64_t max_age, expires_at;
		bool in_force;
	} rows[] = {
		{"fetched now", DAY, AGE_NOW + DAY, true},
		{"over", DAY, AGE_NOW, false},
		{"for a year", YEAR, AGE_NOW + YEAR, true},
		{"for a day, fetched when the clock was 300 days ahead", DAY,
	         AGE_NOW + 301 * DAY, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct domain_view view = {
			.sts = VIEW_OK,
			.sts_policy = {.max_age = rows[i].max_age},
			.sts_expires_at = rows[i].expires_at,
		};

		ROW(&rows[i]);
		assert_int_equal(domain_view_sts_in_force(&view, AGE_NOW),
		                 rows[i].in_force);
	}
}

static void test_mx_of_a_view(void **state)
{
	(void)state;
	assert_non_null(domain_view_mx(&full, "mx2.d.test"));
	assert_null(domain_view_mx(&full, "mx3.d.test"));
	assert_null(domain_view_mx(&full, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_sts_in_force),
		cmocka_unit_test(test_mx_of_a_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
