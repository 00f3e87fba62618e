#include "words/words.h"

#include <stddef.h>

#include "words/feed.h"

static const struct word policies[POLICY_TYPES] = {
	[POLICY_NONE] = {.api = "noPolicyFound",
                         .label = "no policy",
                         .sentence =
                                 "neither DANE nor MTA-STS: opportunistic TLS",
                         .rfc = "no-policy-found",
                         .libtlsrpt = 9},
	[POLICY_TLSA] =
		{.api = "tlsa",
                 .label = "DANE",
                 .sentence =
                         "TLSA records in a zone signed by DNSSEC (RFC 7672)",
                 .rfc = "tlsa",
                 .libtlsrpt = 1},
	[POLICY_STS] = {.api = "sts",
                        .label = "MTA-STS",
                        .sentence = "a policy fetched over HTTPS (RFC 8461)",
                        .rfc = "sts",
                        .libtlsrpt = 2},
	[POLICY_OTHER] =
		{.api = "other",
                 .sentence =
                         "a policy of another kind; sent as no-policy-found",
                 .rfc = "other"},
};

/* RFC 8460 section 4.3 */
static const struct word results[RESULT_TYPES] = {
	[RESULT_OTHER] = {.api = "other",
                          .label = "Other failure",
                          .sentence =
                                  "another failure; sent as validation-failure",
                          .rfc = "other"},
	[RESULT_STARTTLS_NOT_SUPPORTED] =
		{.api = "startTlsNotSupported",
                 .label = "STARTTLS not offered",
                 .sentence = "the server did not offer STARTTLS, or refused it",
                 .rfc = "starttls-not-supported",
                 .libtlsrpt = 201},
	[RESULT_CERTIFICATE_HOST_MISMATCH] =
		{.api = "certificateHostMismatch",
                 .label = "Certificate for another name",
                 .sentence = "the certificate names other hosts than the "
                             "policy allows",
                 .rfc = "certificate-host-mismatch",
                 .libtlsrpt = 202},
	[RESULT_CERTIFICATE_NOT_TRUSTED] =
		{.api = "certificateNotTrusted",
                 .label = "Certificate not trusted",
                 .sentence = "the certificate is not signed by an authority "
                             "that the sender trusts",
                 .rfc = "certificate-not-trusted",
                 .libtlsrpt = 203},
	[RESULT_CERTIFICATE_EXPIRED] = {.api = "certificateExpired",
                                        .label = "Certificate expired",
                                        .sentence =
                                                "the certificate had expired",
                                        .rfc = "certificate-expired",
                                        .libtlsrpt = 204},
	[RESULT_VALIDATION_FAILURE] = {.api = "validationFailure",
                                       .label = "Validation failed",
                                       .sentence =
                                               "the TLS handshake or a check "
                                               "failed in another way; the "
                                               "reason says more",
                                       .rfc = "validation-failure",
                                       .libtlsrpt = 205},
	[RESULT_STS_POLICY_FETCH_ERROR] =
		{.api = "stsPolicyFetchError",
                 .label = "MTA-STS policy not fetched",
                 .sentence = "the MTA-STS policy could not be fetched",
                 .rfc = "sts-policy-fetch-error",
                 .libtlsrpt = 301},
	[RESULT_STS_POLICY_INVALID] =
		{.api = "stsPolicyInvalid",
                 .label = "MTA-STS policy invalid",
                 .sentence = "the MTA-STS policy was fetched, but is malformed",
                 .rfc = "sts-policy-invalid",
                 .libtlsrpt = 302},
	[RESULT_STS_WEBPKI_INVALID] =
		{.api = "stsWebpkiInvalid",
                 .label = "MTA-STS policy host's certificate",
                 .sentence = "the certificate of the MTA-STS policy's host "
                             "could not be "
                             "validated",
                 .rfc = "sts-webpki-invalid",
                 .libtlsrpt = 303},
	[RESULT_TLSA_INVALID] = {.api = "tlsaInvalid",
                                 .label = "TLSA records unusable",
                                 .sentence =
                                         "no TLSA record is usable, or none "
                                         "matches the certificate (DANE)",
                                 .rfc = "tlsa-invalid",
                                 .libtlsrpt = 304},
	[RESULT_DNSSEC_INVALID] =
		{.api = "dnssecInvalid",
                 .label = "DNSSEC invalid",
                 .sentence = "DNSSEC did not validate for the domain (DANE)",
                 .rfc = "dnssec-invalid",
                 .libtlsrpt = 305},
	[RESULT_DANE_REQUIRED] = {.api = "daneRequired",
                                  .label = "DANE required",
                                  .sentence = "the sender requires DANE, but "
                                              "there are no TLSA records",
                                  .rfc = "dane-required",
                                  .libtlsrpt = 306},
};

