/*
 * How a connection ended, in the words of a report.
 */
#include "maillog/tracked.h"

/* Result types and reasons as Postfix 3.10 reports the same itself, where it
 * does (smtp_proto.c, tls_client.c). */
static const struct {
	enum log_outcome outcome;
	enum result_type result;
	const char *reason;
} endings[ENDINGS] = {
	[ENDING_TLS] = {LOG_TLS, 0, NULL},
	[ENDING_PLAIN] = {LOG_PLAIN, 0, NULL},
	[ENDING_NO_STARTTLS] = {LOG_FAILED, RESULT_STARTTLS_NOT_SUPPORTED,
                                NULL},
	[ENDING_HANDSHAKE] = {LOG_FAILED, RESULT_VALIDATION_FAILURE,
                              REASON_HANDSHAKE},
	[ENDING_NOT_VERIFIED] = {LOG_FAILED, RESULT_CERTIFICATE_NOT_TRUSTED,
                                 NULL},
	[ENDING_NOT_TRUSTED] = {LOG_FAILED, RESULT_CERTIFICATE_NOT_TRUSTED,
                                NULL},
	[ENDING_TLSA_UNUSABLE] = {LOG_FAILED, RESULT_TLSA_INVALID,
                                  REASON_TLSA_UNUSABLE},
	[ENDING_TLSA_ERROR] = {LOG_FAILED, RESULT_DNSSEC_INVALID, NULL},
	[ENDING_NO_TLSA] = {LOG_FAILED, RESULT_DANE_REQUIRED, NULL},
	[ENDING_MX_MISMATCH] = {LOG_FAILED, RESULT_VALIDATION_FAILURE,
                                REASON_MX_MISMATCH},
};

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static void fill_complaint(const struct tracked_conn *conn,
                           struct log_session *session)
{
	session->has_complaint = conn->has_complaint;
	if (!conn->has_complaint)
		return;
	session->complaint = conn->complaint;
	session->complaint_reason = or_null(conn->complaint_reason);
}

/*
 * The complaint of before says why; without one (a resumed session, Postfix up
 * to 3.5) Postfix decides by the chain alone.  Those versions complain of the
 * chain also where TLSA records decided, and of these they say nothing.
 */
static void fill_not_verified(const struct tracked_conn *conn,
                              enum tracked_ending ending,
                              struct log_session *session)
{
	if (conn->has_complaint) {
		session->result = conn->complaint;
		session->reason = or_null(conn->complaint_reason);
	} else if (conn->up && conn->trust >= TRUST_TRUSTED) {
		session->result = RESULT_CERTIFICATE_HOST_MISMATCH;
	}
	if (ending == ENDING_NOT_VERIFIED)
		fill_complaint(conn, session);
}

struct log_session tracked_session(const struct tracked_conn *conn,
                                   enum tracked_ending ending,
                                   const char *domain)
{
	struct log_session session = {
		.domain = domain,
		.mx_host = or_null(conn->peer.host),
		.ip = or_null(conn->peer.ip),
		.outcome = endings[ending].outcome,
		.result = endings[ending].result,
		.reason = endings[ending].reason,
		.event = conn->event,
	};

	session.no_match = conn->no_match;
	if (ending == ENDING_NOT_VERIFIED || ending == ENDING_NOT_TRUSTED)
		fill_not_verified(conn, ending, &session);
	if (session.outcome != LOG_TLS)
		return session;
	session.untrusted = conn->up && conn->trust < TRUST_TRUSTED;
	session.verified = conn->up && conn->trust == TRUST_VERIFIED;
	session.tlsa_unusable = conn->tlsa_unusable;
	fill_complaint(conn, &session);
	return session;
}
