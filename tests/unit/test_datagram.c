#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "session/datagram.h"
#include "session/tally.h"

#define POLICY(members) "{\"d\":\"a.example\",\"policies\":[{" members "}]}"

static void test_bad_input(void **state)
{
	static const struct {
		const char *name, *text;
		enum bad_input want;
		const char *words;
	} rows[] = {
		{"empty", "", BAD_JSON, "not a JSON object"},
		{"not JSON", "hello", BAD_JSON, "not a JSON object"},
		{"an array", "[]", BAD_JSON, "another kind of value"},
		{"cut off", "{\"d\": \"a.example\"", BAD_JSON, "expected"},
		{"words after", "{} {}", BAD_JSON, "end of file"},
		{"a later version",
	         "{\"dpv\":\"2\",\"d\":\"a.example\",\"policies\":[{}]}",
	         BAD_VERSION, "not version 1"},
		{"version as a number",
	         "{\"dpv\":1,\"d\":\"a.example\",\"policies\":[{}]}",
	         BAD_VERSION, "not version 1"},
		{"no domain", "{\"policies\":[{\"policy-type\":9}]}",
	         BAD_DOMAIN, "no domain"},
		{"empty domain",
	         "{\"d\":\"\",\"policies\":[{\"policy-type\":9}]}", BAD_DOMAIN,
	         "no domain"},
		{"domain is a number",
	         "{\"d\":7,\"policies\":[{\"policy-type\":9}]}", BAD_MEMBER,
	         "d: not a string"},
		{"no policies", "{\"d\":\"a.example\"}", BAD_MEMBER,
	         "policies: none"},
		{"policies is an object",
	         "{\"d\":\"a.example\",\"policies\":{}}", BAD_MEMBER,
	         "policies: not an array"},
		{"a policy is a string",
	         "{\"d\":\"a.example\",\"policies\":[\"x\"]}", BAD_MEMBER,
	         "not an object"},
		{"no policy type", POLICY("\"f\":0"), BAD_MEMBER,
	         "no policy-type"},
		{"policy type is a string", POLICY("\"policy-type\":\"1\""),
	         BAD_MEMBER, "policy-type: not a whole number"},
		{"final result is a string",
	         POLICY("\"policy-type\":9,\"f\":\"0\""), BAD_MEMBER,
	         "f: not a whole number"},
		{"policy strings are a string",
	         POLICY("\"policy-type\":2,\"policy-string\":\"x\""),
	         BAD_MEMBER, "policy-string: not an array"},
		{"a policy string is a number",
	         POLICY("\"policy-type\":2,\"policy-string\":[1]"), BAD_MEMBER,
	         "an element is not a string"},
		{"a failure without code",
	         POLICY("\"policy-type\":9,\"failure-details\":[{}]"),
	         BAD_MEMBER, "no code"},
		{"a failure is a number",
	         POLICY("\"policy-type\":9,\"failure-details\":[201]"),
	         BAD_MEMBER, "not an object"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session session;
		struct err err = {0};

		ROW(&rows[i]);
		session_init(&session);
		assert_string_equal(
			word_api(&words_bad_input,
		                 datagram_decode(rows[i].text,
		                                 strlen(rows[i].text), &session,
		                                 &err)),
			word_api(&words_bad_input, rows[i].want));
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("said '%s'", err.text);
		session_clear(&session);
	}
}

static void test_too_many(void **state)
{
	struct strbuf text;
	struct session session;
	struct err err = {0};

	(void)state;
	strbuf_init(&text, 0);
	session_init(&session);
	strbuf_puts(&text, "{\"d\":\"a.example\",\"policies\":[");
	for (int i = 0; i < SESSION_POLICIES_MAX + 1; i++)
		strbuf_printf(&text, "%s{\"policy-type\":9}", i ? "," : "");
	strbuf_puts(&text, "]}");
	assert_int_equal(datagram_decode(text.data, text.len, &session, &err),
	                 BAD_MEMBER);
	assert_string_equal(err.text, "policies: too many elements");
	strbuf_clear(&text);
	session_clear(&session);
}

static void test_unknown_numbers(void **state)
{
	static const char text[] =
		POLICY("\"policy-type\":77,\"policy-domain\":\"x\","
	               "\"failure-details\":[{\"c\":999}],\"t\":1,\"f\":5");
	struct session s;

	(void)state;
	session_init(&s);
	assert_int_equal(datagram_decode(text, strlen(text), &s, NULL),
	                 BAD_NONE);
	assert_int_equal(s.policies[0].type, POLICY_OTHER);
	assert_string_equal(s.policies[0].domain, "x");
	assert_true(s.policies[0].failed);
	assert_int_equal(s.policies[0].failures[0].result,
	                 RESULT_VALIDATION_FAILURE);
	assert_string_equal(s.policies[0].failures[0].reason, "999");
	session_clear(&s);
}

/* What the recorded datagrams of a file come to, as one line. */
static void summary(const char *file, struct strbuf *out)
{
	struct tally_limits limits = {32, 1000, 1 << 24, 1 << 25};
	struct tally *tally = tally_new(1, &limits);
	struct session session;
	char path[4096], line[65536];
	FILE *f;

	session_init(&session);
	snprintf(path, sizeof(path), "%s/datagrams/%s", TEST_DATA, file);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct err err = {0};
		enum bad_input bad = datagram_decode(line, strcspn(line, "\n"),
		                                     &session, &err);

		if (bad != BAD_NONE)
			fail_msg("%s: %s", file, err.text);
		assert_true(tally_add(tally, 20000, &session, 1));
	}
	fclose(f);
	for (size_t i = 0; i < tally_domain_count(tally); i++) {
		const struct tally_domain *d = tally_sorted(tally)[i];

		strbuf_printf(out, "%s%s ok=%d failed=%d", i ? "; " : "",
		              d->domain, (int)d->success, (int)d->failure);
		strbuf_printf(out, " policies=%d details=%d%s%s",
		              (int)d->policy_count, (int)d->detail_count,
		              d->unjudged ? " unjudged" : "",
		              d->valid ? "" : " invalid");
	}
	session_clear(&session);
	tally_free(&tally);
}

