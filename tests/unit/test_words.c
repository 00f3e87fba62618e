#include "unit/test.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "words/feed.h"
#include "words/words.h"

static const struct {
	const char *name;
	enum policy_type type;
	const char *rfc, *api;
	int64_t number; /* 0: libtlsrpt has none */
} policies[] = {
	{"no policy", POLICY_NONE, "no-policy-found", "noPolicyFound", 9},
	{"DANE", POLICY_TLSA, "tlsa", "tlsa", 1},
	{"MTA-STS", POLICY_STS, "sts", "sts", 2},
	{"the API's own", POLICY_OTHER, "other", "other", 0},
};

static const struct {
	const char *name;
	enum result_type type;
	const char *rfc, *api;
	int64_t number;
} results[] = {
	{"no STARTTLS", RESULT_STARTTLS_NOT_SUPPORTED, "starttls-not-supported",
         "startTlsNotSupported", 201},
	{"another host's certificate", RESULT_CERTIFICATE_HOST_MISMATCH,
         "certificate-host-mismatch", "certificateHostMismatch", 202},
	{"an unknown issuer", RESULT_CERTIFICATE_NOT_TRUSTED,
         "certificate-not-trusted", "certificateNotTrusted", 203},
	{"an old certificate", RESULT_CERTIFICATE_EXPIRED,
         "certificate-expired", "certificateExpired", 204},
	{"any other handshake failure", RESULT_VALIDATION_FAILURE,
         "validation-failure", "validationFailure", 205},
	{"no policy file", RESULT_STS_POLICY_FETCH_ERROR,
         "sts-policy-fetch-error", "stsPolicyFetchError", 301},
	{"a bad policy file", RESULT_STS_POLICY_INVALID, "sts-policy-invalid",
         "stsPolicyInvalid", 302},
	{"a bad policy host", RESULT_STS_WEBPKI_INVALID, "sts-webpki-invalid",
         "stsWebpkiInvalid", 303},
	{"no usable TLSA", RESULT_TLSA_INVALID, "tlsa-invalid", "tlsaInvalid",
         304},
	{"bogus DNSSEC", RESULT_DNSSEC_INVALID, "dnssec-invalid",
         "dnssecInvalid", 305},
	{"DANE was asked for", RESULT_DANE_REQUIRED, "dane-required",
         "daneRequired", 306},
	{"the API's own", RESULT_OTHER, "other", "other", 0},
};