/* A label stands behind the number of domains. */
static const struct word marks[TALLY_MARKS] = {
	[TALLY_OPEN] = {.api = "open",
                        .label = "still counting",
                        .sentence = "its sessions are still being counted, or "
                                    "the day is not yet closed"},
	[TALLY_QUEUED] = {.api = "queued",
                          .label = "with a report",
                          .sentence = "a report was made"},
	[TALLY_NO_RECORD] = {.api = "noRecord",
                             .label = "without a TLSRPT record",
                             .sentence = "no TLSRPT record was seen"},
	[TALLY_BAD_RECORD] =
		{.api = "badRecord",
                 .label = "with a malformed TLSRPT record, or several",
                 .sentence = "the record is malformed, or there is more than "
                             "one"},
	[TALLY_NO_RUA] = {.api = "noRua",
                          .label = "without a usable rua",
                          .sentence = "the record has no destination that a "
                                      "report can be sent to"},
	[TALLY_DENIED] = {.api = "denied",
                          .label = "denied by the settings",
                          .sentence = "the setting deny excludes the domain"},
	[TALLY_BY_MODE] = {.api = "byMode",
                           .label = "excluded by mode",
                           .sentence = "the setting mode excludes the day"},
	[TALLY_SELF] = {.api = "self",
                        .label = "with sessions of our own reports only",
                        .sentence =
                                "all its sessions delivered our own reports"},
	[TALLY_TOO_OLD] =
		{.api = "tooOld",
                 .label = "too old to report",
                 .sentence =
                         "the day was older than max_report_age when it was "
                         "closed"},
	[TALLY_BAD_DOMAIN] = {.api = "badDomain",
                              .label = "with a name that is not a domain",
                              .sentence = "no report can be made for the name"},
	[TALLY_LATE] = {.api = "late",
                        .label = "counted too late",
                        .sentence = "all its sessions were counted after the "
                                    "day was closed"},
	[TALLY_UNSENT] = {.api = "unsent",
                          .label = "read from an old log",
                          .sentence = "the day was read from an old log and is "
                                      "reported only on request"},
	[TALLY_UNJUDGED] = {.api = "notJudged",
                            .label = "with sessions that were not judged",
                            .sentence =
                                    "none of its sessions was judged: it is "
                                    "not known whether they met its policy"},
};

static const struct word modes[REPORT_MODES] = {
	[MODE_PREVIEW] =
		{.api = "preview",
                 .sentence =
                         "reports are made and held, not sent; check them with "
                         "`tlstally preview DOMAIN`, then set mode = all"},
	[MODE_ALL] = {.api = "all",
                      .sentence =
                              "every domain that asks for reports gets them"},
	[MODE_FAILURES_ONLY] = {.api = "failures-only",
                                .sentence = "a domain gets a report for each "
                                            "day with a failed session"},
	[MODE_OFF] = {.api = "off", .sentence = "no reports are made"},
};

