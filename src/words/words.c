#include "words/words.h"

#include <stddef.h>

#include "words/feed.h"

static const struct word policies[POLICY_TYPES] = {
	[POLICY_NONE] = {"noPolicyFound", "no policy",
                         "neither DANE nor MTA-STS: opportunistic TLS",
                         .rfc = "no-policy-found", .libtlsrpt = 9},
	[POLICY_TLSA] = {"tlsa", "DANE",
                         "TLSA records in a zone signed by DNSSEC (RFC 7672)",
                         .rfc = "tlsa", .libtlsrpt = 1},
	[POLICY_STS] = {"sts", "MTA-STS",
                        "a policy fetched over HTTPS (RFC 8461)", .rfc = "sts",
                        .libtlsrpt = 2},
	[POLICY_OTHER] = {"other", NULL,
                          "a policy of another kind; sent as no-policy-found",
                          .rfc = "other"},
};

/* RFC 8460 section 4.3 */
static const struct word results[RESULT_TYPES] = {
	[RESULT_OTHER] = {"other", "Other failure",
                          "none of the others; sent as validation-failure",
                          .rfc = "other"},
	[RESULT_STARTTLS_NOT_SUPPORTED] =
		{"startTlsNotSupported", "STARTTLS not offered",
                 "the server did not offer STARTTLS, or refused it",
                 .rfc = "starttls-not-supported", .libtlsrpt = 201},
	[RESULT_CERTIFICATE_HOST_MISMATCH] =
		{"certificateHostMismatch", "Certificate for another name",
                 "the certificate names other hosts than the policy allows",
                 .rfc = "certificate-host-mismatch", .libtlsrpt = 202},
	[RESULT_CERTIFICATE_NOT_TRUSTED] =
		{"certificateNotTrusted", "Certificate not trusted",
                 "no authority that the sender trusts signed the certificate",
                 .rfc = "certificate-not-trusted", .libtlsrpt = 203},
	[RESULT_CERTIFICATE_EXPIRED] = {"certificateExpired",
                                        "Certificate expired",
                                        "the certificate had expired",
                                        .rfc = "certificate-expired",
                                        .libtlsrpt = 204},
	[RESULT_VALIDATION_FAILURE] =
		{"validationFailure", "Validation failed",
                 "the TLS handshake or a check failed in another way; the "
                 "reason says more",
                 .rfc = "validation-failure", .libtlsrpt = 205},
	[RESULT_STS_POLICY_FETCH_ERROR] =
		{"stsPolicyFetchError", "MTA-STS policy not fetched",
                 "the MTA-STS policy could not be fetched",
                 .rfc = "sts-policy-fetch-error", .libtlsrpt = 301},
	[RESULT_STS_POLICY_INVALID] =
		{"stsPolicyInvalid", "MTA-STS policy invalid",
                 "the MTA-STS policy was fetched and is not well-formed",
                 .rfc = "sts-policy-invalid", .libtlsrpt = 302},
	[RESULT_STS_WEBPKI_INVALID] =
		{"stsWebpkiInvalid", "MTA-STS policy host's certificate",
                 "the certificate of the MTA-STS policy's host could not be "
                 "validated",
                 .rfc = "sts-webpki-invalid", .libtlsrpt = 303},
	[RESULT_TLSA_INVALID] =
		{"tlsaInvalid", "TLSA records unusable",
                 "no TLSA record could be used, or none matches the "
                 "certificate (DANE)",
                 .rfc = "tlsa-invalid", .libtlsrpt = 304},
	[RESULT_DNSSEC_INVALID] =
		{"dnssecInvalid", "DNSSEC invalid",
                 "DNSSEC did not validate for the domain (DANE)",
                 .rfc = "dnssec-invalid", .libtlsrpt = 305},
	[RESULT_DANE_REQUIRED] =
		{"daneRequired", "DANE required",
                 "the sender insists on DANE, and there are no TLSA records "
                 "for it",
                 .rfc = "dane-required", .libtlsrpt = 306},
};

/* A label stands behind the number of domains. */
static const struct word marks[TALLY_MARKS] = {
	[TALLY_OPEN] = {"open", "still counting",
                        "it is still counting, or waits to be closed"},
	[TALLY_QUEUED] = {"queued", "with a report", "a report was made"},
	[TALLY_NO_RECORD] = {"noRecord", "without a TLSRPT record",
                             "no TLSRPT record was seen"},
	[TALLY_BAD_RECORD] = {"badRecord",
                              "with a malformed TLSRPT record, or several",
                              "the record is malformed, or there is more than "
                              "one"},
	[TALLY_NO_RUA] = {"noRua", "without a usable rua",
                          "the record names no place that a report can be "
                          "sent to"},
	[TALLY_DENIED] = {"denied", "denied by the settings",
                          "the setting deny keeps the report away"},
	[TALLY_BY_MODE] = {"byMode", "left out by mode",
                           "the setting mode keeps the report away"},
	[TALLY_SELF] = {"self", "with sessions of our own reports only",
                        "its sessions were those of our own reports"},
	[TALLY_TOO_OLD] = {"tooOld", "too old to report",
                           "the day was older than max_report_age when it was "
                           "closed"},
	[TALLY_BAD_DOMAIN] = {"badDomain", "with a name that is not a domain",
                              "the name is not one that a report can be made "
                              "for"},
	[TALLY_LATE] = {"late", "counted too late",
                        "all of it was counted after the day was closed"},
	[TALLY_UNSENT] = {"unsent", "read from an old log",
                          "it was read from an old log and is not sent unless "
                          "somebody asks for it"},
};

