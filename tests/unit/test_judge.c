#include "unit/test.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "domain/tlsa.h"
#include "domain/tlsrpt_record.h"
#include "judge/judge.h"
#include "session/datagram.h"

#define D "d.test"
#define MX "mx.d.test"
#define RECORD "v=TLSRPTv1; rua=mailto:tls@d.test"
#define EE "3 1 1 AB"
#define TA "2 0 1 CD"
#define PKIX "1 0 1 EF"

#define LIST(...)                                                              \
	(const char *[])                                                       \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

/* type, policy-domain, outcome, then each detail: "result(reason)@MX" */
static const char *verdict(const struct session *session, struct strbuf *out)
{
	const struct session_policy *policy = &session->policies[0];

	strbuf_reset(out);
	strbuf_printf(out, "%s %s %s", word_rfc(&words_policies, policy->type),
	              policy->domain,
	              policy->failed                 ? "failure"
	              : session_is_unjudged(session) ? "unjudged"
	                                             : "success");
	for (size_t i = 0; i < policy->failure_count; i++) {
		const struct failure_detail *detail = &policy->failures[i];

		strbuf_printf(out, " %s",
		              word_rfc(&words_results, detail->result));
		if (detail->reason != NULL)
			strbuf_printf(out, "(%s)", detail->reason);
		if (detail->mx_host != NULL)
			strbuf_printf(out, "@%s", detail->mx_host);
	}
	return strbuf_text(out);
}

/* strings and MX patterns, a "|" between them */
static const char *policy_text(const struct session *session,
                               struct strbuf *out)
{
	const struct session_policy *policy = &session->policies[0];

	strbuf_reset(out);
	for (size_t i = 0; i < policy->string_count; i++)
		strbuf_printf(out, "%s|", policy->strings[i]);
	for (size_t i = 0; i < policy->mx_count; i++)
		strbuf_printf(out, "%s|", policy->mx_hosts[i]);
	return strbuf_text(out);
}

enum enforces { NOTHING, DANE, STS, BOTH, STS_NO_CAS, MAP, NO_DANE };

struct row {
	const char *name;
	enum enforces enforces;
	struct log_session session;
	struct domain_view view;
	const char *want;
	const char *policy; /* NULL: no strings */
};

/* Sessions: domain and MX are filled in. */
#define UP                                                                     \
	{                                                                      \
		.outcome = LOG_TLS                                             \
	}
#define UNTRUSTED                                                              \
	{                                                                      \
		.outcome = LOG_TLS, .untrusted = true                          \
	}
#define EXPIRED                                                                \
	{                                                                      \
		.outcome = LOG_TLS, .untrusted = true, .has_complaint = true,  \
		.complaint = RESULT_CERTIFICATE_EXPIRED,                       \
	}
#define PLAIN                                                                  \
	{                                                                      \
		.outcome = LOG_PLAIN                                           \
	}
#define FAILED(type, why)                                                      \
	{                                                                      \
		.outcome = LOG_FAILED, .result = RESULT_##type, .reason = why, \
	}
#define NOT_VERIFIED FAILED(CERTIFICATE_NOT_TRUSTED, NULL)

/* Views. */
#define TLSA(secure, status, ...)                                              \
	.mx = VIEW_OK, .mx_secure = secure, .mx_count = 1,                     \
	.mxs = (struct view_mx[])                                              \
	{                                                                      \
		{                                                              \
			.host = MX, .tlsa = status,                            \
			.tlsa_strings = LIST(__VA_ARGS__),                     \
			.tlsa_count =                                          \
				sizeof(LIST(__VA_ARGS__)) / sizeof(char *)     \
		}                                                              \
	}