static const struct word overall[OVERALL_KINDS] = {
	[OVERALL_WELL] = {.api = "well",
                          .label = "all is well",
                          .sentence = "sessions are counted, and nothing keeps "
                                      "reports from being sent",
                          .tone = "good"},
	[OVERALL_SITE] = {.api = "site",
                          .label = "trouble on this site",
                          .sentence = "something on this site keeps sessions "
                                      "from being counted, or reports from "
                                      "being sent",
                          .tone = "bad"},
	[OVERALL_RECEIVERS] = {.api = "receivers",
                               .label = "trouble at receivers",
                               .sentence = "this site is well, but receivers "
                                           "did not accept reports",
                               .tone = "warn"},
	[OVERALL_UNKNOWN] = {.api = "unknown",
                             .label = "not known",
                             .sentence = "the store could not be read",
                             .tone = "quiet"},
};

static const struct word statuses[OUTBOX_STATUSES] = {
	[OUTBOX_HELD] = {.api = "held",
                         .sentence = "not sent because of [report] mode, such "
                                     "as preview",
                         .tone = "quiet"},
	[OUTBOX_PENDING] = {.api = "pending",
                            .sentence = "waiting for its delivery time",
                            .tone = "wait"},
	[OUTBOX_SENDING] = {.api = "sending",
                            .sentence = "being delivered now",
                            .tone = "wait"},
	[OUTBOX_DEFERRED] =
		{.api = "deferred",
                 .sentence = "not delivered yet to all destinations; will be "
                             "tried again",
                 .tone = "warn"},
	[OUTBOX_IDLE] = {.api = "idle",
                         .sentence = "has no destination; nothing is sent",
                         .tone = "quiet"},
	[OUTBOX_DONE] = {.api = "done",
                         .sentence = "all destinations are settled",
                         .tone = "good"},
};

static const struct word states[DELIVERY_STATES] = {
	[DELIVERY_PENDING] = {.api = "pending",
                              .sentence = "not tried yet",
                              .tone = "wait"},
	[DELIVERY_INFLIGHT] = {.api = "inflight",
                               .label = "in flight",
                               .sentence = "being delivered now",
                               .tone = "wait"},
	[DELIVERY_DELIVERED] = {.api = "delivered",
                                .sentence = "accepted by the receiver",
                                .tone = "good"},
	[DELIVERY_DEFERRED] = {.api = "deferred",
                               .sentence = "not delivered yet; will be tried "
                                           "again",
                               .tone = "warn"},
	[DELIVERY_FAILED] = {.api = "failed",
                             .label = "refused",
                             .sentence = "refused, and not tried again",
                             .tone = "bad"},
	[DELIVERY_SUPPRESSED] =
		{.api = "suppressed",
                 .sentence = "not tried: the address is on the suppression "
                             "list",
                 .tone = "quiet"},
	[DELIVERY_EXPIRED] = {.api = "expired",
                              .label = "given up",
                              .sentence = "not delivered within the retry "
                                          "period",
                              .tone = "bad"},
	[DELIVERY_BOUNCED] = {.api = "bounced",
                              .sentence =
                                      "accepted at first, and returned later",
                              .tone = "bad"},
};

static const struct word answers[DELIVERY_EVENTS] = {
	[EVENT_ACCEPTED] = {.api = "accepted"},
	[EVENT_TEMPORARY] = {.api = "temporary"},
	[EVENT_UNCERTAIN] = {.api = "uncertain"},
	[EVENT_REFUSED] = {.api = "refused"},
	[EVENT_BAD_ADDRESS] = {.api = "bad-address"},
	[EVENT_RELEASE] = {.api = "released"},
};

static const struct word stages[DELIVERY_STAGES] = {
	[STAGE_CONNECT] = {.api = "connect"},
	[STAGE_GREETING] = {.api = "greeting"},
	[STAGE_AUTH] = {.api = "auth"},
	[STAGE_MAIL] = {.api = "mail"},
	[STAGE_RCPT] = {.api = "rcpt"},
	[STAGE_DATA] = {.api = "data"},
	[STAGE_HTTP] = {.api = "http"},
	[STAGE_LOCAL] = {.api = "local"},
};

static const struct word bounces[BOUNCE_RESULTS] = {
	[BOUNCE_UNKNOWN] = {.api = "unknown"},
	[BOUNCE_PASSED_ON] = {.api = "passed-on"},
	[BOUNCE_IGNORED] = {.api = "ignored"},
	[BOUNCE_NOTED] = {.api = "delayed"},
	[BOUNCE_MARKED] = {.api = "bounced"},
	[BOUNCE_SUPPRESSED] = {.api = "suppressed"},
};

