/* Each way in which a real log says that TLS failed, under each policy that a
 * domain can have: one detail for one cause. */
#include "unit/test.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "judge/judge.h"
#include "unit/log_replay.h"

#define D "d.test"
#define MX "mx.d.test"
#define PEER MX "[192.0.2.1]:25"
#define SMTP "Nov 23 12:00:00 mx postfix/smtp[1]: "
#define WARNING SMTP "warning: "
#define FAILED_FOR SMTP "server certificate verification failed for " PEER ": "
#define UP(trust) SMTP trust " TLS connection established to " PEER ": x\n"
#define DEFERRED(text)                                                         \
	SMTP "AAAAA1: to=<u@" D ">, relay=" PEER ", delay=1, delays=0/0/1/0, " \
	     "dsn=4.7.5, status=deferred (" text ")\n"
#define NO_RELAY(text)                                                         \
	SMTP "AAAAA1: to=<u@" D ">, relay=none, delay=1, delays=0/0/1/0, "     \
	     "dsn=4.7.5, status=deferred (" text ")\n"
#define SENT                                                                   \
	SMTP "AAAAA1: to=<u@" D ">, relay=" PEER ", delay=1, delays=0/0/1/0, " \
	     "dsn=2.0.0, status=sent (250)\n"
#define NOT_VERIFIED UP("Untrusted") DEFERRED("Server certificate not verified")
#define LOOKUP(text) WARNING "TLS policy lookup for " D "/" MX ": " text "\n"

struct saying {
	const char *name;
	const char *log;
};

static const struct saying sayings[] = {
	{"verified", UP("Verified") SENT},
	{"untrusted, and sent", UP("Untrusted") SENT},
	{"expired, and sent",
         FAILED_FOR "certificate has expired\n" UP("Untrusted") SENT},
	{"another name, and sent",
         FAILED_FOR "num=62:hostname mismatch\n" UP("Untrusted") SENT},
	{"in clear",
         "Nov 23 12:00:00 mx postfix/smtp[2]: Trusted TLS connection "
         "established to a[192.0.2.9]:25: x\n" SENT},
	{"STARTTLS not offered",
         DEFERRED("TLS is required, but was not offered by host "
                  "mx.d.test[192.0.2.1]")},
	{"STARTTLS refused",
         DEFERRED("TLS is required, but host mx.d.test[192.0.2.1] refused to "
                  "start TLS: 454 x")},
	{"no handshake", SMTP "SSL_connect error to " PEER ": -1\n" DEFERRED(
				 "Cannot start TLS: handshake failure")},
	{"a DANE mismatch",
         FAILED_FOR "num=65:no matching DANE TLSA records\n" NOT_VERIFIED},
	{"another name", FAILED_FOR "num=62:hostname mismatch\n" NOT_VERIFIED},
	{"another address",
         FAILED_FOR "num=64:IP address mismatch\n" NOT_VERIFIED},
	{"expired", FAILED_FOR "certificate has expired\n" NOT_VERIFIED},
	{"self-signed", FAILED_FOR "self-signed certificate\n" NOT_VERIFIED},
	{"untrusted issuer",
         FAILED_FOR "untrusted issuer /CN=x\n" NOT_VERIFIED},
	{"not trusted by policy",
         FAILED_FOR "not trusted by local or TLSA policy\n" NOT_VERIFIED},
	{"not yet valid",
         FAILED_FOR "certificate not yet valid\n" NOT_VERIFIED},
	{"chain too long",
         FAILED_FOR "certificate chain longer than limit(9)\n" NOT_VERIFIED},
	{"no complaint, up to 3.5",
         UP("Trusted") DEFERRED("Server certificate not verified")},
	{"not trusted, up to 3.5",
         FAILED_FOR "self-signed certificate\n" UP("Untrusted")
                 DEFERRED("Server certificate not trusted")},
	{"a resumed session",
         SMTP PEER ": re-using session with untrusted certificate, look for "
                   "details earlier in the log\n" NOT_VERIFIED},
	{"the plugin cannot fetch", FAILED_FOR
         "external policy failure (sts-policy-fetch-error)\n" NOT_VERIFIED},
	{"the plugin cannot read", FAILED_FOR
         "external policy failure (sts-policy-invalid)\n" NOT_VERIFIED},
	{"the plugin does not trust", FAILED_FOR
         "external policy failure (sts-webpki-invalid)\n" NOT_VERIFIED},
	{"the plugin cannot fetch, and sent", FAILED_FOR
         "external policy failure (sts-policy-fetch-error)\n" UP("Untrusted")
                 SENT},
	{"an MX that the plugin's policy does not name",
         WARNING "MX name '" MX "' does not match STS MX pattern for '" D
                 "'\n" NO_RELAY("x")},
	{"TLSA look-up", LOOKUP("TLSA lookup error for mx.d.test:25")
                                 NO_RELAY("TLSA lookup error")},
	{"no TLSA",
         LOOKUP("no TLSA records found") NO_RELAY("no TLSA records found")},
	{"no DNSSEC",
         LOOKUP("non DNSSEC destination") NO_RELAY("non DNSSEC destination")},
	{"TLSA cannot be used",
         LOOKUP("TLSA records unusable") NO_RELAY("TLSA records unusable")},
	{"TLSA cannot be used, and sent",
         WARNING PEER ": all TLSA records unusable, fallback to "
                      "unauthenticated TLS\n" UP("Untrusted") SENT},
	{"TLSA cannot be used, dane-only",
         WARNING PEER ": all TLSA records unusable\n" FAILED_FOR
                      "num=65:no matching DANE TLSA records\n" NOT_VERIFIED},
};