#define POLICY(how, pattern)                                                   \
	.sts_record = VIEW_OK, .sts = VIEW_OK,                                 \
	.sts_policy = {.mode = STS_##how,                                      \
	               .mx = LIST(pattern),                                    \
	               .mx_count = 1,                                          \
	               .lines = LIST("version: STSv1", "mode: " #how),         \
	               .line_count = 2}
#define NO_POLICY(what, words)                                                 \
	.sts_record = VIEW_OK, .sts = VIEW_NONE, .sts_fetch = what,            \
	.sts_problem = words

static const struct row rows[] = {
	{"no policy, TLS",
         BOTH,
         UP,
         {.mx = VIEW_NONE},
         "no-policy-found d.test success",
         NULL},
	{"no policy, a certificate nobody vouches for",
         BOTH,
         EXPIRED,
         {.mx = VIEW_NONE},
         "no-policy-found d.test success",
         NULL},
	{"no policy, no STARTTLS at level may",
         BOTH,
         PLAIN,
         {.mx = VIEW_NONE},
         "no-policy-found d.test failure starttls-not-supported@mx.d.test",
         NULL},
	{"no policy, the handshake failed",
         BOTH,
         FAILED(VALIDATION_FAILURE, "tls-handshake-failure"),
         {.mx = VIEW_NONE},
         "no-policy-found d.test failure "
         "validation-failure(tls-handshake-failure)@mx.d.test",
         NULL},
	{"nothing is known about the domain",
         BOTH,
         UP,
         {.mx = VIEW_TEMPFAIL},
         "no-policy-found d.test success",
         NULL},

	{"DANE, verified",
         BOTH,
         UP,
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test success",
         EE "|"},
	{"DANE, two records are sorted",
         DANE,
         UP,
         {TLSA(true, VIEW_OK, EE, TA)},
         "tlsa mx.d.test success",
         TA "|" EE "|"},
	{"DANE, mismatch",
         DANE,
         NOT_VERIFIED,
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         EE "|"},
	{"up to 3.5 a DANE mismatch is only a trusted chain",
         DANE,
         FAILED(CERTIFICATE_HOST_MISMATCH, NULL),
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         EE "|"},
	{"... or a chain that nobody needs to trust",
         DANE,
         FAILED(VALIDATION_FAILURE, "self-signed_certificate"),
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         EE "|"},
	{"... where a record cannot be used it changes nothing",
         DANE,
         FAILED(CERTIFICATE_HOST_MISMATCH, NULL),
         {TLSA(true, VIEW_OK, EE, PKIX)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         PKIX "|" EE "|"},
	{"... with usage 2 names are compared",
         DANE,
         FAILED(CERTIFICATE_HOST_MISMATCH, NULL),
         {TLSA(true, VIEW_OK, EE, TA)},
         "tlsa mx.d.test failure certificate-host-mismatch@mx.d.test",
         TA "|" EE "|"},
	{"... and a handshake that failed is one",
         DANE,
         FAILED(VALIDATION_FAILURE, "tls-handshake-failure"),
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure "
         "validation-failure(tls-handshake-failure)@mx.d.test",
         EE "|"},
	{"what Postfix complained of is why",
         DANE,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_HOST_MISMATCH,
          .has_complaint = true,
          .complaint = RESULT_CERTIFICATE_HOST_MISMATCH},
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure certificate-host-mismatch@mx.d.test",
         EE "|"},
	{"a mismatch, and today the records cannot be used: one cause",
         DANE,
         NOT_VERIFIED,
         {TLSA(true, VIEW_BAD, PKIX)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         PKIX "|"},
	{"DANE was required, and today DNSSEC refuses: one cause",
         DANE,
         FAILED(DANE_REQUIRED, NULL),
         {.mx = VIEW_BOGUS},
         "tlsa mx.d.test failure dane-required@mx.d.test",
         NULL},
	{"DANE, no STARTTLS",
         DANE,
         FAILED(STARTTLS_NOT_SUPPORTED, NULL),
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure starttls-not-supported@mx.d.test",
         EE "|"},
	{"DANE, plain text all the same",
         DANE,
         PLAIN,
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure starttls-not-supported@mx.d.test",
         EE "|"},
	{"DANE stands before STS",
         BOTH,
         UP,
         {TLSA(true, VIEW_OK, EE), POLICY(ENFORCE, "other.test")},
         "tlsa mx.d.test success",
         EE "|"},
	{"DANE that fails stands before STS, too",
         BOTH,
         NOT_VERIFIED,
         {TLSA(true, VIEW_OK, EE), POLICY(ENFORCE, MX)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         EE "|"},
	{"a level of PKI is not DANE",
         BOTH,
         {.outcome = LOG_TLS, .level = LEVEL_SECURE},
         {TLSA(true, VIEW_OK, EE), POLICY(ENFORCE, MX)},
         "sts d.test success",
         "version: STSv1|mode: ENFORCE|" MX "|"},
	{"a site without DANE",
         STS,
         UP,
         {TLSA(true, VIEW_OK, EE)},
         "no-policy-found d.test success",
         NULL},
	{"a site without DANE goes by STS",
         STS,
         UP,
         {TLSA(true, VIEW_OK, EE), POLICY(ENFORCE, MX)},
         "sts d.test success",
         "version: STSv1|mode: ENFORCE|" MX "|"},
	{"an MX set that is not signed",
         BOTH,
         UP,
         {TLSA(false, VIEW_OK, EE)},
         "no-policy-found d.test success",
         NULL},
	{"no TLSA",
         BOTH,
         UP,
         {TLSA(true, VIEW_NONE, )},
         "no-policy-found d.test success",
         NULL},
	{"TLSA of another MX",
         BOTH,
         {.outcome = LOG_TLS, .mx_host = "mx2.d.test"},
         {TLSA(true, VIEW_OK, EE)},
         "no-policy-found d.test success",
         NULL},
	{"the MX's name in capitals and with a dot",
         DANE,
         {.outcome = LOG_TLS, .mx_host = "MX.D.test."},
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test success",
         EE "|"},
	{"an untrusted certificate that DANE may have taken",
         DANE,
         UNTRUSTED,
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test success",
         EE "|"},

	{"no TLSA record can be used",
         DANE,
         UP,
         {TLSA(true, VIEW_BAD, PKIX)},
         "tlsa mx.d.test failure "
         "tlsa-invalid(all-TLSA-records-unusable)@mx.d.test",
         PKIX "|"},
	{"... and Postfix says so, too",
         DANE,
         {.outcome = LOG_TLS, .tlsa_unusable = true},
         {TLSA(true, VIEW_BAD, PKIX)},
         "tlsa mx.d.test failure "
         "tlsa-invalid(all-TLSA-records-unusable)@mx.d.test",
         PKIX "|"},
	{"... and Postfix alone says so",
         DANE,
         {.outcome = LOG_TLS, .tlsa_unusable = true},
         {TLSA(true, VIEW_NONE, )},
         "tlsa mx.d.test failure "
         "tlsa-invalid(all-TLSA-records-unusable)@mx.d.test",
         NULL},
	{"... and no STARTTLS either",
         DANE,
         FAILED(STARTTLS_NOT_SUPPORTED, NULL),
         {TLSA(true, VIEW_BAD, PKIX)},
         "tlsa mx.d.test failure starttls-not-supported@mx.d.test "
         "tlsa-invalid(all-TLSA-records-unusable)@mx.d.test",
         PKIX "|"},
	{"DNSSEC refuses the TLSA records",
         BOTH,
         UP,
         {TLSA(true, VIEW_BOGUS, ), POLICY(ENFORCE, MX)},
         "tlsa mx.d.test failure dnssec-invalid@mx.d.test",
         NULL},
	{"DNSSEC refuses the MX records",
         DANE,
         UP,
         {.mx = VIEW_BOGUS},
         "tlsa mx.d.test failure dnssec-invalid@mx.d.test",
         NULL},
	{"DNSSEC is nothing to a site without DANE",
         STS,
         UP,
         {.mx = VIEW_BOGUS},
         "no-policy-found d.test success",
         NULL},
	{"Postfix could not look TLSA up",
         DANE,
         FAILED(DNSSEC_INVALID, NULL),
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure dnssec-invalid@mx.d.test",
         EE "|"},
	{"Postfix could not, and we do not know either",
         BOTH,
         FAILED(DNSSEC_INVALID, NULL),
         {POLICY(ENFORCE, MX)},
         "tlsa mx.d.test failure dnssec-invalid@mx.d.test",
         NULL},
	{"DANE is mandatory, and there is none",
         DANE,
         FAILED(DANE_REQUIRED, NULL),
         {TLSA(true, VIEW_NONE, )},
         "tlsa mx.d.test failure dane-required@mx.d.test",
         NULL},
	{"DANE is mandatory, and the MX is not known",
         DANE,
         {.outcome = LOG_FAILED, .result = RESULT_DANE_REQUIRED, .mx_host = ""},
         {.mx = VIEW_NONE},
         "tlsa d.test failure dane-required",
         NULL},

	{"STS, verified",
         BOTH,
         UP,
         {POLICY(ENFORCE, MX)},
         "sts d.test success",
         "version: STSv1|mode: ENFORCE|" MX "|"},
	{"STS, a pattern",
         STS,
         UP,
         {POLICY(ENFORCE, "*.d.test")},
         "sts d.test success",
         "version: STSv1|mode: ENFORCE|*.d.test|"},
	{"STS, not verified",
         STS,
         FAILED(CERTIFICATE_HOST_MISMATCH, NULL),
         {POLICY(ENFORCE, MX)},
         "sts d.test failure certificate-host-mismatch@mx.d.test",
         "version: STSv1|mode: ENFORCE|" MX "|"},
	{"STS, no STARTTLS",
         STS,
         PLAIN,
         {POLICY(TESTING, MX)},
         "sts d.test failure starttls-not-supported@mx.d.test",
         "version: STSv1|mode: TESTING|" MX "|"},
	{"STS in testing, conforming",
         STS,
         UP,
         {POLICY(TESTING, MX)},
         "sts d.test success",
         "version: STSv1|mode: TESTING|" MX "|"},
	{"STS in testing, expired but delivered",
         STS,
         EXPIRED,
         {POLICY(TESTING, MX)},
         "sts d.test failure certificate-expired@mx.d.test",
         "version: STSv1|mode: TESTING|" MX "|"},
	{"STS in testing, untrusted but delivered",
         STS,
         UNTRUSTED,
         {POLICY(TESTING, MX)},
         "sts d.test failure certificate-not-trusted@mx.d.test",
         "version: STSv1|mode: TESTING|" MX "|"},
	{"STS enforced, but not by this site then",
         STS,
         UNTRUSTED,
         {POLICY(ENFORCE, MX)},
         "sts d.test failure certificate-not-trusted@mx.d.test",
         "version: STSv1|mode: ENFORCE|" MX "|"},
	{"untrusted says nothing on a site without CAs",
         STS_NO_CAS,
         UNTRUSTED,
         {POLICY(TESTING, MX)},
         "sts d.test unjudged",
         "version: STSv1|mode: TESTING|" MX "|"},
	{"... but the MX does",
         STS_NO_CAS,
         UNTRUSTED,
         {POLICY(TESTING, "other.test")},
         "sts d.test failure "
         "validation-failure(mtasts-policy-mx-mismatch)@mx.d.test",
         "version: STSv1|mode: TESTING|other.test|"},
	{"STS in testing, an MX that the policy does not name",
         STS,
         UP,
         {POLICY(TESTING, "other.test")},
         "sts d.test failure "
         "validation-failure(mtasts-policy-mx-mismatch)@mx.d.test",
         "version: STSv1|mode: TESTING|other.test|"},
	{"... and an expired certificate",
         STS,
         EXPIRED,
         {POLICY(TESTING, "other.test")},
         "sts d.test failure certificate-expired@mx.d.test "
         "validation-failure(mtasts-policy-mx-mismatch)@mx.d.test",
         "version: STSv1|mode: TESTING|other.test|"},
	{"... and a certificate that has the MX's name alone: one cause",
         STS,
         FAILED(CERTIFICATE_HOST_MISMATCH, NULL),
         {POLICY(ENFORCE, "other.test")},
         "sts d.test failure "
         "validation-failure(mtasts-policy-mx-mismatch)@mx.d.test",
         "version: STSv1|mode: ENFORCE|other.test|"},
	{"... and DANE is there, but was not what Postfix went by",
         BOTH,
         FAILED(VALIDATION_FAILURE, "mtasts-policy-mx-mismatch"),
         {TLSA(true, VIEW_OK, EE), POLICY(ENFORCE, "other.test")},
         "sts d.test failure "
         "validation-failure(mtasts-policy-mx-mismatch)@mx.d.test",
         "version: STSv1|mode: ENFORCE|other.test|"},
	{"... that Postfix passed by: said once",
         STS,
         FAILED(VALIDATION_FAILURE, "mtasts-policy-mx-mismatch"),
         {POLICY(ENFORCE, "other.test")},
         "sts d.test failure "
         "validation-failure(mtasts-policy-mx-mismatch)@mx.d.test",
         "version: STSv1|mode: ENFORCE|other.test|"},
	{"an MX that is not known matches",
         STS,
         {.outcome = LOG_TLS, .mx_host = ""},
         {POLICY(ENFORCE, "other.test")},
         "sts d.test success",
         "version: STSv1|mode: ENFORCE|other.test|"},
	{"STS of mode none",
         STS,
         EXPIRED,
         {POLICY(NONE, MX)},
         "no-policy-found d.test success",
         NULL},
	{"a site without STS",
         DANE,
         EXPIRED,
         {POLICY(ENFORCE, MX)},
         "no-policy-found d.test success",
         NULL},

	{"the policy cannot be fetched",
         STS,
         UP,
         {NO_POLICY(VIEW_FETCH_ERROR, "HTTP 404")},
         "sts d.test failure sts-policy-fetch-error(HTTP 404)",
         NULL},
	{"the policy's host has a bad certificate",
         STS,
         UP,
         {NO_POLICY(VIEW_WEBPKI_ERROR, "expired")},
         "sts d.test failure sts-webpki-invalid(expired)",
         NULL},
	{"the policy is malformed",
         STS,
         UP,
         {NO_POLICY(VIEW_BAD, "line 2: bad mode"),
          .sts_policy = {.lines = LIST("version: STSv1", "mode: on"),
                         .line_count = 2}},
         "sts d.test failure sts-policy-invalid(line 2: bad mode)",
         "version: STSv1|mode: on|"},
	{"... and the MX has no STARTTLS",
         STS,
         PLAIN,
         {NO_POLICY(VIEW_FETCH_ERROR, NULL)},
         "sts d.test failure starttls-not-supported@mx.d.test "
         "sts-policy-fetch-error",
         NULL},
	{"... and an untrusted certificate is nobody's fault",
         STS,
         UNTRUSTED,
         {NO_POLICY(VIEW_FETCH_ERROR, NULL)},
         "sts d.test failure sts-policy-fetch-error",
         NULL},
	{"... but the record is malformed, too",
         STS,
         UP,
         {.sts_record = VIEW_BAD, .sts_fetch = VIEW_FETCH_ERROR},
         "no-policy-found d.test success",
         NULL},
	{"... but it was never tried",
         STS,
         UP,
         {.sts_record = VIEW_OK},
         "no-policy-found d.test success",
         NULL},
	{"... but an older one is in force",
         STS,
         UP,
         {POLICY(ENFORCE, MX), .sts_fetch = VIEW_FETCH_ERROR},
         "sts d.test success sts-policy-fetch-error",
         "version: STSv1|mode: ENFORCE|" MX "|"},
	{"... but an older one asks for nothing",
         STS,
         UP,
         {POLICY(NONE, MX), .sts_fetch = VIEW_FETCH_ERROR},
         "no-policy-found d.test success",
         NULL},
	{"... but DANE stands before it",
         BOTH,
         UP,
         {TLSA(true, VIEW_OK, EE), NO_POLICY(VIEW_FETCH_ERROR, NULL)},
         "tlsa mx.d.test success",
         EE "|"},
	{"... but the site does not ask for STS",
         DANE,
         UP,
         {NO_POLICY(VIEW_FETCH_ERROR, NULL)},
         "no-policy-found d.test success",
         NULL},
	{"the plugin could not fetch it, and we know why: one cause",
         STS,
         FAILED(STS_POLICY_FETCH_ERROR, NULL),
         {NO_POLICY(VIEW_FETCH_ERROR, "HTTP 404")},
         "sts d.test failure sts-policy-fetch-error(HTTP 404)@mx.d.test",
         NULL},
	/* a policy map under a global level of may */
	{"the map said dane: verified by TLSA records",
         MAP,
         {.outcome = LOG_TLS, .verified = true},
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test success",
         EE "|"},
	{"the map said dane: nothing matched",
         MAP,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true},
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         EE "|"},
	{"the map said nothing: trusted, and no more",
         MAP,
         UP,
         {TLSA(true, VIEW_OK, EE)},
         "no-policy-found d.test success",
         NULL},
	{"the map said nothing: sent in clear",
         MAP,
         PLAIN,
         {TLSA(true, VIEW_OK, EE)},
         "no-policy-found d.test failure starttls-not-supported@mx.d.test",
         NULL},
	{"the map said dane: no STARTTLS",
         MAP,
         FAILED(STARTTLS_NOT_SUPPORTED, NULL),
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure starttls-not-supported@mx.d.test",
         EE "|"},
	{"the map said dane: no record can be used",
         MAP,
         {.outcome = LOG_TLS, .tlsa_unusable = true},
         {TLSA(true, VIEW_BAD, PKIX)},
         "tlsa mx.d.test failure "
         "tlsa-invalid(all-TLSA-records-unusable)@mx.d.test",
         PKIX "|"},
	{"Postfix 3.11 tells: dane",
         MAP,
         {.outcome = LOG_TLS, .level = LEVEL_DANE},
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test success",
         EE "|"},
	{"Postfix 3.11 tells: fingerprint, of this site and not of TLSA",
         DANE,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true,
          .level = LEVEL_FINGERPRINT},
         {TLSA(true, VIEW_OK, EE)},
         "no-policy-found d.test success",
         NULL},
	{"Postfix 3.11 tells: encrypt, for no record can be used",
         DANE,
         {.outcome = LOG_TLS, .level = LEVEL_ENCRYPT},
         {TLSA(true, VIEW_BAD, PKIX)},
         "tlsa mx.d.test failure "
         "tlsa-invalid(all-TLSA-records-unusable)@mx.d.test",
         PKIX "|"},
	{"Postfix 3.11 tells: secure, verified by name",
         MAP,
         {.outcome = LOG_TLS, .verified = true, .level = LEVEL_SECURE},
         {TLSA(true, VIEW_OK, EE)},
         "no-policy-found d.test success",
         NULL},
	{"the map and MTA-STS",
         MAP,
         {.outcome = LOG_TLS, .verified = true},
         {POLICY(ENFORCE, MX)},
         "sts d.test success",
         "version: STSv1|mode: ENFORCE|mx.d.test|"},
	/* num=65 */
	{"nothing matched, and there are TLSA records: DANE, whatever is said",
         NOTHING,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true},
         {TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test failure certificate-not-trusted@mx.d.test",
         EE "|"},
	{"... but not at a site that is known to do none: level fingerprint",
         NO_DANE,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true},
         {TLSA(true, VIEW_OK, EE)},
         "no-policy-found d.test success",
         NULL},
	{"nothing matched, and there are none: level fingerprint",
         BOTH,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true},
         {.mx = VIEW_OK},
         "no-policy-found d.test success",
         NULL},
	{"... though the domain has an MTA-STS policy",
         BOTH,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true},
         {POLICY(ENFORCE, MX)},
         "no-policy-found d.test success",
         NULL},
	{"on another port nobody knows the records",
         BOTH,
         {.outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true,
          .other_port = true},
         {.mx = VIEW_NONE},
         "no-policy-found d.test failure certificate-not-trusted@mx.d.test",
         NULL},
	{"the plugin had another trouble with it than we",
         STS,
         FAILED(STS_WEBPKI_INVALID, NULL),
         {NO_POLICY(VIEW_FETCH_ERROR, "HTTP 404")},
         "sts d.test failure sts-webpki-invalid@mx.d.test",
         NULL},
	{"the plugin could not, and the mail went on",
         STS,
         {.outcome = LOG_TLS,
          .has_complaint = true,
          .complaint = RESULT_STS_POLICY_INVALID},
         {.mx = VIEW_NONE},
         "sts d.test failure sts-policy-invalid@mx.d.test",
         NULL},
	{"... and DANE stood aside",
         BOTH,
         FAILED(STS_POLICY_INVALID, NULL),
         {TLSA(true, VIEW_OK, EE)},
         "sts d.test failure sts-policy-invalid@mx.d.test",
         NULL},
	{"Postfix 3.10 says that its plugin could not",
         STS,
         FAILED(STS_WEBPKI_INVALID, NULL),
         {.mx = VIEW_NONE},
         "sts d.test failure sts-webpki-invalid@mx.d.test",
         NULL},
};