/* The numbers are in stores, the words in other people's programs. */
static const struct {
	const char *name; /* of the number */
	const struct vocabulary *in;
	int number;
	const char *api;
} rows[] = {
	{"a day that counts", &words_marks, 0, "open"},
	{"a report was made", &words_marks, 1, "queued"},
	{"no TLSRPT record", &words_marks, 2, "noRecord"},
	{"a bad TLSRPT record", &words_marks, 3, "badRecord"},
	{"no rua", &words_marks, 4, "noRua"},
	{"a deny list", &words_marks, 5, "denied"},
	{"mode", &words_marks, 6, "byMode"},
	{"our own reports", &words_marks, 7, "self"},
	{"an old day", &words_marks, 8, "tooOld"},
	{"not a domain", &words_marks, 9, "badDomain"},
	{"too late", &words_marks, 10, "late"},
	{"from an old log", &words_marks, 11, "unsent"},
	{"not judged", &words_marks, 12, "notJudged"},
	{"preview", &words_modes, 0, "preview"},
	{"all", &words_modes, 1, "all"},
	{"failures only", &words_modes, 2, "failures-only"},
	{"off", &words_modes, 3, "off"},
	{"held", &words_statuses, 0, "held"},
	{"waits", &words_statuses, 1, "pending"},
	{"is sent", &words_statuses, 2, "sending"},
	{"again", &words_statuses, 3, "deferred"},
	{"nowhere to go", &words_statuses, 4, "idle"},
	{"in the archive", &words_statuses, 5, "done"},
	{"not tried", &words_states, 0, "pending"},
	{"in flight", &words_states, 1, "inflight"},
	{"taken", &words_states, 2, "delivered"},
	{"not taken", &words_states, 3, "deferred"},
	{"refused", &words_states, 4, "failed"},
	{"on the list", &words_states, 5, "suppressed"},
	{"given up", &words_states, 6, "expired"},
	{"came back", &words_states, 7, "bounced"},
	{"has it", &words_answers, EVENT_ACCEPTED, "accepted"},
	{"not now", &words_answers, EVENT_TEMPORARY, "temporary"},
	{"a lost answer", &words_answers, EVENT_UNCERTAIN, "uncertain"},
	{"never", &words_answers, EVENT_REFUSED, "refused"},
	{"no such address", &words_answers, EVENT_BAD_ADDRESS, "bad-address"},
	{"untouched", &words_answers, EVENT_RELEASE, "released"},
	{"no answer was ever that", &words_answers, EVENT_CLAIM, "unknown"},
	{"connecting", &words_stages, STAGE_CONNECT, "connect"},
	{"the banner", &words_stages, STAGE_GREETING, "greeting"},
	{"signing in", &words_stages, STAGE_AUTH, "auth"},
	{"MAIL", &words_stages, STAGE_MAIL, "mail"},
	{"RCPT", &words_stages, STAGE_RCPT, "rcpt"},
	{"DATA", &words_stages, STAGE_DATA, "data"},
	{"HTTP", &words_stages, STAGE_HTTP, "http"},
	{"this host", &words_stages, STAGE_LOCAL, "local"},
	{"whose bounce?", &words_bounces, BOUNCE_UNKNOWN, "unknown"},
	{"another host's bounce", &words_bounces, BOUNCE_PASSED_ON,
         "passed-on"},
	{"nothing of ours", &words_bounces, BOUNCE_IGNORED, "ignored"},
	{"a delay", &words_bounces, BOUNCE_NOTED, "delayed"},
	{"a bounce", &words_bounces, BOUNCE_MARKED, "bounced"},
	{"a dead address", &words_bounces, BOUNCE_SUPPRESSED, "suppressed"},
	{"in a mail", &words_received_ways, 0, "mail"},
	{"by POST", &words_received_ways, 1, "https"},
	{"given by hand", &words_received_ways, 2, "file"},
	{"seen by the milter", &words_received_ways, 3, "milter"},
	{"not looked up", &words_readiness, READY_UNKNOWN, "unknown"},
	{"something fails", &words_readiness, READY_NO, "no"},
	{"too few reports", &words_readiness, READY_NOT_YET, "notYet"},
	{"nothing fails", &words_readiness, READY_YES, "yes"},
	{"nothing fails in enforce", &words_readiness, READY_DONE, "enforced"},
	{"something does", &words_readiness, READY_FAILING, "failing"},
	{"null MX", &words_readiness, READY_NO_MAIL, "noMail"},
	{"not asked", &words_lookups, 0, "unknown"},
	{"there is none", &words_lookups, 1, "none"},
	{"there is one", &words_lookups, 2, "ok"},
	{"malformed", &words_lookups, 3, "bad"},
	{"SERVFAIL", &words_lookups, 4, "no-answer"},
	{"DNSSEC fails", &words_lookups, 5, "bogus"},
	{"no policy file", &words_lookups, 6, "fetch-error"},
	{"the policy host", &words_lookups, 7, "certificate-error"},
	{"TLSA not asked for", &words_tlsa, 0, "unknown"},
	{"no TLSA", &words_tlsa, 1, "none"},
	{"TLSA", &words_tlsa, 2, "ok"},
	{"bad TLSA", &words_tlsa, 3, "bad"},
	{"TLSA SERVFAIL", &words_tlsa, 4, "no-answer"},
	{"TLSA fails DNSSEC", &words_tlsa, 5, "bogus"},
	{"nothing told", &words_told, 0, "none"},
	{"told to verify TLSA", &words_told, 1, "dane"},
	{"told to enforce", &words_told, 2, "stsEnforce"},
	{"told to report", &words_told, 3, "stsTesting"},
	{"told of no policy", &words_told, 4, "stsFailed"},
	{"told to wait", &words_told, 5, "temp"},
	{"told by the site", &words_told, 6, "override"},
	{"a policy that is not told", &words_told, 7, "stsUntold"},
	{"mode none", &words_sts_modes, 0, "none"},
	{"mode testing", &words_sts_modes, 1, "testing"},
	{"mode enforce", &words_sts_modes, 2, "enforce"},
	{"no TLS", &words_tls, 0, "clear"},
	{"SSL 3", &words_tls, 1, "SSLv3"},
	{"TLS 1.0", &words_tls, 2, "TLSv1.0"},
	{"TLS 1.1", &words_tls, 3, "TLSv1.1"},
	{"TLS of the future", &words_tls, 4, "other"},
	{"TLS 1.2", &words_tls, 5, "TLSv1.2"},
	{"TLS 1.3", &words_tls, 6, "TLSv1.3"},
	{"another site", &words_clients, 0, "mx"},
	{"signed in", &words_clients, 1, "authenticated"},
	{"sendmail(1)", &words_clients, 2, "local"},
	{"a filter", &words_clients, 3, "filter"},
	{"no certificate", &words_certificates, 0, "none"},
	{"any certificate", &words_certificates, 1, "unverified"},
	{"a good certificate", &words_certificates, 2, "verified"},
	{"a dead feed", &words_feeds, FEED_NOT_RUNNING, "not-running"},
	{"a feed in trouble", &words_feeds, FEED_IN_TROUBLE, "in-trouble"},
	{"a new feed", &words_feeds, FEED_STARTING, "starting"},
	{"an old log", &words_feeds, FEED_BEHIND, "behind"},
	{"a feed without events", &words_feeds, FEED_EMPTY, "empty"},
	{"a day without", &words_feeds, FEED_QUIET, "quiet"},
	{"all well", &words_feeds, FEED_COUNTING, "counting"},
	{"a good event", &words_bad_input, 0, "good"},
	{"cut off", &words_bad_input, 1, "too-long"},
	{"noise", &words_bad_input, 2, "not-json"},
	{"dpv 2", &words_bad_input, 3, "unknown-version"},
	{"a number for a text", &words_bad_input, 4, "wrong-member"},
	{"no domain", &words_bad_input, 5, "no-domain"},
};