static const struct word received_ways[RECEIVED_WAYS] = {
	[RECEIVED_BY_MAIL] = {.api = "mail", .label = "by mail"},
	[RECEIVED_BY_HTTPS] = {.api = "https", .label = "by HTTPS"},
	[RECEIVED_FROM_FILE] = {.api = "file", .label = "from a file"},
	[RECEIVED_BY_MILTER] = {.api = "milter", .label = "by the milter"},
};

static const struct word readiness[READINESS_KINDS] = {
	[READY_UNKNOWN] = {.api = "unknown",
                           .label = "not known",
                           .sentence = "what the domain publishes is not known",
                           .tone = "quiet"},
	[READY_NO] = {.api = "no",
                      .label = "no",
                      .sentence = "something is to be put right first",
                      .tone = "bad"},
	[READY_NOT_YET] = {.api = "notYet",
                           .label = "not yet",
                           .sentence = "too little is known",
                           .tone = "wait"},
	[READY_YES] = {.api = "yes",
                       .label = "yes",
                       .sentence = "nothing speaks against it",
                       .tone = "good"},
	[READY_DONE] = {.api = "enforced",
                        .label = "enforced",
                        .sentence = "the policy is enforced, and no sender is "
                                    "known to fail",
                        .tone = "good"},
	[READY_FAILING] = {.api = "failing",
                           .label = "enforced, and sessions fail",
                           .sentence = "the policy is enforced, and keeps mail "
                                       "away",
                           .tone = "bad"},
	[READY_NO_MAIL] = {.api = "noMail",
                           .label = "no mail",
                           .sentence = "the domain does not accept mail",
                           .tone = "quiet"},
};

static const struct word lookups[VIEW_STATUSES] = {
	[VIEW_UNKNOWN] = {.api = "unknown", .label = "not asked for"},
	[VIEW_NONE] = {.api = "none"},
	[VIEW_OK] = {.api = "ok"},
	[VIEW_BAD] = {.api = "bad",
                      .label = "not usable",
                      .sentence = "malformed, or more than one record"},
	[VIEW_TEMPFAIL] = {.api = "no-answer", .label = "no answer from DNS"},
	[VIEW_BOGUS] = {.api = "bogus", .label = "DNSSEC validation failed"},
	[VIEW_FETCH_ERROR] = {.api = "fetch-error",
                              .label = "the policy cannot be fetched"},
	[VIEW_WEBPKI_ERROR] =
		{.api = "certificate-error",
                 .label = "the certificate of the policy host is not valid"},
};

/* The same about the TLSA records of one host. */
static const struct word tlsa[VIEW_BOGUS + 1] = {
	[VIEW_UNKNOWN] = {.api = "unknown",
                          .label = "no answer from DNS for TLSA"},
	[VIEW_NONE] = {.api = "none", .label = "no TLSA"},
	[VIEW_OK] = {.api = "ok", .label = "TLSA"},
	[VIEW_BAD] = {.api = "bad", .label = "unusable TLSA"},
	[VIEW_TEMPFAIL] = {.api = "no-answer",
                           .label = "no answer from DNS for TLSA"},
	[VIEW_BOGUS] = {.api = "bogus", .label = "TLSA with invalid DNSSEC"},
};