static struct judge_options options_of(enum enforces enforces)
{
	if (enforces == NO_DANE)
		return judge_options_of(ENFORCES_KNOWN | ENFORCES_STS);
	return (struct judge_options){
		.dane = enforces == DANE || enforces == BOTH,
		.dane_by_map = enforces == MAP,
		.sts = enforces != DANE && enforces != NOTHING,
		.no_cas = enforces == STS_NO_CAS,
	};
}

static void test_rows(void **state)
{
	struct strbuf out = {0};
	struct session got;

	(void)state;
	session_init(&got);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct judge_options options = options_of(row->enforces);
		struct log_session session = row->session;

		ROW(row);
		session.domain = D;
		session.ip = "192.0.2.1";
		if (session.mx_host == NULL)
			session.mx_host = MX;
		else if (session.mx_host[0] == '\0')
			session.mx_host = NULL;
		assert_int_equal(
			judge(&options, &session, &row->view, &got, NULL), 0);
		assert_string_equal(verdict(&got, &out), row->want);
		assert_string_equal(policy_text(&got, &out),
		                    row->policy ? row->policy : "");
		assert_int_equal(got.policy_count, 1);
		assert_string_equal(got.domain, D);
		assert_true(got.valid);
	}
	strbuf_clear(&out);
	session_clear(&got);
}