#define STS(members)                                                           \
	POLICY("\"policy-type\":2,\"policy-domain\":\"a.example\"," members)
#define LINES(mode)                                                            \
	"\"policy-string\":[\"version: STSv1\",\"" mode                        \
	"\",\"mx: *.a.example\"],"

/* What Postfix was told not to enforce it calls a success. */
static void test_what_nobody_looked_at(void **state)
{
	static const struct {
		const char *name, *text;
		bool unjudged;
	} rows[] = {
		{"enforce", STS(LINES("mode: enforce") "\"f\":0"), false},
		{"testing", STS(LINES("mode: testing") "\"f\":0"), true},
		{"with spaces", STS(LINES("mode \\t:testing  ") "\"f\":0"),
	         true},
		{"that failed", STS(LINES("mode: testing") "\"f\":1"), false},
		{"the first mode counts",
	         STS(LINES("mode: enforce\",\"mode: testing") "\"f\":0"),
	         false},
		{"another field", STS(LINES("mx: testing") "\"f\":0"), false},
		{"no policy to be had", STS("\"f\":0"), true},
		{"patterns alone", STS("\"mx-host\":[\"x\"],\"f\":0"), false},
		{"no policy",
	         POLICY("\"policy-type\":9," LINES("mode: testing") "\"f\":0"),
	         false},
		{"TLSA", POLICY("\"policy-type\":1,\"f\":0"), false},
	};
	auto_(session_clear) struct session session;
	struct err err = {0};

	(void)state;
	session_init(&session);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(datagram_decode(rows[i].text,
		                                 strlen(rows[i].text), &session,
		                                 &err),
		                 BAD_NONE);
		assert_int_equal(session_is_unjudged(&session),
		                 rows[i].unjudged);
	}
}

#define FAILS(type, detail)                                                    \
	POLICY("\"policy-type\":" type ",\"failure-details\":[{" detail        \
	       "}],\"f\":1")

/* smtp_tls_loglevel = 1, untrusted */
static void test_untrusted_without_a_policy(void **state)
{
	static const struct {
		const char *name, *text;
		bool failed;
	} rows[] = {
		{"not trusted", FAILS("9", "\"c\":203"), false},
		{"expired", FAILS("9", "\"c\":204"), false},
		{"self-signed",
	         FAILS("9", "\"c\":205,\"f\":\"self-signed_certificate\""),
	         false},
		{"no handshake",
	         FAILS("9", "\"c\":205,\"f\":\"tls-handshake-failure\""), true},
		{"our own settings",
	         FAILS("9", "\"c\":205,\"f\":\"all-fingerprints-unusable\""),
	         true},
		{"for no reason", FAILS("9", "\"c\":205"), true},
		{"of a kind to come", FAILS("9", "\"c\":299"), true},
		{"another name", FAILS("9", "\"c\":202"), true},
		{"no STARTTLS", FAILS("9", "\"c\":201"), true},
		{"and no STARTTLS", FAILS("9", "\"c\":203},{\"c\":201"), true},
		{"a policy asks for more",
	         FAILS("2," LINES("mode: enforce") "\"x\":0", "\"c\":203"),
	         true},
		{"one in testing does, too",
	         FAILS("2," LINES("mode: testing") "\"x\":0", "\"c\":203"),
	         true},
		{"one that could not be had", FAILS("2", "\"c\":203"), false},
		{"and the handshake fails",
	         FAILS("2", "\"c\":205,\"f\":\"tls-handshake-failure\""), true},
		{"so does DANE", FAILS("1", "\"c\":203"), true},
	};
	auto_(session_clear) struct session session;
	struct err err = {0};

	(void)state;
	session_init(&session);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(datagram_decode(rows[i].text,
		                                 strlen(rows[i].text), &session,
		                                 &err),
		                 BAD_NONE);
		assert_int_equal(session_failed(&session), rows[i].failed);
		assert_int_equal(session.policies[0].failure_count > 0,
		                 rows[i].failed);
	}
}