static const struct word told[TOLD_KINDS] = {
	[TOLD_NONE] = {.api = "none",
                       .label = "nothing",
                       .sentence = "there is no policy: the site's own "
                                   "security level applies"},
	[TOLD_DANE] = {.api = "dane",
                       .label = "DANE",
                       .sentence = "the domain has TLSA records: Postfix is to "
                                   "verify them"},
	[TOLD_STS_ENFORCE] =
		{.api = "stsEnforce",
                 .label = "MTA-STS, enforce",
                 .sentence = "an MTA-STS policy that Postfix enforces"},
	[TOLD_STS_TESTING] =
		{.api = "stsTesting",
                 .label = "MTA-STS, testing",
                 .sentence = "an MTA-STS policy in testing mode: reported, "
                             "not enforced"},
	[TOLD_STS_FAILED] =
		{.api = "stsFailed",
                 .label = "MTA-STS, no policy",
                 .sentence = "the MTA-STS policy cannot be had, and no older "
                             "one is in force: reported, mail goes on"},
	[TOLD_TEMP] = {.api = "temp",
                       .label = "ask again later",
                       .sentence = "the policy is not known at present: mail "
                                   "is deferred"},
	[TOLD_OVERRIDE] = {.api = "override",
                           .label = "an override",
                           .sentence = "what the site's own file says"},
	[TOLD_STS_UNTOLD] =
		{.api = "stsUntold",
                 .label = "MTA-STS, not told",
                 .sentence = "an MTA-STS policy that Postfix cannot be told: "
                             "the site's own security level applies"},
};

/* RFC 8461 section 3.2 */
static const struct word sts_modes[STS_MODES] = {
	[STS_NONE] = {.api = "none"},
	[STS_TESTING] = {.api = "testing"},
	[STS_ENFORCE] = {.api = "enforce"},
};

/* As SSL_get_version(3) says it. */
static const struct word tls[INBOUND_TLS_VERSIONS] = {
	[INBOUND_CLEAR] = {.api = "clear", .label = "clear text"},
	[INBOUND_SSL3] = {.api = "SSLv3"},
	[INBOUND_TLS10] = {.api = "TLSv1.0"},
	[INBOUND_TLS11] = {.api = "TLSv1.1"},
	[INBOUND_TLS_OTHER] = {.api = "other"},
	[INBOUND_TLS12] = {.api = "TLSv1.2"},
	[INBOUND_TLS13] = {.api = "TLSv1.3"},
};

static const struct word clients[INBOUND_CLIENTS] = {
	[INBOUND_MX] = {.api = "mx", .label = "another site"},
	[INBOUND_AUTHENTICATED] = {.api = "authenticated",
                                   .label = "submitted, authenticated"},
	[INBOUND_LOCAL] = {.api = "local", .label = "submitted, local"},
	[INBOUND_FILTERED] = {.api = "filter",
                              .label = "a before-queue filter",
                              .sentence =
                                      "handed back by a before-queue filter; "
                                      "how it came in is not known"},
};

static const struct word certificates[INBOUND_CERTIFICATES] = {
	[INBOUND_CERT_NONE] = {.api = "none"},
	[INBOUND_CERT_UNVERIFIED] = {.api = "unverified"},
	[INBOUND_CERT_VERIFIED] = {.api = "verified"},
};

static const struct word bad_input[BAD_KINDS] = {
	[BAD_NONE] = {.api = "good"},
	[BAD_TRUNCATED] = {.api = "too-long"},
	[BAD_JSON] = {.api = "not-json"},
	[BAD_VERSION] = {.api = "unknown-version"},
	[BAD_MEMBER] = {.api = "wrong-member"},
	[BAD_DOMAIN] = {.api = "no-domain"},
};

static const struct word faults[FAULTS] = {
	[FAULT_NONE] = {.api = "none", .sentence = "nothing failed"},
	[FAULT_THEIRS] = {.api = "theirs",
                          .sentence = "few domains at other receivers failed "
                                      "like it, or no more than on other days, "
                                      "so the cause looks like the "
                                      "receiver's",
                          .tone = "warn"},
	[FAULT_OURS] = {.api = "ours",
                        .sentence = "many domains at other receivers failed "
                                    "like it on the same days, and not on the "
                                    "days before, so the cause looks like "
                                    "ours",
                        .tone = "bad"},
	[FAULT_UNCLEAR] = {.api = "unclear",
                           .sentence = "there are no domains at other "
                                       "receivers, or no days before, to "
                                       "compare it with, so nothing tells "
                                       "whose the cause is",
                           .tone = "warn"},
};

