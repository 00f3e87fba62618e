/*
 * words - what people and programs call each thing
 *
 * An enum here is a thing that somebody outside sees: in a report, in the API,
 * in a table, in a manual.  words/words.c has one row for each number, and the
 * rest takes its words from there: reports, API, filters, completion, the
 * command line, the web page (/vocabulary.js), the manuals
 * (tests/lint/words.sh).
 *
 * The numbers of most are what the store holds: never change one.
 */
#ifndef TLSTALLY_WORDS_WORDS_H
#define TLSTALLY_WORDS_WORDS_H

#include "words/vocabulary.h"

enum policy_type {
	POLICY_NONE = 0,
	POLICY_TLSA = 1,
	POLICY_STS = 2,
	POLICY_OTHER = 3, /* the API's; sent as no-policy-found */
	POLICY_TYPES
};

enum result_type {
	RESULT_OTHER = 0, /* the API's; sent as validation-failure */
	RESULT_STARTTLS_NOT_SUPPORTED = 1,
	RESULT_CERTIFICATE_HOST_MISMATCH = 2,
	RESULT_CERTIFICATE_NOT_TRUSTED = 3,
	RESULT_CERTIFICATE_EXPIRED = 4,
	RESULT_VALIDATION_FAILURE = 5,
	RESULT_STS_POLICY_FETCH_ERROR = 6,
	RESULT_STS_POLICY_INVALID = 7,
	RESULT_STS_WEBPKI_INVALID = 8,
	RESULT_TLSA_INVALID = 9,
	RESULT_DNSSEC_INVALID = 10,
	RESULT_DANE_REQUIRED = 11,
	RESULT_TYPES
};

/* What the rollup did with a domain's day. */
enum tally_mark {
	TALLY_OPEN = 0,
	TALLY_QUEUED = 1, /* a report is, or was, in the outbox */
	TALLY_NO_RECORD = 2,
	TALLY_BAD_RECORD = 3,
	TALLY_NO_RUA = 4,
	TALLY_DENIED = 5,
	TALLY_BY_MODE = 6, /* mode off, or failures-only and none */
	TALLY_SELF = 7,
	TALLY_TOO_OLD = 8,
	TALLY_BAD_DOMAIN = 9,
	TALLY_LATE = 10,
	TALLY_UNSENT = 11,   /* read from an old log: never sent unasked */
	TALLY_UNJUDGED = 12, /* of no session is known whether it met a policy
	                      */
	TALLY_MARKS
};

/* Whose fault the failures of a domain look like; not stored. */
enum fault {
	FAULT_NONE,    /* nothing failed */
	FAULT_THEIRS,  /* the domain's, or that of who receives its mail */
	FAULT_OURS,    /* ours: others failed like it, and not usually */
	FAULT_UNCLEAR, /* there was nothing to compare it with */
	FAULTS
};

/* The setting; not stored. */
enum report_mode {
	MODE_PREVIEW,
	MODE_ALL,
	MODE_FAILURES_ONLY,
	MODE_OFF,
	REPORT_MODES
};

/* How it goes in all; not stored. */
enum overall {
	OVERALL_WELL,
	OVERALL_SITE,      /* something here is to be put right */
	OVERALL_RECEIVERS, /* those who get reports do not take them */
	OVERALL_UNKNOWN,
	OVERALL_KINDS
};

/* Of a report. */
enum outbox_status {
	OUTBOX_HELD = 0,
	OUTBOX_PENDING = 1,
	OUTBOX_SENDING = 2, /* a destination is in flight */
	OUTBOX_DEFERRED = 3,
	OUTBOX_IDLE = 4, /* no destinations: stays until destroyed */
	OUTBOX_DONE = 5, /* archive only: all destinations final */
	OUTBOX_STATUSES
};

/* Of one destination of a report (reply/delivery_state.h). */
enum delivery_state {
	DELIVERY_PENDING = 0,
	DELIVERY_INFLIGHT = 1,
	DELIVERY_DELIVERED = 2,
	DELIVERY_DEFERRED = 3,
	DELIVERY_FAILED = 4,
	DELIVERY_SUPPRESSED = 5,
	DELIVERY_EXPIRED = 6,
	DELIVERY_BOUNCED = 7, /* accepted, and sent back later */
	DELIVERY_STATES
};

/* What happens to it.  Only what can come of an attempt has a word, which
 * stands in the names of counters. */
enum delivery_event {
	EVENT_CLAIM,         /* a run takes it */
	EVENT_LEASE_LOST,    /* the lease of the run that had it expired */
	EVENT_ACCEPTED,      /* the receiver has it */
	EVENT_TEMPORARY,     /* not now */
	EVENT_UNCERTAIN,     /* the answer was lost */
	EVENT_REFUSED,       /* never */
	EVENT_BAD_ADDRESS,   /* the address itself was refused */
	EVENT_IS_SUPPRESSED, /* it stands on the suppression list */
	EVENT_TOO_OLD,       /* the retry period is over */
	EVENT_RELEASE,       /* a run gives it back untouched */
	EVENT_BOUNCED,       /* a bounce came back for it */
	EVENT_RESCHEDULE,    /* the operator, or a change of the report */
	DELIVERY_EVENTS
};

/* Where in the dialogue an answer came: only an answer to RCPT says something
 * about the address. */