#define AT(what)                                                               \
	{                                                                      \
		.domain = D, .mx_host = MX, .outcome = LOG_TLS,                \
		.level = LEVEL_##what                                          \
	}

static const struct {
	const char *name;
	enum enforces enforces;
	struct log_session session;
	struct domain_view view;
	enum policy_type want;
	bool less;
} levels[] = {
	{"DANE, as it should be",
         BOTH,
         AT(DANE),
         {TLSA(true, VIEW_OK, EE)},
         POLICY_TLSA,
         false},
	{"TLS-Required: No",
         BOTH,
         AT(MAY),
         {TLSA(true, VIEW_OK, EE)},
         POLICY_TLSA,
         true},
	{"also where the records cannot be used",
         DANE,
         AT(MAY),
         {TLSA(true, VIEW_BAD, PKIX)},
         POLICY_TLSA,
         true},
	{"encrypt is what DANE makes of these",
         DANE,
         AT(ENCRYPT),
         {TLSA(true, VIEW_BAD, PKIX)},
         POLICY_TLSA,
         false},
	{"and where DNSSEC refuses them",
         DANE,
         AT(MAY),
         {TLSA(true, VIEW_BOGUS, )},
         POLICY_TLSA,
         true},
	{"a policy map that says encrypt",
         DANE,
         AT(ENCRYPT),
         {TLSA(true, VIEW_OK, EE)},
         POLICY_TLSA,
         true},
	{"a policy map that says secure: more",
         DANE,
         AT(SECURE),
         {TLSA(true, VIEW_OK, EE)},
         POLICY_TLSA,
         false},
	{"records without DNSSEC are none",
         DANE,
         AT(MAY),
         {TLSA(false, VIEW_OK, EE)},
         POLICY_NONE,
         false},
	{"a site without DANE",
         STS,
         AT(MAY),
         {TLSA(true, VIEW_OK, EE)},
         POLICY_NONE,
         false},
	{"MTA-STS, as it should be",
         STS,
         AT(SECURE),
         {POLICY(ENFORCE, MX)},
         POLICY_STS,
         false},
	{"less than MTA-STS",
         STS,
         AT(MAY),
         {POLICY(ENFORCE, MX)},
         POLICY_STS,
         true},
	{"testing asks for nothing",
         STS,
         AT(MAY),
         {POLICY(TESTING, MX)},
         POLICY_NONE,
         false},
	{"nor does a policy that could not be had",
         STS,
         AT(MAY),
         {NO_POLICY(VIEW_FETCH_ERROR, NULL)},
         POLICY_NONE,
         false},
	{"the level is not known",
         BOTH,
         AT(UNKNOWN),
         {TLSA(true, VIEW_OK, EE)},
         POLICY_NONE,
         false},
};