static const struct word modes[REPORT_MODES] = {
	[MODE_PREVIEW] = {"preview", NULL,
                          "reports are made and held, not sent; look with "
                          "`tlstally preview DOMAIN`, then set mode = all"},
	[MODE_ALL] = {"all", NULL,
                      "every domain that asks for a report gets one"},
	[MODE_FAILURES_ONLY] = {"failures-only", NULL,
                                "a report is sent when a session failed"},
	[MODE_OFF] = {"off", NULL, "no reports are made"},
};

static const struct word statuses[OUTBOX_STATUSES] = {
	[OUTBOX_HELD] = {"held", NULL,
                         "made and held: mode = preview in the settings",
                         "quiet"},
	[OUTBOX_PENDING] = {"pending", NULL,
                            "waits for the time it is to be delivered at",
                            "wait"},
	[OUTBOX_SENDING] = {"sending", NULL, "a delivery run is sending it",
                            "wait"},
	[OUTBOX_DEFERRED] = {"deferred", NULL,
                             "a receiver did not take it; it will be tried "
                             "again",
                             "warn"},
	[OUTBOX_IDLE] = {"idle", NULL,
                         "has no destination, so nothing happens to it",
                         "quiet"},
	[OUTBOX_DONE] = {"done", NULL, "every destination is settled", "good"},
};

static const struct word states[DELIVERY_STATES] = {
	[DELIVERY_PENDING] = {"pending", NULL, "not tried yet", "wait"},
	[DELIVERY_INFLIGHT] = {"inflight", "in flight",
                               "a delivery run is sending it", "wait"},
	[DELIVERY_DELIVERED] = {"delivered", NULL, "the receiver took it",
                                "good"},
	[DELIVERY_DEFERRED] = {"deferred", NULL,
                               "not taken; it will be tried again", "warn"},
	[DELIVERY_FAILED] = {"failed", NULL, "refused for good", "bad"},
	[DELIVERY_SUPPRESSED] = {"suppressed", NULL,
                                 "not tried: the address is on the suppression "
                                 "list",
                                 "quiet"},
	[DELIVERY_EXPIRED] = {"expired", NULL,
                              "given up: it was tried for long enough", "bad"},
	[DELIVERY_BOUNCED] = {"bounced", NULL,
                              "taken first, and sent back later", "bad"},
};

static const struct word answers[DELIVERY_EVENTS] = {
	[EVENT_ACCEPTED] = {"accepted"},
	[EVENT_TEMPORARY] = {"temporary"},
	[EVENT_UNCERTAIN] = {"uncertain"},
	[EVENT_REFUSED] = {"refused"},
	[EVENT_BAD_ADDRESS] = {"bad-address"},
	[EVENT_RELEASE] = {"released"},
};

static const struct word stages[DELIVERY_STAGES] = {
	[STAGE_CONNECT] = {"connect"}, [STAGE_GREETING] = {"greeting"},
	[STAGE_AUTH] = {"auth"},       [STAGE_MAIL] = {"mail"},
	[STAGE_RCPT] = {"rcpt"},       [STAGE_DATA] = {"data"},
	[STAGE_HTTP] = {"http"},       [STAGE_LOCAL] = {"local"},
};

static const struct word bounces[BOUNCE_RESULTS] = {
	[BOUNCE_UNKNOWN] = {"unknown"},       [BOUNCE_IGNORED] = {"ignored"},
	[BOUNCE_NOTED] = {"delayed"},         [BOUNCE_MARKED] = {"bounced"},
	[BOUNCE_SUPPRESSED] = {"suppressed"},
};

static const struct word lookups[VIEW_STATUSES] = {
	[VIEW_UNKNOWN] = {"unknown", "not asked for"},
	[VIEW_NONE] = {"none"},
	[VIEW_OK] = {"ok"},
	[VIEW_BAD] = {"bad", "there, but not usable",
                      "there, but malformed or several"},
	[VIEW_TEMPFAIL] = {"no-answer", "DNS gives no answer"},
	[VIEW_BOGUS] = {"bogus", "DNSSEC validation fails"},
	[VIEW_FETCH_ERROR] = {"fetch-error", "the policy cannot be fetched"},
	[VIEW_WEBPKI_ERROR] = {"certificate-error",
                               "the policy host's certificate is not valid"},
};