#define EE "3 1 1 AB"
#define TA "2 0 1 CD"
#define PKIX "1 0 1 EF"

#define TLSA(status, string)                                                   \
	.mx = VIEW_OK, .mx_secure = true, .mx_count = 1,                       \
	.mxs = (struct view_mx[])                                              \
	{                                                                      \
		{                                                              \
			.host = MX, .tlsa = status,                            \
			.tlsa_strings = (const char *[]){string},              \
			.tlsa_count = 1                                        \
		}                                                              \
	}
#define POLICY(how, pattern)                                                   \
	.sts_record = VIEW_OK, .sts = VIEW_OK,                                 \
	.sts_policy = {                                                        \
		.mode = how, .mx = (const char *[]){pattern}, .mx_count = 1}
#define NO_POLICY(what)                                                        \
	.sts_record = VIEW_OK, .sts_fetch = what, .sts_problem = "words"

static const struct {
	const char *name;
	struct domain_view view;
} views[] = {
	{"no policy", {.mx = VIEW_NONE}},
	{"DANE, usage 3", {TLSA(VIEW_OK, EE)}},
	{"DANE, usage 2", {TLSA(VIEW_OK, TA)}},
	{"DANE, usage 1", {TLSA(VIEW_BAD, PKIX)}},
	{"DANE, bogus", {TLSA(VIEW_BOGUS, EE)}},
	{"a bogus MX", {.mx = VIEW_BOGUS}},
	{"STS", {POLICY(STS_ENFORCE, MX)}},
	{"STS of another MX", {POLICY(STS_ENFORCE, "other.test")}},
	{"testing", {POLICY(STS_TESTING, MX)}},
	{"testing, of another MX", {POLICY(STS_TESTING, "other.test")}},
	{"STS, and a new one cannot be had",
         {POLICY(STS_ENFORCE, MX), .sts_fetch = VIEW_FETCH_ERROR,
          .sts_problem = "words"}},
	{"a policy that cannot be fetched", {NO_POLICY(VIEW_FETCH_ERROR)}},
	{"a policy that cannot be read", {NO_POLICY(VIEW_BAD)}},
	{"a policy host that is not trusted", {NO_POLICY(VIEW_WEBPKI_ERROR)}},
	{"DANE and STS of another MX",
         {TLSA(VIEW_OK, EE), POLICY(STS_ENFORCE, "other.test")}},
};

/* What a detail is about. */
enum cause {
	CAUSE_REACH = 1, /* no STARTTLS, no handshake */
	CAUSE_NAME = 2,  /* the certificate's name, or which MX it is */
	CAUSE_CERTIFICATE = 4,
	CAUSE_DANE = 8,
	CAUSE_FETCH = 16,
};

static enum cause cause_of(const struct failure_detail *detail)
{
	const char *reason = detail->reason != NULL ? detail->reason : "";