static int rows_of(const struct vocabulary *in)
{
	int count = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		count += rows[i].in == in;
	return count;
}

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_string_equal(word_api(rows[i].in, rows[i].number),
		                    rows[i].api);
		assert_non_null(word_label(rows[i].in, rows[i].number));
	}
	/* none is missing here */
	assert_int_equal(rows_of(&words_marks), TALLY_MARKS);
	assert_int_equal(rows_of(&words_modes), REPORT_MODES);
	assert_int_equal(rows_of(&words_statuses), OUTBOX_STATUSES);
	assert_int_equal(rows_of(&words_states), DELIVERY_STATES);
	assert_int_equal(rows_of(&words_stages), DELIVERY_STAGES);
	assert_int_equal(rows_of(&words_bounces), BOUNCE_RESULTS);
	assert_int_equal(rows_of(&words_received_ways), RECEIVED_WAYS);
	assert_int_equal(rows_of(&words_readiness), READINESS_KINDS);
	assert_int_equal(rows_of(&words_lookups), VIEW_STATUSES);
	assert_int_equal(rows_of(&words_told), TOLD_KINDS);
	assert_int_equal(rows_of(&words_sts_modes), STS_MODES);
	assert_int_equal(rows_of(&words_tls), INBOUND_TLS_VERSIONS);
	assert_int_equal(rows_of(&words_clients), INBOUND_CLIENTS);
	assert_int_equal(rows_of(&words_certificates), INBOUND_CERTIFICATES);
	assert_int_equal(rows_of(&words_bad_input), BAD_KINDS);
	assert_int_equal(rows_of(&words_feeds), FEED_STATES);
}

static void test_policy_types(void **state)
{
	(void)state;
	assert_int_equal(COUNT(policies), POLICY_TYPES);
	for (size_t i = 0; i < COUNT(policies); i++) {
		int type = policies[i].type;

		ROW(&policies[i]);
		assert_string_equal(word_rfc(&words_policies, type),
		                    policies[i].rfc);
		assert_string_equal(word_api(&words_policies, type),
		                    policies[i].api);
		assert_int_equal(
			word_find_rfc(&words_policies, policies[i].rfc), type);
		assert_int_equal(word_find(&words_policies, policies[i].api),
		                 type);
		assert_int_equal(word_find_libtlsrpt(&words_policies,
		                                     policies[i].number),
		                 policies[i].number ? type : -1);
	}
}

static void test_result_types(void **state)
{
	(void)state;
	assert_int_equal(COUNT(results), RESULT_TYPES);
	for (size_t i = 0; i < COUNT(results); i++) {
		int type = results[i].type;

		ROW(&results[i]);
		assert_string_equal(word_rfc(&words_results, type),
		                    results[i].rfc);
		assert_string_equal(word_api(&words_results, type),
		                    results[i].api);
		assert_int_equal(word_find_rfc(&words_results, results[i].rfc),
		                 type);
		assert_int_equal(word_find(&words_results, results[i].api),
		                 type);
		assert_int_equal(
			word_find_libtlsrpt(&words_results, results[i].number),
			results[i].number ? type : -1);
	}
}

/* All that stand in the table: each is found again, and by no other number;
 * what is said stands behind a colon as well as alone. */
