#include "unit/test.h"

#include "base/utf8.h"
#include "session/session.h"

/* One no-policy-found session with one failure, to be changed by a test. */
struct sample {
	struct session session;
	struct session_policy policy;
	struct failure_detail failure;
	const char *strings[8];
	const char *mx[4];
};

static void sample_init(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	session_init(&s->session);
	s->session.domain = "example.com";
	s->session.policies = &s->policy;
	s->session.policy_count = 1;
	s->policy.strings = s->strings;
	s->policy.mx_hosts = s->mx;
	s->policy.failures = &s->failure;
	s->policy.failure_count = 1;
}

static void test_domain(void **state)
{
	static const struct {
		const char *name, *domain, *want;
		bool valid;
	} rows[] = {
		{"as it is", "example.com", "example.com", true},
		{"lower case", "MixedCase.TEST", "mixedcase.test", true},
		{"final dot", "example.com.", "example.com", true},
		{"U-label",
	         "b\xc3\xbc"
	         "cher.example",
	         "xn--bcher-kva.example", true},
		{"no host name", "Ex\"ample.COM.", "ex\"ample.com", false},
		{"one label", "localhost", "localhost", false},
		{"address literal", "[192.0.2.1]", "[192.0.2.1]", false},
		{"control characters", "a\r\nb c", "ab c", false},
		{"nothing", "", NULL, false},
		{"nothing left", "\x01\x02", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sample s;
		struct err err = {0};

		ROW(&rows[i]);
		sample_init(&s);
		s.session.domain = rows[i].domain;
		if (rows[i].want == NULL) {
			assert_int_equal(session_canonicalize(&s.session, &err),
			                 ERR_PARSE);
			assert_string_equal(err.text, "no domain");
		} else {
			assert_int_equal(session_canonicalize(&s.session, &err),
			                 0);
			assert_string_equal(s.session.domain, rows[i].want);
			assert_int_equal(s.session.valid, rows[i].valid);
		}
		session_clear(&s.session);
	}
}

static void test_helo(void **state)
{
	static const struct {
		const char *name, *helo, *want;
	} rows[] = {
		{"complete EHLO reply",
	         "250-mx.example.com\r\n250-SIZE 1\r\n250 STARTTLS",
	         "mx.example.com"},
		{"one line", "250 mx.example.com", "mx.example.com"},
		{"greeting after the name",
	         "250-mx.example.com at your service", "mx.example.com"},
		{"name only", "mx.example.com", "mx.example.com"},
		{"code only", "250-", NULL},
		{"a name that begins with digits", "250mx.example.com",
	         "250mx.example.com"},
		{"control characters", "250-m\x01x\r\n", "mx"},
		{"absent", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sample s;

		ROW(&rows[i]);
		sample_init(&s);
		s.failure.mx_helo = rows[i].helo;
		assert_int_equal(session_canonicalize(&s.session, NULL), 0);
		if (rows[i].want == NULL)
			assert_null(s.failure.mx_helo);
		else
			assert_string_equal(s.failure.mx_helo, rows[i].want);
		session_clear(&s.session);
	}
}

static void test_tlsa_strings(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	s.policy.type = POLICY_TLSA;
	s.policy.domain = "MX.Example.com";
	s.strings[0] = "3 1 1 beef";
	s.strings[1] = " 2  0\t1  AB cd ";
	s.strings[2] = "3 1 1 BEEF";
	s.strings[3] = "3 1 1";
	s.strings[4] = "3 1 256 aa";
	s.strings[5] = "3 1 1 xyz";
	s.policy.string_count = 6;
	s.mx[0] = "*.example.com";
	s.policy.mx_count = 1;
	assert_int_equal(session_canonicalize(&s.session, NULL), 0);
	assert_int_equal(s.policy.string_count, 2);
	assert_string_equal(s.policy.strings[0], "2 0 1 ABCD");
	assert_string_equal(s.policy.strings[1], "3 1 1 BEEF");
	assert_string_equal(s.policy.domain, "mx.example.com");
	assert_int_equal(s.policy.mx_count, 0);
	session_clear(&s.session);
}

static void test_sts_strings_keep_their_order(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	s.policy.type = POLICY_STS;
	s.policy.domain = "not a domain";
	s.strings[0] = "version: STSv1";
	s.strings[1] = "mode:\tenforce\r";
	s.strings[2] = "\n";
	s.strings[3] = "mx: b.example";
	s.policy.string_count = 4;
	s.mx[0] = "*.Mail.Example.com";
	s.mx[1] = "not a pattern";
	s.policy.mx_count = 2;
	assert_int_equal(session_canonicalize(&s.session, NULL), 0);
	assert_int_equal(s.policy.string_count, 3);
	assert_string_equal(s.policy.strings[1], "mode:enforce");
	assert_string_equal(s.policy.strings[2], "mx: b.example");
	assert_int_equal(s.policy.mx_count, 1);
	assert_string_equal(s.policy.mx_hosts[0], "*.mail.example.com");
	assert_string_equal(s.policy.domain, "example.com");
	session_clear(&s.session);
}

static void test_failure_strings(void **state)
{
	static char longer[3000];
	struct sample s;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	sample_init(&s);
	s.failure.sending_ip = "2001:DB8::0:1";
	s.failure.receiving_ip = "not an address";
	s.failure.mx_host = "MX.example.COM";
	s.failure.reason = longer;
	s.failure.additional = "\x7f";
	assert_int_equal(session_canonicalize(&s.session, NULL), 0);
	assert_string_equal(s.failure.sending_ip, "2001:db8::1");
	assert_null(s.failure.receiving_ip);
	assert_string_equal(s.failure.mx_host, "mx.example.com");
	assert_int_equal(strlen(s.failure.reason), SESSION_REASON_MAX);
	assert_null(s.failure.additional);
	session_clear(&s.session);
}

static void test_a_long_record_is_no_record(void **state)
{
	static char record[SESSION_RECORD_MAX + 2];
	struct sample s;

	(void)state;
	memset(record, 'x', sizeof(record) - 1);
	sample_init(&s);
	s.session.record = record;
	assert_int_equal(session_canonicalize(&s.session, NULL), 0);
	assert_string_equal(s.session.record, "(a record of 4097 bytes)");
	session_clear(&s.session);
}

static void test_named_and_unnamed(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	assert_int_equal(session_canonicalize(&s.session, NULL), 0);
	assert_true(s.session.unnamed);
	assert_false(s.session.named);
	assert_string_equal(s.policy.domain, "example.com");
	s.policy.domain = "example.com";
	assert_int_equal(session_canonicalize(&s.session, NULL), 0);
	assert_true(s.session.named);
	assert_false(s.session.unnamed);
	session_clear(&s.session);
}

static void test_stored_forms(void **state)
{
	struct sample s;
	struct session_policy policy;
	struct failure_detail detail;
	struct strbuf blob, again;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	strbuf_init(&blob, 0);
	strbuf_init(&again, 0);
	sample_init(&s);
	s.policy.type = POLICY_STS;
	s.policy.domain = "example.com";
	s.strings[0] = "version: STSv1";
	s.policy.string_count = 1;
	s.mx[0] = "*.example.com";
	s.policy.mx_count = 1;
	session_policy_encode(&s.policy, &blob);
	assert_int_equal(session_policy_decode(blob.data, blob.len, &arena,
	                                       &policy, NULL),
	                 0);
	session_policy_encode(&policy, &again);
	assert_int_equal(blob.len, again.len);
	assert_memory_equal(blob.data, again.data, blob.len);
	for (size_t cut = 0; cut < blob.len; cut++)
		assert_int_equal(session_policy_decode(blob.data, cut, &arena,
		                                       &policy, NULL),
		                 ERR_PARSE);
	strbuf_reset(&blob);
	s.failure.result = RESULT_TLSA_INVALID;
	s.failure.reason = "why";
	session_failure_encode(&s.failure, &blob);
	for (size_t cut = 0; cut < blob.len; cut++)
		assert_int_equal(session_failure_decode(blob.data, cut, &arena,
		                                        &detail, NULL),
		                 ERR_PARSE);
	assert_int_equal(session_failure_decode(blob.data, blob.len, &arena,
	                                        &detail, NULL),
	                 0);
	assert_int_equal(detail.result, RESULT_TLSA_INVALID);
	assert_string_equal(detail.reason, "why");
	assert_null(detail.mx_host);
	strbuf_clear(&blob);
	strbuf_clear(&again);
	arena_clear(&arena);
	session_clear(&s.session);
}

static void test_dup(void **state)
{
	struct sample s;
	struct session *dup;
	struct arena arena;

	(void)state;
	sample_init(&s);
	s.strings[0] = "version: STSv1";
	s.policy.string_count = 1;
	s.policy.failed = true;
	s.failure.reason = "why";
	arena_init(&arena);
	assert_int_equal(session_canonicalize(&s.session, NULL), 0);
	dup = session_dup(&arena, &s.session);
	session_clear(&s.session);
	assert_string_equal(dup->domain, "example.com");
	assert_string_equal(dup->policies[0].strings[0], "version: STSv1");
	assert_string_equal(dup->policies[0].failures[0].reason, "why");
	assert_true(session_failed(dup));
	arena_clear(&arena);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *name, *text, *repaired;
	} rows[] = {
		{"ASCII", "abc", "abc"},
		{"two bytes", "\xc3\xa4", "\xc3\xa4"},
		{"four bytes", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"a lone tail", "a\x80z", "a\xef\xbf\xbdz"},
		{"cut short", "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"overlong", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"a surrogate", "\xed\xa0\x80",
	         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"past U+10FFFF", "\xf4\x90\x80\x80",
	         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};
	struct arena arena;
	size_t len;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got;

		ROW(&rows[i]);
		assert_int_equal(utf8_valid(rows[i].text, strlen(rows[i].text)),
		                 strcmp(rows[i].text, rows[i].repaired) == 0);
		got = utf8_repair(&arena, rows[i].text, strlen(rows[i].text),
		                  &len);
		assert_string_equal(got, rows[i].repaired);
		assert_int_equal(len, strlen(rows[i].repaired));
	}
	assert_string_equal(utf8_clean(&arena,
	                               "a\xc2\x85"
	                               "b\xe2\x80\xa8"
	                               "c\n",
	                               9, 255),
	                    "abc");
	assert_string_equal(utf8_clean(&arena, "ab\xc3\xa4", 4, 3), "ab");
	assert_null(utf8_clean(&arena, "\r\n", 2, 255));
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_helo),
		cmocka_unit_test(test_tlsa_strings),
		cmocka_unit_test(test_sts_strings_keep_their_order),
		cmocka_unit_test(test_failure_strings),
		cmocka_unit_test(test_a_long_record_is_no_record),
		cmocka_unit_test(test_named_and_unnamed),
		cmocka_unit_test(test_stored_forms),
		cmocka_unit_test(test_dup),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