static void test_levels(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		struct judge_options options = options_of(levels[i].enforces);
		bool less;

		ROW(&levels[i]);
		assert_int_equal(judge_level(&options, &levels[i].session,
		                             &levels[i].view, &less),
		                 levels[i].want);
		assert_int_equal(less, levels[i].less);
	}
}

static void test_detail_of_the_peer(void **state)
{
	const struct judge_options options = {0};
	const struct log_session session = {.domain = D,
	                                    .mx_host = MX,
	                                    .ip = "2001:DB8::1",
	                                    .outcome = LOG_PLAIN};
	const struct domain_view view = {0};
	const struct failure_detail *detail;
	struct session got;

	(void)state;
	session_init(&got);
	assert_int_equal(judge(&options, &session, &view, &got, NULL), 0);
	detail = &got.policies[0].failures[0];
	assert_string_equal(detail->mx_host, MX);
	assert_string_equal(detail->receiving_ip, "2001:db8::1");
	assert_null(detail->sending_ip);
	assert_null(detail->mx_helo);
	/* no report of ours is in it: the loop breaker is not for the log */
	assert_true(got.named);
	session_clear(&got);
}

struct record_row {
	const char *name;
	enum view_status status;
	const char *record;
	const char *want;
};

static const struct record_row records[] = {
	{"a record", VIEW_OK, RECORD, RECORD},
	{"a malformed one: the rollup says why", VIEW_BAD, RECORD, RECORD},
	{"several, of which none is kept", VIEW_BAD, NULL, TLSRPT_SEVERAL},
	{"none", VIEW_NONE, NULL, NULL},
	{"no answer", VIEW_TEMPFAIL, RECORD, NULL},
};