static void test_recorded_datagrams(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"dane-mismatch", "dane-mismatch.test ok=0 failed=1 "
	                          "policies=1 details=1"},
		{"dane-nostarttls", "dane-nostarttls.test ok=0 failed=1 "
	                            "policies=1 details=1"},
		{"dane-ok", "dane-ok.test ok=1 failed=0 policies=1 details=0"},
		{"dane-ta-expired", "dane-ta-expired.test ok=0 failed=1 "
	                            "policies=1 details=1"},
		{"dane-two-tlsa", "dane-two-tlsa.test ok=1 failed=0 "
	                          "policies=1 details=0"},
		{"dane-unusable", "dane-unusable.test ok=1 failed=0 "
	                          "policies=1 details=0"},
		{"mixedcase",
	         "mixedcase.test ok=1 failed=0 policies=1 details=0"},
		{"nopolicy-encrypt-nostarttls",
	         "nopolicy-encrypt-nostarttls.test ok=0 failed=1 "
	         "policies=1 details=1"},
		{"nopolicy-ok",
	         "nopolicy-ok.test ok=1 failed=0 policies=1 details=0"},
		{"nopolicy-selfsigned", "nopolicy-selfsigned.test ok=1 "
	                                "failed=0 policies=1 details=0"},
		{"plain",
	         "plain.unsigned.test ok=1 failed=0 policies=1 details=0"},
		{"rpt-https",
	         "rpt-https.test ok=1 failed=0 policies=1 details=0"},
		{"rpt-multi-rua",
	         "rpt-multi-rua.test ok=1 failed=0 policies=1 details=0"},
		{"sts-expired",
	         "sts-expired.test ok=0 failed=1 policies=1 details=1"},
		{"sts-fetcherror",
	         "sts-fetcherror.test ok=0 failed=1 policies=1 details=1"},
		{"sts-hsfail",
	         "sts-hsfail.test ok=0 failed=1 policies=1 details=1"},
		{"sts-nostarttls",
	         "sts-nostarttls.test ok=0 failed=1 policies=1 details=1"},
		{"sts-ok", "sts-ok.test ok=1 failed=0 policies=1 details=0"},
		{"sts-selfsigned",
	         "sts-selfsigned.test ok=0 failed=1 policies=1 details=1"},
		{"sts-wildcard",
	         "sts-wildcard.test ok=1 failed=0 policies=1 details=0"},
		{"sts-wrongname",
	         "sts-wrongname.test ok=0 failed=1 policies=1 details=1"},
		{"sub.deep",
	         "sub.deep.test ok=1 failed=0 policies=1 details=0"},
		{"library",
	         "bad\xef\xbf\xbd\xef\xbf\xbd.example ok=1 failed=0 "
	         "policies=1 details=0 invalid; "
	         "enum.example ok=0 failed=1 policies=1 details=1; "
	         "ex\"ample.com ok=0 failed=0 policies=1 details=0 unjudged "
	         "invalid; "
	         "example.com ok=2 failed=5 policies=4 details=4; "
	         "multi.example ok=0 failed=1 policies=2 details=1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct strbuf got;
		char file[64];

		ROW(&rows[i]);
		strbuf_init(&got, 0);
		snprintf(file, sizeof(file), "%s.jsonl", rows[i].name);
		summary(file, &got);
		assert_string_equal(strbuf_text(&got), rows[i].want);
		strbuf_clear(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_unknown_numbers),
		cmocka_unit_test(test_what_nobody_looked_at),
		cmocka_unit_test(test_untrusted_without_a_policy),
		cmocka_unit_test(test_recorded_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
