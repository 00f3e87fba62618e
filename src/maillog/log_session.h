/*
 * log_session - an SMTP session as the log alone can tell it
 *
 * Who was spoken to and how its TLS went; not yet under which policy: that is
 * what the site enforces and DNS says (judge/judge.h).  Equal sessions of a
 * day are counted together under their encoded bytes until their policy is
 * known.
 */
#ifndef TLSTALLY_MAILLOG_LOG_SESSION_H
#define TLSTALLY_MAILLOG_LOG_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "words/words.h"

/* The numbers are stored. */
enum log_outcome {
	LOG_TLS = 1,    /* a TLS session that Postfix accepted */
	LOG_PLAIN = 2,  /* no TLS, and none was asked for */
	LOG_FAILED = 3, /* TLS was wanted or tried and failed: result */
};

/* smtp_tls_security_level, or what smtp_tls_policy_maps says instead.  The
 * numbers are stored. */
enum tls_level {
	LEVEL_UNKNOWN = 0, /* the log does not tell: before Postfix 3.11 */
	LEVEL_NONE,
	LEVEL_MAY,
	LEVEL_ENCRYPT,
	LEVEL_FINGERPRINT,
	LEVEL_HALF_DANE,
	LEVEL_DANE,
	LEVEL_DANE_ONLY,
	LEVEL_VERIFY,
	LEVEL_SECURE,
	TLS_LEVELS
};

/* Reasons that the log's reader and the judge both give, in the words of
 * Postfix 3.10; the last is that of other senders. */
#define REASON_HANDSHAKE "tls-handshake-failure"
#define REASON_TLSA_UNUSABLE "all-TLSA-records-unusable"
#define REASON_MX_MISMATCH "mtasts-policy-mx-mismatch"

/* Who chose the host that was spoken to (maillog/log_site.h).  The numbers are
 * stored. */
enum log_route {
	ROUTE_DOMAIN = 0, /* the domain: this site sends to MX hosts alone */
	ROUTE_OPEN = 1,   /* the domain if it is an MX of it, else this site */
	ROUTE_SITE = 2,   /* this site: a next hop of its own */
	ROUTE_MOVED = 3,  /* as before, and `domain` is or was above the next
	                     hop: judge/apply looks for who asks for reports */
	LOG_ROUTES
};

/* What the smtp(8) of the session holds others to, when it is known.  The
 * numbers are stored. */
enum {
	ENFORCES_KNOWN = 1,
	ENFORCES_DANE = 2,
	ENFORCES_DANE_BY_MAP = 4, /* where smtp_tls_policy_maps says so */
	ENFORCES_STS = 8,
	/* no CA certificates (smtp_tls_CAfile, smtp_tls_CApath): every one is
	 * called "Untrusted", which then says nothing */
	ENFORCES_NO_CAS = 16,
	/* a certificate that is verified, of everybody: level verify, secure */
	ENFORCES_CERTIFICATE = 32,
	ENFORCES_ALL = 63,
};

/* Did Postfix send an event about the session, too (FACT_EVENT_SENT)? */
enum log_event { LOG_EVENT_NONE, LOG_EVENT_SUCCESS, LOG_EVENT_FAILURE };

struct log_session {
	const char
		*domain; /* canonical, or as session/session keeps odd ones */
	const char *mx_host; /* NULL: not known */
	const char *ip;      /* of the MX; NULL */
	enum log_outcome outcome;
	enum result_type result; /* LOG_FAILED */
	const char *reason;      /* failure-reason-code; NULL */
	bool untrusted; /* LOG_TLS: certificate not verified (level may) */
	/*
	 * LOG_TLS: what the log saw go wrong with the certificate though the
	 * session went on: a testing policy fails by it.  LOG_FAILED: Postfix
	 * said that `result` is why; without it the result is concluded from
	 * whether the chain was trusted.
	 */
	bool has_complaint;
	enum result_type complaint;
	const char *complaint_reason;
	bool tlsa_unusable; /* Postfix said so */
	bool verified;      /* LOG_TLS: by name or by TLSA records */
	bool no_match;      /* no TLSA record or fingerprint matched (num=65) */
	enum tls_level level;
	enum log_route route;
	const char *hop;    /* not ROUTE_DOMAIN: the next hop, where its name is
	                       known; canonical */
	bool hop_is_domain; /* its MX records were asked for, or may have been
	                     */
	bool other_port;    /* than 25 */
	unsigned enforces;
	enum log_event event; /* not encoded */
};

/*
 * A session with a next hop of this site counts for the next hop's domain: the
 * next hop's name (or the host's, where no other is known) or the first above
 * it that asks for reports.
 *
 * leave() takes it from the recipient's domain to that name; a next hop within
 * the domain is its own, and there it stays.  climb() takes it one label up;
 * false at the last but one, and then it is nobody's.  Of names that are long
 * only the last five labels are tried, after the whole.
 */
void log_session_leave(struct log_session *session);
bool log_session_climb(struct log_session *session);

void log_session_encode(const struct log_session *session, struct strbuf *out);
int log_session_decode(const void *data, size_t len, struct arena *arena,
                       struct log_session *session, struct err *err);

#endif