static void test_record(void **state)
{
	const struct judge_options options = {0};
	const struct log_session session = {.domain = D, .outcome = LOG_TLS};
	struct session got;

	(void)state;
	session_init(&got);
	for (size_t i = 0; i < COUNT(records); i++) {
		const struct record_row *row = &records[i];
		const struct domain_view view = {.tlsrpt = row->status,
		                                 .tlsrpt_record = row->record};

		ROW(row);
		judge(&options, &session, &view, &got, NULL);
		if (row->want == NULL)
			assert_null(got.record);
		else
			assert_string_equal(got.record, row->want);
	}
	session_clear(&got);
}

static void test_many_strings(void **state)
{
	const struct judge_options options = {.sts = true};
	const struct log_session session = {.domain = D, .outcome = LOG_TLS};
	const char *many[SESSION_STRINGS_MAX + 50];
	struct domain_view view = {POLICY(ENFORCE, MX)};
	struct session got;

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = MX;
	view.sts_policy.mx = many;
	view.sts_policy.mx_count = COUNT(many);
	session_init(&got);
	assert_int_equal(judge(&options, &session, &view, &got, NULL), 0);
	assert_int_equal(got.policies[0].mx_count, SESSION_STRINGS_MAX);
	session_clear(&got);
}

static void test_no_domain(void **state)
{
	const struct judge_options options = {0};
	const struct log_session session = {.domain = "", .outcome = LOG_TLS};
	const struct domain_view view = {0};
	struct session got;
	struct err err;

	(void)state;
	session_init(&got);
	assert_int_equal(judge(&options, &session, &view, &got, &err),
	                 ERR_PARSE);
	session_clear(&got);
}