static const struct word feeds[FEED_STATES] = {
	[FEED_NOT_RUNNING] = {.api = "not-running",
                              .label = "not running",
                              .tone = "bad"},
	[FEED_IN_TROUBLE] = {.api = "in-trouble",
                             .label = "failing",
                             .tone = "bad"},
	[FEED_STARTING] = {.api = "starting",
                           .sentence = "it has not counted anything yet",
                           .tone = "warn"},
	[FEED_BEHIND] = {.api = "behind",
                         .sentence = "it is still counting older data",
                         .tone = "warn"},
	[FEED_EMPTY] = {.api = "empty",
                        .sentence = "nothing has been received yet",
                        .tone = "warn"},
	[FEED_QUIET] = {.api = "quiet",
                        .sentence = "nothing has been received for a day",
                        .tone = "warn"},
	[FEED_COUNTING] = {.api = "counting", .tone = "good"},
};

static const struct word hosts[HOST_STATUSES] = {
	[HOST_HERE] = {.api = "here", .tone = "good"},
	[HOST_WAITED_FOR] = {.api = "waitedFor",
                             .label = "waited for",
                             .tone = "wait"},
	[HOST_MISSING] = {.api = "missing",
                          .sentence = "reports are made without its sessions",
                          .tone = "bad"},
	[HOST_LATE] = {.api = "late",
                       .sentence = "reports were made without its sessions",
                       .tone = "warn"},
};

#define VOCABULARY(rows, other)                                                \
	{                                                                      \
#rows, rows, sizeof(rows) / sizeof((rows)[0]), other           \
	}

const struct vocabulary words_policies = VOCABULARY(policies, POLICY_OTHER);
const struct vocabulary words_results = VOCABULARY(results, RESULT_OTHER);
const struct vocabulary words_marks = VOCABULARY(marks, -1);
const struct vocabulary words_faults = VOCABULARY(faults, -1);
const struct vocabulary words_modes = VOCABULARY(modes, -1);
const struct vocabulary words_overall = VOCABULARY(overall, -1);
const struct vocabulary words_statuses = VOCABULARY(statuses, -1);
const struct vocabulary words_states = VOCABULARY(states, -1);
const struct vocabulary words_answers = VOCABULARY(answers, -1);
const struct vocabulary words_stages = VOCABULARY(stages, -1);
const struct vocabulary words_bounces = VOCABULARY(bounces, -1);
const struct vocabulary words_received_ways = VOCABULARY(received_ways, -1);
const struct vocabulary words_readiness = VOCABULARY(readiness, READY_UNKNOWN);
const struct vocabulary words_lookups = VOCABULARY(lookups, VIEW_UNKNOWN);
const struct vocabulary words_tlsa = VOCABULARY(tlsa, VIEW_UNKNOWN);
const struct vocabulary words_told = VOCABULARY(told, -1);
const struct vocabulary words_sts_modes = VOCABULARY(sts_modes, -1);
const struct vocabulary words_tls = VOCABULARY(tls, INBOUND_TLS_OTHER);
const struct vocabulary words_clients = VOCABULARY(clients, -1);
const struct vocabulary words_certificates = VOCABULARY(certificates, -1);
const struct vocabulary words_bad_input = VOCABULARY(bad_input, -1);
const struct vocabulary words_hosts = VOCABULARY(hosts, -1);
const struct vocabulary words_feeds = VOCABULARY(feeds, -1);

const struct vocabulary *words_at(int i)
{
	static const struct vocabulary *const all[] = {
		&words_policies,      &words_results,   &words_marks,
		&words_faults,        &words_modes,     &words_overall,
		&words_statuses,      &words_states,    &words_answers,
		&words_stages,        &words_bounces,   &words_lookups,
		&words_tlsa,          &words_told,      &words_sts_modes,
		&words_tls,           &words_clients,   &words_certificates,
		&words_bad_input,     &words_hosts,     &words_feeds,
		&words_received_ways, &words_readiness,
	};

	return i < (int)(sizeof(all) / sizeof(all[0])) ? all[i] : NULL;
}