enum delivery_stage {
	STAGE_CONNECT,
	STAGE_GREETING, /* banner, EHLO, STARTTLS */
	STAGE_AUTH,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA, /* DATA, its body and the answer to it */
	STAGE_HTTP,
	STAGE_LOCAL, /* the sendmail program, the directory, ourselves */
	DELIVERY_STAGES
};

/* What a bounce did; not stored. */
enum bounce_result {
	BOUNCE_UNKNOWN,    /* no delivery has that token (any more) */
	BOUNCE_PASSED_ON,  /* perhaps to another host of the fleet */
	BOUNCE_IGNORED,    /* nothing in it is about our recipient */
	BOUNCE_NOTED,      /* delayed */
	BOUNCE_MARKED,     /* permanent, the address stays */
	BOUNCE_SUPPRESSED, /* permanent, and the address is dead */
	BOUNCE_RESULTS
};

/* What came of asking for one thing that a domain may publish. */
enum view_status {
	VIEW_UNKNOWN = 0, /* never asked */
	VIEW_NONE = 1,    /* there is none, says DNS */
	VIEW_OK = 2,
	VIEW_BAD = 3,      /* there is one, and it is malformed, or several */
	VIEW_TEMPFAIL = 4, /* no answer: SERVFAIL, timeout */
	VIEW_BOGUS = 5,    /* DNSSEC validation failed (SERVFAIL with CD ok) */
	VIEW_FETCH_ERROR = 6,  /* STS: no HTTPS, not 200, too late, too long */
	VIEW_WEBPKI_ERROR = 7, /* STS: the policy host's certificate */
	VIEW_STATUSES
};

/* What Postfix is told of a domain's policy when it asks for it. */
enum told_kind {
	TOLD_NONE = 0, /* nothing: the site's own level stands */
	TOLD_DANE = 1,
	TOLD_STS_ENFORCE = 2,
	TOLD_STS_TESTING = 3, /* to be reported, not enforced */
	TOLD_STS_FAILED = 4,  /* there is a policy, it cannot be had, and none
	                         is in force */
	TOLD_TEMP = 5,        /* to ask again later: mail is deferred */
	TOLD_OVERRIDE = 6,    /* what the site set for the domain */
	TOLD_STS_UNTOLD = 7,  /* nothing, though there is a policy */
	TOLD_KINDS
};

/* Of an MTA-STS policy. */
enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE, STS_MODES };

/* By what a message came in, from bad to good. */
enum inbound_tls {
	INBOUND_CLEAR = 0,
	INBOUND_SSL3 = 1,
	INBOUND_TLS10 = 2,
	INBOUND_TLS11 = 3,
	INBOUND_TLS_OTHER = 4, /* a version that we do not know */
	INBOUND_TLS12 = 5,
	INBOUND_TLS13 = 6,
	INBOUND_TLS_VERSIONS
};

/* Who handed it in.  Only INBOUND_MX says something about other sites. */
enum inbound_client {
	INBOUND_MX = 0,
	INBOUND_AUTHENTICATED = 1, /* {auth_type}, {auth_authen} */
	INBOUND_LOCAL = 2,         /* this host: its addresses, sendmail(1) */
	INBOUND_FILTERED = 3, /* a before-queue filter, for whom is not seen:
	                         inmail/milter_sight.h */
	INBOUND_CLIENTS
};

enum inbound_certificate {
	INBOUND_CERT_NONE = 0,
	INBOUND_CERT_UNVERIFIED = 1,
	INBOUND_CERT_VERIFIED = 2,
	INBOUND_CERTIFICATES
};

/* How a report of others came to us. */
enum received_way {
	RECEIVED_BY_MAIL = 0,
	RECEIVED_BY_HTTPS = 1,
	RECEIVED_FROM_FILE = 2, /* a person gave it */
	RECEIVED_BY_MILTER = 3, /* in a mail that the milter saw */
	RECEIVED_WAYS
};

/* Can a domain of ours ask for an MTA-STS policy to be enforced?  Not stored.
 */
enum readiness {
	READY_UNKNOWN,
	READY_NO,
	READY_NOT_YET,
	READY_YES,
	READY_DONE,
	READY_FAILING, /* it is enforced */
	READY_NO_MAIL,
	READINESS_KINDS
};

/* Why a datagram was not counted; counted by kind. */
enum bad_input {
	BAD_NONE,
	BAD_TRUNCATED, /* longer than DATAGRAM_MAX */
	BAD_JSON,      /* no JSON object */
	BAD_VERSION,   /* a dpv that we do not know */
	BAD_MEMBER,    /* a member is missing or of the wrong type */
	BAD_DOMAIN,    /* no domain in it */
	BAD_KINDS
};

/* Of another host, whose day the reporting one wants; not stored. */
enum host_status {
	HOST_HERE,
	HOST_WAITED_FOR,
	HOST_MISSING, /* reports are made without it */
	HOST_LATE,    /* reports were */
	HOST_STATUSES
};

extern const struct vocabulary words_policies, words_results, words_marks,
	words_faults, words_modes, words_overall, words_statuses, words_states,
	words_answers, words_stages, words_bounces, words_lookups, words_tlsa,
	words_told, words_sts_modes, words_tls, words_clients,
	words_certificates, words_received_ways, words_readiness,
	words_bad_input, words_hosts, words_feeds; /* words/feed.h */

/* All of them; NULL past the last. */
const struct vocabulary *words_at(int i);

#endif