/*
 * The cases that were recorded from a real Postfix 3.10 as datagrams and as
 * log: judging the log's session by the domain's view gives what the datagram
 * says.
 */
struct recorded_row {
	const char *name;
	enum log_outcome outcome;
	enum result_type result;
	const char *reason;
	bool untrusted;
};

static const struct recorded_row recorded[] = {
	{"dane-ok", LOG_TLS, 0, NULL, false},
	{"dane-two-tlsa", LOG_TLS, 0, NULL, false},
	{"dane-mismatch", LOG_FAILED, RESULT_CERTIFICATE_NOT_TRUSTED, NULL,
         false},
	{"dane-ta-expired", LOG_FAILED, RESULT_CERTIFICATE_EXPIRED, NULL,
         false},
	{"dane-nostarttls", LOG_FAILED, RESULT_STARTTLS_NOT_SUPPORTED, NULL,
         false},
	{"sts-ok", LOG_TLS, 0, NULL, false},
	{"sts-expired", LOG_FAILED, RESULT_CERTIFICATE_EXPIRED, NULL, false},
	{"sts-wrongname", LOG_FAILED, RESULT_CERTIFICATE_HOST_MISMATCH, NULL,
         false},
	{"sts-selfsigned", LOG_FAILED, RESULT_VALIDATION_FAILURE,
         "self-signed_certificate", false},
	{"sts-nostarttls", LOG_FAILED, RESULT_STARTTLS_NOT_SUPPORTED, NULL,
         false},
	{"sts-hsfail", LOG_FAILED, RESULT_VALIDATION_FAILURE,
         "tls-handshake-failure", false},
	{"sts-wildcard", LOG_TLS, 0, NULL, false},
	{"sts-fetcherror", LOG_FAILED, RESULT_STS_POLICY_FETCH_ERROR, NULL,
         false},
	{"nopolicy-ok", LOG_TLS, 0, NULL, false},
	{"nopolicy-selfsigned", LOG_TLS, 0, NULL, true},
	{"nopolicy-encrypt-nostarttls", LOG_FAILED,
         RESULT_STARTTLS_NOT_SUPPORTED, NULL, false},
	{"rpt-https", LOG_TLS, 0, NULL, false},
	{"rpt-multi-rua", LOG_TLS, 0, NULL, false},
	{"mixedcase", LOG_TLS, 0, NULL, false},
	{"sub.deep", LOG_TLS, 0, NULL, false},
	{"plain", LOG_TLS, 0, NULL, false},
};

