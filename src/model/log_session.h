/*
 * log_session - an SMTP session as the log alone can tell it
 *
 * Who was spoken to and how its TLS went; not yet under which policy: that is
 * what the site enforces and DNS says (model/judge.h).  Equal sessions of a
 * day are counted together under their encoded bytes until their policy is
 * known.
 */
#ifndef TLSTALLY_MODEL_LOG_SESSION_H
#define TLSTALLY_MODEL_LOG_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "model/names.h"

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

struct log_session {
	const char *domain;  /* canonical, or as model/session keeps odd ones */
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
	enum tls_level level;
};

void log_session_encode(const struct log_session *session, struct strbuf *out);
int log_session_decode(const void *data, size_t len, struct arena *arena,
                       struct log_session *session, struct err *err);

#endif