/* The same about the TLSA records of one host. */
static const struct word tlsa[VIEW_BOGUS + 1] = {
	[VIEW_UNKNOWN] = {"unknown", "no answer about TLSA"},
	[VIEW_NONE] = {"none", "no TLSA"},
	[VIEW_OK] = {"ok", "TLSA"},
	[VIEW_BAD] = {"bad", "TLSA that cannot be used"},
	[VIEW_TEMPFAIL] = {"no-answer", "no answer about TLSA"},
	[VIEW_BOGUS] = {"bogus", "TLSA that fails DNSSEC validation"},
};

/* RFC 8461 section 3.2 */
static const struct word sts_modes[STS_MODES] = {
	[STS_NONE] = {"none"},
	[STS_TESTING] = {"testing"},
	[STS_ENFORCE] = {"enforce"},
};

/* As SSL_get_version(3) says it. */
static const struct word tls[INBOUND_TLS_VERSIONS] = {
	[INBOUND_CLEAR] = {"clear", "clear text"},
	[INBOUND_SSL3] = {"SSLv3"},
	[INBOUND_TLS10] = {"TLSv1.0"},
	[INBOUND_TLS11] = {"TLSv1.1"},
	[INBOUND_TLS_OTHER] = {"other"},
	[INBOUND_TLS12] = {"TLSv1.2"},
	[INBOUND_TLS13] = {"TLSv1.3"},
};

static const struct word clients[INBOUND_CLIENTS] = {
	[INBOUND_MX] = {"mx", "another site"},
	[INBOUND_AUTHENTICATED] = {"authenticated", "submitted, signed in"},
	[INBOUND_LOCAL] = {"local", "submitted, local"},
	[INBOUND_FILTERED] = {"filter", "a before-queue filter",
                              "how it came in is not seen"},
};

static const struct word certificates[INBOUND_CERTIFICATES] = {
	[INBOUND_CERT_NONE] = {"none"},
	[INBOUND_CERT_UNVERIFIED] = {"unverified"},
	[INBOUND_CERT_VERIFIED] = {"verified"},
};

static const struct word bad_input[BAD_KINDS] = {
	[BAD_NONE] = {"good"},           [BAD_TRUNCATED] = {"too-long"},
	[BAD_JSON] = {"not-json"},       [BAD_VERSION] = {"unknown-version"},
	[BAD_MEMBER] = {"wrong-member"}, [BAD_DOMAIN] = {"no-domain"},
};

static const struct word feeds[FEED_STATES] = {
	[FEED_NOT_RUNNING] = {"not-running", "not running", NULL, "bad"},
	[FEED_IN_TROUBLE] = {"in-trouble", "in trouble", NULL, "bad"},
	[FEED_STARTING] = {"starting", NULL, "nothing is counted yet", "warn"},
	[FEED_BEHIND] = {"behind", NULL, "it counts what is old", "warn"},
	[FEED_EMPTY] = {"empty", NULL, "no event has ever come", "warn"},
	[FEED_QUIET] = {"quiet", NULL, "no event for a day", "warn"},
	[FEED_COUNTING] = {"counting", NULL, NULL, "good"},
};

#define VOCABULARY(rows, other)                                                \
	{                                                                      \
#rows, rows, sizeof(rows) / sizeof((rows)[0]), other           \
	}

const struct vocabulary words_policies = VOCABULARY(policies, POLICY_OTHER);
const struct vocabulary words_results = VOCABULARY(results, RESULT_OTHER);
const struct vocabulary words_marks = VOCABULARY(marks, -1);
const struct vocabulary words_modes = VOCABULARY(modes, -1);
const struct vocabulary words_statuses = VOCABULARY(statuses, -1);
const struct vocabulary words_states = VOCABULARY(states, -1);
const struct vocabulary words_answers = VOCABULARY(answers, -1);
const struct vocabulary words_stages = VOCABULARY(stages, -1);
const struct vocabulary words_bounces = VOCABULARY(bounces, -1);
const struct vocabulary words_lookups = VOCABULARY(lookups, VIEW_UNKNOWN);
const struct vocabulary words_tlsa = VOCABULARY(tlsa, VIEW_UNKNOWN);
const struct vocabulary words_sts_modes = VOCABULARY(sts_modes, -1);
const struct vocabulary words_tls = VOCABULARY(tls, INBOUND_TLS_OTHER);
const struct vocabulary words_clients = VOCABULARY(clients, -1);
const struct vocabulary words_certificates = VOCABULARY(certificates, -1);
const struct vocabulary words_bad_input = VOCABULARY(bad_input, -1);
const struct vocabulary words_feeds = VOCABULARY(feeds, -1);

const struct vocabulary *words_at(int i)
{
	static const struct vocabulary *const all[] = {
		&words_policies,  &words_results,  &words_marks,
		&words_modes,     &words_statuses, &words_states,
		&words_answers,   &words_stages,   &words_bounces,
		&words_lookups,   &words_tlsa,     &words_sts_modes,
		&words_tls,       &words_clients,  &words_certificates,
		&words_bad_input, &words_feeds,
	};

	return i < (int)(sizeof(all) / sizeof(all[0])) ? all[i] : NULL;
}