	switch (detail->result) {
	case RESULT_STARTTLS_NOT_SUPPORTED:
		return CAUSE_REACH;
	case RESULT_CERTIFICATE_HOST_MISMATCH:
		return CAUSE_NAME;
	case RESULT_VALIDATION_FAILURE:
		if (strcmp(reason, "mtasts-policy-mx-mismatch") == 0)
			return CAUSE_NAME;
		return strcmp(reason, "tls-handshake-failure") == 0
		               ? CAUSE_REACH
		               : CAUSE_CERTIFICATE;
	case RESULT_TLSA_INVALID:
	case RESULT_DNSSEC_INVALID:
	case RESULT_DANE_REQUIRED:
		return CAUSE_DANE;
	case RESULT_STS_POLICY_FETCH_ERROR:
	case RESULT_STS_POLICY_INVALID:
	case RESULT_STS_WEBPKI_INVALID:
		return CAUSE_FETCH;
	default:
		return CAUSE_CERTIFICATE;
	}
}

struct judging {
	const struct domain_view *view;
	struct session session;
	int count;
};

static void judge_session(void *arg, int64_t time,
                          const struct log_session *session)
{
	const struct judge_options options = {.dane = true, .sts = true};
	struct judging *judging = arg;

	(void)time;
	judging->count++;
	assert_int_equal(judge(&options, session, judging->view,
	                       &judging->session, NULL),
	                 0);
}

static void judge_log(const char *log, struct judging *judging)
{
	static const struct smtp_tracker_options options = {.count_private =
	                                                            true};
	struct smtp_tracker *tracker = smtp_tracker_new(&options);
	struct log_clock clock = {.now = REPLAY_NOW};
	struct log_line line;
	struct fact fact;

	judging->count = 0;
	for (size_t len; *log != '\0'; log += len + (log[len] == '\n')) {
		len = strcspn(log, "\n");
		if (maillog_line_split(log, len, &clock, &line) &&
		    maillog_read(&line, NULL, &fact) != FACT_NONE)
			smtp_tracker_take(tracker, &line, &fact, judge_session,
			                  judging);
	}
	smtp_tracker_free(&tracker);
}

/* No cause twice, and a certificate that was refused under DANE is all of DANE
 * there is to say. */
static void check_details(const struct session *session)
{
	const struct session_policy *policy = &session->policies[0];
	unsigned causes = 0;

	for (size_t i = 0; i < policy->failure_count; i++) {
		enum cause cause = cause_of(&policy->failures[i]);

		assert_int_equal(causes & cause, 0);
		causes |= cause;
	}
	if (causes & (CAUSE_NAME | CAUSE_CERTIFICATE))
		assert_int_equal(causes & CAUSE_DANE, 0);
	if (policy->type == POLICY_TLSA)
		assert_int_equal(causes & CAUSE_FETCH, 0);
	if (policy->type == POLICY_STS)
		assert_int_equal(causes & CAUSE_DANE, 0);
	if (policy->failed)
		assert_int_not_equal(policy->failure_count, 0);
}

static void test_one_cause_one_detail(void **state)
{
	struct judging judging;

	(void)state;
	replay_utc();
	session_init(&judging.session);
	for (size_t i = 0; i < COUNT(sayings); i++)
		for (size_t j = 0; j < COUNT(views); j++) {
			print_message("  - %s: %s\n", sayings[i].name,
			              views[j].name);
			judging.view = &views[j].view;
			judge_log(sayings[i].log, &judging);
			assert_int_equal(judging.count, 1);
			check_details(&judging.session);
		}
	session_clear(&judging.session);
}

/* All that X509_STORE_CTX_get_error(3) can say and Postfix has no words for. */
static void test_every_number(void **state)
{
	struct judging judging = {.view = &views[0].view};

	(void)state;
	replay_utc();
	session_init(&judging.session);
	for (int number = 1; number < 100; number++) {
		bool ours = number == 17 || number == 69 || number == 70;
		enum result_type want = RESULT_CERTIFICATE_NOT_TRUSTED;
		char *log = NULL;

		if (number == 62 || number == 64)
			want = RESULT_CERTIFICATE_HOST_MISMATCH;
		assert_true(asprintf(&log, FAILED_FOR "num=%d:x\n" NOT_VERIFIED,
		                     number) > 0);
		judge_log(log, &judging);
		free(log);
		print_message("  - num=%d\n", number);
		assert_int_equal(judging.count, ours ? 0 : 1);
		if (ours)
			continue;
		/* without TLSA records it is level fingerprint: our policy */
		if (number == 65) {
			assert_false(judging.session.policies[0].failed);
			continue;
		}
		assert_int_equal(judging.session.policies[0].failure_count, 1);
		assert_int_equal(judging.session.policies[0].failures[0].result,
		                 want);
	}
	session_clear(&judging.session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cause_one_detail),
		cmocka_unit_test(test_every_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