static void test_each_is_found_again(void **state)
{
	static const char tones[] = " good warn bad wait quiet ";
	const struct vocabulary *in;

	(void)state;
	for (int v = 0; (in = words_at(v)) != NULL; v++) {
		for (int i = 0; i < in->count; i++) {
			const struct word *word = &in->words[i];
			const char *sentence = word_sentence(in, i);

			if (word->api == NULL)
				continue;
			assert_int_equal(word_find(in, word->api), i);
			assert_int_equal(word_find_dashed(in, word->api), i);
			if (sentence != NULL)
				assert_int_not_equal(
					sentence[strlen(sentence) - 1], '.');
			if (word->tone != NULL)
				assert_non_null(strstr(tones, word->tone));
		}
	}
}

static void test_dashes(void **state)
{
	static const struct {
		const char *name;
		const struct vocabulary *in;
		const char *text;
		int want;
	} given[] = {
		{"a mark with a dash", &words_marks, "no-record",
	         TALLY_NO_RECORD},
		{"a mark without one", &words_marks, "queued", TALLY_QUEUED},
		{"the word has a dash itself", &words_modes, "failures-only",
	         MODE_FAILURES_ONLY},
		{"a capital after the dash", &words_marks, "no-Record", -1},
		{"no dash", &words_marks, "norecord", -1},
		{"a dash too many", &words_marks, "o-pen", -1},
		{"cut off", &words_marks, "no-recor", -1},
		{"at the dash", &words_marks, "no-", -1},
		{"too long", &words_marks, "no-records", -1},
		{"nothing", &words_marks, "", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++) {
		ROW(&given[i]);
		assert_int_equal(word_find_dashed(given[i].in, given[i].text),
		                 given[i].want);
	}
}

static void test_unknown_words(void **state)
{
	static const int64_t no_results[] = {
		1, 200, 206, 300, 307, 901, -201, INT64_MAX, INT64_MIN,
	};
	static const int64_t no_policies[] = {0, 3, 8, 10, -1, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(no_results); i++)
		assert_int_equal(
			word_find_libtlsrpt(&words_results, no_results[i]), -1);
	for (size_t i = 0; i < COUNT(no_policies); i++)
		assert_int_equal(
			word_find_libtlsrpt(&words_policies, no_policies[i]),
			-1);
	assert_int_equal(word_find_rfc(&words_policies, "noPolicyFound"), -1);
	assert_int_equal(word_find_rfc(&words_policies, "TLSA"), -1);
	assert_int_equal(word_find(&words_policies, "no-policy-found"), -1);
	assert_int_equal(word_find(&words_policies, ""), -1);
	assert_int_equal(word_find_rfc(&words_results, "certificateExpired"),
	                 -1);
	assert_int_equal(word_find_rfc(&words_results, ""), -1);
	assert_int_equal(word_find(&words_results, "certificate-expired"), -1);
	assert_int_equal(word_find(&words_results, "starttlsNotSupported"), -1);
}

static void test_order_for_people(void **state)
{
	auto_(strbuf_clear) struct strbuf list = {0};

	(void)state;
	word_list(&words_tls, &list);
	assert_string_equal(strbuf_text(&list), "clear, SSLv3, TLSv1.0, "
	                                        "TLSv1.1, TLSv1.2, TLSv1.3, "
	                                        "other");
	assert_int_equal(word_at(&words_results, 0),
	                 RESULT_STARTTLS_NOT_SUPPORTED);
	assert_int_equal(word_at(&words_results, RESULT_TYPES - 1),
	                 RESULT_OTHER);
	for (int i = 0; i < TALLY_MARKS; i++)
		assert_int_equal(word_at(&words_marks, i), i);
}

/* What a newer version stored, or a damaged row has. */
static void test_numbers_past_the_end(void **state)
{
	static const struct {
		const char *name;
		const struct vocabulary *in;
		int number;
		const char *want;
	} given[] = {
		{"a policy type", &words_policies, 77, "other"},
		{"a result type", &words_results, RESULT_TYPES, "other"},
		{"a result type below 0", &words_results, -1, "other"},
		{"a mark", &words_marks, TALLY_MARKS, "unknown"},
		{"a state", &words_states, 9, "unknown"},
		{"a look-up", &words_lookups, 77, "unknown"},
		{"a TLS version", &words_tls, INBOUND_TLS_VERSIONS, "other"},
		{"a client", &words_clients, -1, "unknown"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++) {
		ROW(&given[i]);
		assert_string_equal(word_api(given[i].in, given[i].number),
		                    given[i].want);
		assert_non_null(word_label(given[i].in, given[i].number));
	}
	assert_string_equal(word_rfc(&words_results, 77), "other");
	assert_null(word_sentence(&words_marks, 77));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_policy_types),
		cmocka_unit_test(test_result_types),
		cmocka_unit_test(test_each_is_found_again),
		cmocka_unit_test(test_dashes),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_order_for_people),
		cmocka_unit_test(test_numbers_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