static void read_datagram(const char *name, struct session *session)
{
	char path[512], text[8192];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/datagrams/%s.jsonl", TEST_DATA, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	assert_int_equal(datagram_decode(text, len, session, NULL), BAD_NONE);
}

/* What DNS and the policy's host say about the domain of the datagram. */
static void view_of(const struct session *datagram, struct view_mx *mx,
                    struct domain_view *view)
{
	const struct session_policy *policy = &datagram->policies[0];

	mx->tlsa = VIEW_NONE;
	*view = (struct domain_view){.tlsrpt = VIEW_OK,
	                             .tlsrpt_record = datagram->record,
	                             .mx = VIEW_OK,
	                             .mxs = mx,
	                             .mx_count = 1};
	if (policy->type == POLICY_TLSA) {
		view->mx_secure = true;
		mx->tlsa = VIEW_OK;
		mx->tlsa_strings = policy->strings;
		mx->tlsa_count = policy->string_count;
	} else if (policy->type == POLICY_STS) {
		view->sts_record = view->sts = view->sts_fetch = VIEW_OK;
		view->sts_policy =
			(struct sts_policy){.mode = STS_ENFORCE,
		                            .mx = policy->mx_hosts,
		                            .mx_count = policy->mx_count,
		                            .lines = policy->strings,
		                            .line_count = policy->string_count};
	}
}

static void check_recorded(const struct recorded_row *row,
                           const struct session *want, struct session *got)
{
	const struct judge_options options = {.dane = true, .sts = true};
	struct strbuf got_text = {0}, want_text = {0};
	char mx_name[300];
	struct view_mx mx = {.host = mx_name};
	struct log_session session = {.domain = want->domain,
	                              .mx_host = mx_name,
	                              .outcome = row->outcome,
	                              .result = row->result,
	                              .reason = row->reason,
	                              .untrusted = row->untrusted};
	struct domain_view view;

	snprintf(mx_name, sizeof(mx_name), "mx.%s", want->domain);
	view_of(want, &mx, &view);
	assert_int_equal(judge(&options, &session, &view, got, NULL), 0);
	assert_string_equal(verdict(got, &got_text), verdict(want, &want_text));
	assert_string_equal(policy_text(got, &got_text),
	                    policy_text(want, &want_text));
	assert_string_equal(got->domain, want->domain);
	assert_string_equal(got->record, want->record);
	strbuf_clear(&got_text);
	strbuf_clear(&want_text);
}

static void test_recorded(void **state)
{
	struct session want, got;

	(void)state;
	session_init(&want);
	session_init(&got);
	for (size_t i = 0; i < COUNT(recorded); i++) {
		ROW(&recorded[i]);
		read_datagram(recorded[i].name, &want);
		check_recorded(&recorded[i], &want, &got);
	}
	session_clear(&want);
	session_clear(&got);
}

/* The recorded cases that Postfix sends no datagram for, or tells less than
 * there is to tell. */
static const struct row unrecorded[] = {
	{"dane-unusable: Postfix drops the record and says no-policy-found",
         BOTH,
         UP,
         {TLSA(true, VIEW_BAD, PKIX)},
         "tlsa mx.d.test failure "
         "tlsa-invalid(all-TLSA-records-unusable)@mx.d.test",
         PKIX "|"},
	{"nopolicy-nostarttls: level may",
         BOTH,
         PLAIN,
         {.mx = VIEW_OK},
         "no-policy-found d.test failure starttls-not-supported@mx.d.test",
         NULL},
	{"norpt: counted, but without a record nobody gets a report",
         BOTH,
         UP,
         {.tlsrpt = VIEW_NONE, TLSA(true, VIEW_OK, EE)},
         "tlsa mx.d.test success",
         EE "|"},
	{"reports: no record, no policy",
         BOTH,
         UP,
         {.tlsrpt = VIEW_NONE, .mx = VIEW_OK},
         "no-policy-found d.test success",
         NULL},
};

static void test_unrecorded(void **state)
{
	struct strbuf out = {0};
	struct session got;

	(void)state;
	session_init(&got);
	for (size_t i = 0; i < COUNT(unrecorded); i++) {
		const struct row *row = &unrecorded[i];
		struct judge_options options = options_of(row->enforces);
		struct log_session session = row->session;

		ROW(row);
		session.domain = D;
		session.mx_host = MX;
		assert_int_equal(
			judge(&options, &session, &row->view, &got, NULL), 0);
		assert_string_equal(verdict(&got, &out), row->want);
		assert_string_equal(policy_text(&got, &out),
		                    row->policy ? row->policy : "");
		assert_null(got.record);
	}
	strbuf_clear(&out);
	session_clear(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_detail_of_the_peer),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_many_strings),
		cmocka_unit_test(test_no_domain),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_unrecorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
